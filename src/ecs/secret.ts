import { inspect } from 'node:util';
import { invisibleIn } from '../contract/text';

/** Characters that a secret may have: it goes into an HTTP header, or (a password) into the body of a request. */
const USABLE = {
  header: { pattern: /^[\x21-\x7e]+$/, not: 'contains spaces or characters that no HTTP header can hold' },
  text: { pattern: /^\P{Cc}+$/u, not: 'contains control characters' },
};

/** A value that can be used, but not shown by accident: neither as text, nor in JSON, nor in a log or debugger dump. */
export class Secret {
  readonly #value: string;

  /**
   * @param name its name in an error, such as the name of its variable
   * @throws Error when the value is empty or not allowed in its place (a line break from a file, for example)
   */
  constructor(name: string, value: string, place: keyof typeof USABLE = 'header') {
    const { pattern, not } = USABLE[place];
    if (!pattern.test(value)) throw new Error(`${name} is empty, or ${not}${invisibleIn(value)}`);
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

/** Shorter values are no secrets, and their removal would make a text unreadable. */
const SHORTEST = 4;

/** Removes quoted secrets from a foreign text, also in their JSON form. */
export function censor(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length >= SHORTEST)
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
    .sort((a, b) => b.length - a.length) // if one secret contains another, the longer one is replaced first
    .reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text);
}
