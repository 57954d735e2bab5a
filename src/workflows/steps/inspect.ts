/** Before anything changes: is the request valid, may the run touch these NICs, is the server ready? */
import { upsertMemo, workflowInfo } from '@temporalio/workflow';
import type { Inspection, InspectedNic, ServerState } from '../../activities/agreement';
import { LEFT_ALONE } from '../../contract/decommission/names';
import { HOUR_MS } from '../../contract/input';
import { formatDuration, formatTime } from '../../contract/duration';
import { FAILURE_TYPE, MEMO, OPEN_SETTLED, planWorkflowId, serverWorkflowId } from '../../contract/names';
import type { NicRow, NicSnapshot } from '../../contract/types';
import { read } from '../run/activity-calls';
import { askBeforeSending, waitForServer } from '../run/ask';
import { label, nics as countOf, plain } from '../run/details';
import { RunEnd } from '../run/run-end';
import type { Assessment } from '../policy/guards';
import { assess, elasticIpsUntold } from '../policy/guards';
import type { Deletion } from '../run/kinds';
import { hold } from '../run/kinds';
import type { Request, Run } from '../run/run';
import { tellStart } from '../run/tell';
import { learnLongJob } from '../run/state/job';
import { blankRow } from '../run/state/rows';
import { watch } from '../run/state/seen';
import { markDoubtful } from '../run/state/sent';
import { gradeOf, isLogged, promisesUndo } from '../policy/undo-log';
import { awaitLists, settlePrevious } from './previous-run';

/** Checks input and circumstances of the start, before any call to the cloud. Throws all problems in one message. */
export function checkStart(run: Run, windowMs: number): void {
  const problems = [
    ...run.problems,
    ...startProblems(run.problems.length === 0 ? run.request : null, windowMs),
  ];
  tellStart(run);
  if (problems.length === 0) return;
  throw RunEnd.failed(
    FAILURE_TYPE.invalidInput,
    `${problems.length === 1 ? 'one problem' : `${problems.length} problems`} with the request: ${problems.join('; ')}`,
  );
}

function startProblems(request: Request | null, windowMs: number): string[] {
  if (request === null) return [];
  const info = workflowInfo();
  const problems: string[] = [];
  const lockId = serverWorkflowId(request.serverId);
  const planId = planWorkflowId(request.serverId);
  if (info.workflowId !== lockId && !(request.dryRun && info.workflowId === planId)) {
    const lock = `${lockId} (it is the lock of the server)`;
    problems.push(
      `the workflow id must be ${request.dryRun ? `${planId} or ${lock}` : lock}, not ${plain(info.workflowId)}` +
        (info.workflowId === planId ? ' (only a dry run needs no lock)' : ''),
    );
  }
  if (info.cronSchedule) {
    problems.push(
      'a cron schedule: a run must not repeat itself; leave it out, and terminate this workflow, ' +
        'or the schedule starts it again and again, and each run is refused',
    );
  }
  const neededMs = request.deadlineMs + windowMs + HOUR_MS;
  for (const [name, ms] of [
    ['an execution', info.executionTimeoutMs],
    ['a run', info.runTimeoutMs],
  ] as const) {
    if (ms !== undefined && ms > 0 && ms < neededMs) {
      problems.push(
        `${name} time-out of ${formatDuration(ms)}: shorter than deadline + undo window + 1 hour` +
          ` (${formatDuration(neededMs)}); leave it out or raise it`,
      );
    }
  }
  return problems;
}

