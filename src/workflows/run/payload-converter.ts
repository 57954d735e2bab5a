/**
 * How payloads become values in the sandbox: as the SDK does it, except that nothing a caller sent is thrown at. An
 * error there fails the workflow task, and every further try of it: one signal with an argument that can't be read would
 * hold up a run, and the deletion that it watches, for ever.
 */
import type { SerializationContext } from '@temporalio/common';
import type { Payload, PayloadConverter } from '@temporalio/workflow';
import { defaultPayloadConverter } from '@temporalio/workflow';

/** Stands for a value that can't be read; handed on as it came. Nothing is imported here: every run loads its modules anew. */
export class Unreadable {
  constructor(
    readonly problem: string,
    readonly payload: Payload,
  ) {}
}

/** The bundler is told of this file, and finds it by this name. */
export const payloadConverter: PayloadConverter = {
  toPayload: (value) =>
    value instanceof Unreadable ? value.payload : defaultPayloadConverter.toPayload(value),

  fromPayload<T>(payload: Payload, context?: SerializationContext): T {
    try {
      return defaultPayloadConverter.fromPayload<T>(payload);
    } catch (error) {
      // An activity's answer comes from a worker of ours: a defect there, which a repaired one mends.
      if (context?.type !== 'workflow') throw error;
      const why = error instanceof Error ? error.message : 'no reason given';
      return new Unreadable(`can't be read: ${why}; send plain JSON (encoding json/plain)`, payload) as T;
    }
  },
};
