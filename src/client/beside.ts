/** What an end of a run can't tell by itself: what other runs on the server have done, or have left at work. */
import { MEMO } from '../contract';
import type { Temporal } from './connect';
import type { OpenSubmission } from './ending';
import { asOpen } from './ending';
import { NoRun, NothingToRestore } from './errors';
import { findRun } from './find';
import { findSource } from './source';

/** The last real run on the server: it is open, or nobody has seen the end of what it had sent. */
export type Before =
  { kind: 'open'; runId: string } | { kind: 'unfinished'; runId: string; open: OpenSubmission };

/** `null`: nothing of an earlier run is at work. Throws errors of the client. */
export async function readBefore(temporal: Temporal, serverId: string): Promise<Before | null> {
  try {
    const { open, runId, description } = await findRun(temporal, serverId);
    if (open) return { kind: 'open', runId };
    const submission = asOpen(description.memo?.[MEMO.open]);
    return submission === null ? null : { kind: 'unfinished', runId, open: submission };
  } catch (error) {
    if (error instanceof NoRun) return null;
    throw error;
  }
}

/** The closed run on the server that has taken all these NICs off, or may have; `null`: none is known. Throws errors of the client. */
export async function takenOffBy(
  temporal: Temporal,
  serverId: string,
  nicIds: readonly string[],
): Promise<string | null> {
  try {
    const { runId, nics } = await findSource(temporal, serverId, nicIds, true);
    return nics === nicIds.length ? runId : null;
  } catch (error) {
    if (error instanceof NothingToRestore) return null;
    throw error;
  }
}