/** Inspects until the server is ready or there is nothing to do, or ends the run. */
export async function inspect(run: Deletion): Promise<void> {
  const { nics } = run.request;
  for (let look = 1; ; look++) {
    run.endIfUndone();
    if (run.stopping) return;
    run.enter(look === 1 ? 'inspecting' : 'waiting', run.document.waitingFor);
    const what = nics === 'all' ? 'all NICs but the primary one' : countOf(nics.length);
    const named = nics === 'all' ? (run.state.seen.all ?? []) : nics.map(({ id }) => id);
    const inspection = await inspectOnce(run, named, `${what} to delete`);
    const judged = assess(run.request, inspection, run.state.seen.all);
    // An incomplete list must not remove what is known of a NIC that the run has changed.
    const complete = inspection.nics.some(({ id }) => id === judged.primaryId);
    if (complete && nics === 'all') run.state.seen.all ??= judged.targets.map(({ id }) => id);
    if (complete || run.state.undo.log.length === 0) recordInspection(run, inspection, judged);
    else if (inspection.server === null) describeVanished(run);
    if (judged.violations.length > 0) {
      markRefused(run, judged);
      throw RunEnd.failed(FAILURE_TYPE.refused, `nothing was changed: ${judged.violations.join('; ')}`);
    }
    if (run.request.dryRun) {
      if (judged.passing !== null) run.warn(`a real run would wait: ${judged.passing}`);
      return;
    }
    const anythingToDo = judged.targets.length > 0 || mayComeBack(run, judged.absent);
    if (await ready(run, judged.passing, anythingToDo, inspection.server)) return;
  }
}

/** For callers that tell one refusal from another without reading sentences. */
function markRefused({ document }: Deletion, { drifted, protection }: Assessment): void {
  for (const row of document.nics) {
    if (protection !== null) row.errorCode = LEFT_ALONE.protected;
    else if (drifted.includes(row.id)) row.errorCode = LEFT_ALONE.drifted;
  }
}

/**
 * A run before this one has left open what it sent for a NIC that is off the server and whose port is free: perhaps a job
 * that attaches it. Runs that began before this rule did not wait for it. Their commands must stay the same.
 */
function mayComeBack(run: Run, absent: Inspection['absent']): boolean {
  const { open: previous } = run.state.before;
  if (!run.knowsPlace || previous === null || previous === 'settled') return false;
  return absent.some(({ id, port }) => port.state !== 'absent' && previous.nics.includes(id));
}

/** `false`: the run had to wait for something, and has to look again. */
export async function ready(
  run: Run,
  passing: string | null,
  anythingToDo: boolean,
  server: ServerState | null,
): Promise<boolean> {
  if (passing === null) {
    const { open: previous } = run.state.before;
    if (previous === null || previous === 'settled' || !anythingToDo) return true;
    // Where the run went on under a new run id in the wait for lists, that wait is over.
    if (run.state.before.rested === null) {
      await settlePrevious(run, previous);
      run.state.before.rested = { at: Date.now(), nics: previous.nics };
      // Before the memo: a run that ends in this wait leaves it to the next one.
      await awaitLists(run, previous);
    }
    run.state.before.open = 'settled';
    // The job of the previous run has ended, or was never known: its effect may still come.
    markDoubtful(run.state);
    upsertMemo({ [MEMO.open]: OPEN_SETTLED });
    // A reset run may have set its own memo before it knew of the previous run. It has to set the memo again.
    run.state.sent.declared = false;
    return false;
  }
  if (run.expired) {
    throw RunEnd.failed(
      FAILURE_TYPE.refused,
      `nothing was changed: ${passing}, until the deadline (${formatTime(run.document.deadlineAt)})`,
    );
  }
  await waitForServer(run, passing, server);
  return false;
}

/**
 * One inspection, repeated until there is an answer.
 * @param what purpose, for the label
 */
export async function inspectOnce(run: Run, nicIds: string[], what: string): Promise<Inspection> {
  const { request, document } = run;
  const { workflowId, runId } = workflowInfo();
  const summary = label(`${document.serverName ?? document.serverId}: ${what}`);
  const respectsProtection = 'respectProtection' in request && request.respectProtection === true;
  const inspection = await askBeforeSending<Inspection>(
    run,
    () => {
      const asked = run.state.before.ask && run.state.before.open === null && !request.dryRun;
      return read(run, 'inspectServer', summary, {
        serverId: request.serverId,
        nicIds,
        // A dry run sends nothing, so it need not wait for what another run has sent.
        previousRunOf: asked ? { workflowId, runId } : null,
        ...(respectsProtection ? { tags: true } : {}),
      });
    },
    {
      waiting: (why) => `the cloud gives no answer: ${why}`,
      tooLate: (why) => `the server could not be inspected until the deadline: ${why}`,
    },
  );
  run.state.before.open ??= inspection.previous;
  return inspection;
}

