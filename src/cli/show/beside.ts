/** What other runs on the server have to do with the end of this one. No IO. */
import type { Before } from '../../client/beside';
import { clean, plural } from '../format';
import { utcText } from './wording';

export interface Beside {
  /** Of a dry run alone. */
  before: Before | null;
  /** The run that has taken off NICs of which there is no port any more. */
  takenOffBy: string | null;
}

export const NOTHING_BESIDE: Beside = { before: null, takenOffBy: null };

/** Why what a plan has seen is not all; `null`: nothing else is at work. */
export function beforeText(before: Before | null): string | null {
  if (before === null) return null;
  const { runId } = before;
  if (before.kind === 'open')
    return `Run ${runId} is open on this server: a different request is refused until it has ended.`;
  const { nics, since, jobId } = before.open;
  const when = since === null ? '' : ` at ${utcText(since)}`;
  const what = jobId === null ? 'what came of it' : `its job ${clean(jobId)} end`;
  return (
    `Run ${runId} has sent a request for ${plural(nics.length, 'NIC')} of this server${when}, and nobody has seen ${what}: ` +
    'what is there now may still change. The next run waits for it.'
  );
}

/** The same for programs. */
export function besideDocument({ before, takenOffBy }: Beside): object {
  return { ...(before === null ? {} : { before }), ...(takenOffBy === null ? {} : { takenOffBy }) };
}
