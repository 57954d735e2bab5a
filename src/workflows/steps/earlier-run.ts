/** What an earlier run has left, for the runs that go on from there: a restore, or a release. */
import type { ReadRunResult } from '../../activities/agreement';
import type { CheckedNics } from '../../contract/earlier-run';
import { FAILURE_TYPE } from '../../contract/names';
import type { SavedNic } from '../../contract/saved-result';
import { readSavedResult } from '../../contract/saved-result';
import type { NicRow } from '../../contract/types';
import { read } from '../run/activity-calls';
import { askBeforeSending } from '../run/ask';
import { label } from '../run/details';
import type { Request, Run } from '../run/run';
import { RunEnd } from '../run/run-end';
import { blankRow } from '../run/state/rows';

/**
 * From the document in the request, or from the run that the request names.
 * @returns `heldBy`: the open decommission run whose undo window decides about the ports
 */
export async function savedNics(
  run: Run<Request & CheckedNics>,
): Promise<{ nics: SavedNic[]; heldBy: string | null }> {
  const { from, serverId } = run.request;
  if (from.kind === 'document') return { nics: from.nics, heldBy: null };
  const { workflowId, runId } = from;
  const summary = label(`the result of run ${runId}`);
  const {
    document,
    why,
    heldBy = null,
  } = await askBeforeSending<ReadRunResult>(run, () => read(run, 'readRun', summary, { workflowId, runId }));
  if (document === null) throw refused([why ?? `run ${runId} has no result`]);
  const { problems, nics } = readSavedResult(document, serverId);
  if (problems.length > 0) throw refused(problems.map((problem) => `the result of run ${runId} ${problem}`));
  return { nics, heldBy };
}

export function rowsOf(nics: readonly SavedNic[]): NicRow[] {
  return nics.map(({ id, snapshot }) => ({
    ...blankRow(id),
    ip: snapshot.fixedIps[0]?.ip ?? null,
    mac: snapshot.mac,
    elasticIp: snapshot.elasticIp,
    snapshot,
  }));
}

export function refused(problems: string[]): RunEnd {
  return RunEnd.failed(FAILURE_TYPE.refused, `nothing was changed: ${problems.join('; ')}`);
}
