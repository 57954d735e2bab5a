import type { Operation } from '../wire/operations';

export interface Observer {
  /** A set was answered. @param things that it asked for */
  size(operation: Operation, things: number): void;
  /** An answer fell short, so that things had to be read alone. */
  fallback(operation: Operation): void;
}
