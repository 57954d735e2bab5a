/**
 * Converts payloads in the workflow sandbox as the SDK does, but does not throw at a value that a caller sent. An error
 * here fails the workflow task at every attempt: one signal with an unreadable argument would block the run, and the
 * deletion that it observes, for ever.
 */
import type { SerializationContext } from '@temporalio/common';
import type { Payload, PayloadConverter } from '@temporalio/workflow';
import { defaultPayloadConverter } from '@temporalio/workflow';

/**
 * Stands for a value that can't be read, and is handed on as it came. This file imports no module of the project: every
 * run loads its modules anew.
 */
export class Unreadable {
  constructor(
    readonly problem: string,
    readonly payload: Payload,
  ) {}
}

/** The SDK's bundler imports this file and expects this name. */
export const payloadConverter: PayloadConverter = {
  toPayload: (value) =>
    value instanceof Unreadable ? value.payload : defaultPayloadConverter.toPayload(value),

  fromPayload<T>(payload: Payload, context?: SerializationContext): T {
    try {
      return defaultPayloadConverter.fromPayload<T>(payload);
    } catch (error) {
      // The answer of an activity comes from a worker of this project: a defect, which a repaired worker removes.
      if (context?.type !== 'workflow') throw error;
      const why = error instanceof Error ? error.message : 'no reason given';
      return new Unreadable(`can't be read: ${why}; send plain JSON (encoding json/plain)`, payload) as T;
    }
  },
};
