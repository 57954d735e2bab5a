/** Who asked for a run, and why, as its request says. */
import { DELETE_OPTIONS } from './options';
import { bounded } from './text';
import { isRecord } from './values';

export interface Asker {
  /** `null`: the request does not say. */
  requestedBy: string | null;
  reason: string | null;
}

/** Reads an input of any shape, also one that the check refuses: who sent it is worth knowing then, too. Never throws. */
export function askerOf(input: unknown): Asker {
  const { requestedBy, reason } = isRecord(input) ? input : {};
  return {
    requestedBy: textOf(requestedBy, DELETE_OPTIONS.requestedBy.max),
    reason: textOf(reason, DELETE_OPTIONS.reason.max),
  };
}

function textOf(value: unknown, max: number): string | null {
  return typeof value === 'string' && value.trim() !== '' ? bounded(value, max) : null;
}
