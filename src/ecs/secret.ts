import { inspect } from 'node:util';

/** What a secret must be made of: it stands in an HTTP header, or in the body of a request (a password). */
const USABLE = {
  header: { pattern: /^[\x21-\x7e]+$/, not: 'contains spaces or characters that no HTTP header can hold' },
  text: { pattern: /^\P{Cc}+$/u, not: 'contains control characters' },
};

/** A value that can be used, but not shown by accident: neither as text, nor in JSON, nor in a log or debugger dump. */
export class Secret {
  readonly #value: string;

  /**
   * @param name what to call it in an error, such as the name of its variable
   * @throws Error when the value is empty or cannot stand where it is needed (a line break from a file, say)
   */
  constructor(name: string, value: string, place: keyof typeof USABLE = 'header') {
    const { pattern, not } = USABLE[place];
    if (!pattern.test(value)) throw new Error(`${name} is empty, or ${not}`);
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

/** Shorter values are no secrets, and would tear a text to pieces. */
const SHORTEST = 4;

/** A foreign text without the secrets that it quotes, also where they are quoted as JSON. */
export function censor(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length >= SHORTEST)
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
    .sort((a, b) => b.length - a.length) // of two that contain each other the longer first
    .reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text);
}
