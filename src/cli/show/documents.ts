/** The JSON document of a command about a run: which run, what is known of it, and what went wrong. */
import type { ResultDocument } from '../../contract';
import type { Ending } from '../../client/ending';
import type { RunRef } from '../link';

/** For a run that continues. */
export function openDocument(run: RunRef, document: ResultDocument | null): object {
  return { ...run, ...document };
}

export function endDocument(run: RunRef, ending: Ending): object {
  const document = ending.document ?? (ending.kind === 'cancelled' ? ending.totals : null) ?? {};
  const failure =
    ending.kind === 'failed' || ending.kind === 'ended-from-outside'
      ? { failure: { type: ending.type, message: ending.message } }
      : {};
  const open = ending.kind === 'ended-from-outside' && ending.open !== null ? { open: ending.open } : {};
  return { ...run, ...document, ...open, ...failure };
}
