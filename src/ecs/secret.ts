import { inspect } from 'node:util';

/** A value that can be used, but not shown by accident: neither as text, nor in JSON, nor in a log or debugger dump. */
export class Secret {
  readonly #value: string;

  /**
   * @param name what to call it in an error, such as the name of its variable
   * @throws Error when the value is empty or cannot stand in an HTTP header (a line break from a file, say)
   */
  constructor(name: string, value: string) {
    if (!/^[\x21-\x7e]+$/.test(value)) {
      throw new Error(`${name} is empty, or contains spaces or characters that no HTTP header can hold`);
    }
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