/** Fills the document and the witnesses from an inspection. A later one changes only what may have changed. */
function recordInspection(
  run: Deletion,
  inspection: Inspection,
  { targets, absent, primaryId }: Assessment,
): void {
  const { document, request, state } = run;
  recordServer(run, inspection, primaryId);
  watch(
    state,
    targets.map(({ id }) => id),
  );

  if (inspection.previousNotLooked)
    run.warn(
      `runs before this one could not be looked up: ${plain(inspection.previousNotLooked)}; if one of them left a submission open, this run does not know of it`,
    );
  const untold =
    inspection.server && targets.length > 0 ? elasticIpsUntold(inspection, inspection.server) : null;
  if (untold !== null && request.allowElasticIp)
    run.warn(
      `elastic IPs may be missing from the snapshots, so that a restore would not bind them: ${plain(untold)}`,
    );

  const onServer = new Map(inspection.nics.map((nic) => [nic.id, nic]));
  const requested =
    request.nics === 'all'
      ? (state.seen.all ?? targets.map(({ id }) => id))
      : request.nics.map(({ id }) => id);
  const rows = new Map(document.nics.map((row) => [row.id, row]));
  document.nics = requested.map((id) => {
    const row = rows.get(id) ?? blankRow(id);
    const nic = onServer.get(id);
    const gone = absent.find((candidate) => candidate.id === id);
    if (nic !== undefined) describe(run, row, nic);
    // Absence counts only if the list names the primary NIC. In a refused run the verdicts stay `untouched`.
    if (gone?.port.state === 'absent' || gone?.port.state === 'free') describeGone(run, row, gone.port.state);
    else if (gone?.port.state === 'attached')
      row.evidence = { ...row.evidence, list: 'absent', port: 'attached' };
    else if (inspection.server === null) vanished(row);
    return row;
  });
}

/** What an earlier look has seen of the NICs is no evidence any more. */
function describeVanished({ document }: Deletion): void {
  document.nics.filter(({ outcome }) => outcome === 'untouched').forEach(vanished);
}

/** The server does not exist any more, so the inspection has not read the ports. */
function vanished(row: NicRow): void {
  row.evidence = { ...row.evidence, list: 'absent', port: 'unknown' };
}

function describeGone(run: Deletion, row: NicRow, port: 'absent' | 'free'): void {
  const { id } = row;
  row.evidence = { ...row.evidence, list: 'absent', port };
  // The port may exist only because this run has set its flag.
  if (port === 'free' && isLogged(run.state.undo.log, 'flag', id)) {
    hold(run, row);
    return;
  }
  row.outcome = 'already-absent';
  if (port === 'absent' && row.snapshot === null)
    run.warn(`NIC ${id}: no such port; check the id: neither this server nor the project knows it`);
}

/** Records what is known of the server itself. */
export function recordServer(run: Run, inspection: Inspection, primaryId: string | null): void {
  const { document } = run;
  document.projectId = inspection.projectId;
  document.region = inspection.region;
  document.serverName = inspection.server?.name ?? document.serverName;
  run.state.seen.primaryId = primaryId;
  run.state.around.place ??= {
    projectId: inspection.projectId,
    region: inspection.region,
    ...inspection.endpoints,
  };
  learnLongJob(run.state, inspection.longJobMs);
}

function describe(run: Deletion, row: NicRow, nic: InspectedNic): void {
  row.outcome = 'untouched';
  row.ip = nic.ips[0] ?? null;
  row.mac = nic.mac;
  row.elasticIp = nic.elasticIp;
  row.snapshot = snapshotOf(run, row, nic);
  const kept = promisesUndo(run.request) || row.snapshot.deleteOnTermination === false;
  row.restore = gradeOf(row.snapshot, kept);
  row.evidence = { ...row.evidence, list: 'present', port: nic.port.state };
}

/**
 * The NIC as it is now, except for the flag that this run has changed, and with its first position: NICs before it may
 * have left the server meanwhile.
 */
function snapshotOf(
  { state }: Deletion,
  { id, snapshot: before }: NicRow,
  { snapshot }: InspectedNic,
): NicSnapshot {
  if (before === null) return snapshot;
  const ours = isLogged(state.undo.log, 'flag', id);
  return {
    ...snapshot,
    position: before.position,
    deleteOnTermination: ours ? before.deleteOnTermination : snapshot.deleteOnTermination,
  };
}
