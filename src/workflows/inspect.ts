/** Before anything changes: is the request good, may these NICs be touched, is the server ready? */
import { upsertMemo, workflowInfo } from '@temporalio/workflow';
import type { Inspection, InspectedNic, PreviousOpenRun } from '../contract/activities';
import { ENDED_STATUSES } from '../contract/activities';
import type { CheckedRequest } from '../contract/input';
import { HOUR_MS } from '../contract/input';
import { formatDuration } from '../contract/duration';
import { FAILURE_TYPE, MEMO, OPEN_SETTLED, serverWorkflowId } from '../contract/names';
import type { NicRow, RestoreGrade } from '../contract/types';
import type { Unread } from './cloud';
import { ask, READ_AT_MOST_MS, reading } from './cloud';
import { label, nics, plain } from './display';
import { RunEnd } from './ending';
import { assess } from './guards';
import { backoffDelay, nextPollDelay, throttleDelay } from './poll-schedule';
import { blankRow, type Run } from './run';

/** How often a server in passing is looked at again, at first; an inspection costs a call per NIC. */
const STATE_WAIT_MS = 10_000;

/** Input and circumstances of the start; throws with every problem in one message, before any call to the cloud. */
export function checkStart(run: Run): void {
  const problems = [...run.problems, ...startProblems(run.problems.length === 0 ? run.request : null)];
  if (problems.length === 0) return;
  throw RunEnd.failed(
    FAILURE_TYPE.invalidInput,
    `${problems.length === 1 ? 'one problem' : `${problems.length} problems`} with the request: ${problems.join('; ')}`,
  );
}

function startProblems(request: CheckedRequest | null): string[] {
  if (request === null) return [];
  const info = workflowInfo();
  const problems: string[] = [];
  const expectedId = serverWorkflowId(request.serverId);
  if (info.workflowId !== expectedId) {
    problems.push(
      `the workflow id must be ${expectedId} (it is the lock of the server), not ${plain(info.workflowId)}`,
    );
  }
  if (info.cronSchedule) {
    problems.push(
      'a cron schedule: a deletion must not repeat itself; leave it out, and terminate this workflow, ' +
        'or the schedule starts it again and again, to be refused each time',
    );
  }
  const neededMs = request.deadlineMs + request.undoWindowMs + HOUR_MS;
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

/** Inspects until the server is ready (or there is nothing to do), or ends the run. */
export async function inspect(run: Run): Promise<void> {
  for (let look = 1; ; look++) {
    run.enter(look === 1 ? 'inspecting' : 'waiting', run.document.waitingFor);
    const inspection = await inspectOnce(run);
    const judged = assess(run.request, inspection);
    takeIn(run, inspection, judged.targets, judged.absent, judged.primaryId);
    if (judged.violations.length > 0) {
      throw RunEnd.failed(FAILURE_TYPE.refused, `nothing was changed: ${judged.violations.join('; ')}`);
    }
    if (run.request.dryRun) {
      if (judged.passing !== null) run.warn(`a real run would wait: ${judged.passing}`);
      return;
    }
    run.state.previous ??= inspection.previous;
    if (judged.passing === null) {
      if (run.state.previous === null || run.state.previous === 'settled' || judged.targets.length === 0)
        return;
      await settlePrevious(run, run.state.previous);
      run.state.previous = 'settled';
      upsertMemo({ [MEMO.open]: OPEN_SETTLED });
      // A reset run may have declared its own before it was told of that one: it has to do so again.
      run.state.declaredOpen = false;
      continue;
    }
    if (run.expired) {
      throw RunEnd.failed(
        FAILURE_TYPE.refused,
        `nothing was changed: ${judged.passing}, still so at the deadline (${run.document.deadlineAt})`,
      );
    }
    run.enter('waiting', judged.passing);
    await run.waitOrWake(Math.min(STATE_WAIT_MS, run.remainingMs), label(`waiting: ${judged.passing}`));
  }
}

async function inspectOnce(run: Run): Promise<Inspection> {
  const { request, document } = run;
  const nicIds = request.nics === 'all' ? [] : request.nics.map((nic) => nic.id);
  const what = request.nics === 'all' ? 'all NICs but the primary one' : nics(nicIds.length);
  const { workflowId, runId } = workflowInfo();
  for (let failures = 1; ; failures++) {
    const answer = await run.patiently(READ_AT_MOST_MS, () =>
      ask(
        reading(label(`${document.serverName ?? document.serverId}: ${what} to go`)).inspectServer({
          serverId: request.serverId,
          nicIds,
          previousRunOf:
            run.state.askForPrevious && run.state.previous === null ? { workflowId, runId } : null,
        }),
      ),
    );
    if (answer.kind === 'inspection') return answer;
    if (answer.kind === 'throttled') {
      await pause(run, throttleDelay(answer.retryAfterMs, failures), 'throttled by the cloud');
    } else {
      refuseUnlessPassing(run, answer);
      await pause(run, backoffDelay(failures), `the cloud gives no answer: ${answer.message}`);
    }
  }
}

/** Nothing was sent yet: refused credentials or a definite no end the run at once (interface.md §6.5). */
function refuseUnlessPassing(run: Run, unread: Unread): void {
  if (unread.kind === 'unavailable') {
    if (!run.expired) return;
    throw RunEnd.failed(
      FAILURE_TYPE.refused,
      `nothing was changed: the server could not be inspected until the deadline: ${unread.message}`,
    );
  }
  const hint = unread.details?.hint ? ` ${unread.details.hint}` : '';
  throw RunEnd.failed(FAILURE_TYPE.cloudRefused, `nothing was changed: ${unread.message}.${hint}`);
}

async function pause(run: Run, ms: number, why: string): Promise<void> {
  if (run.expired)
    throw RunEnd.failed(FAILURE_TYPE.refused, `nothing was changed: ${why}, still so at the deadline`);
  run.enter('waiting', plain(why));
  await run.waitOrWake(Math.min(ms, Math.max(run.remainingMs, 1_000)), label(why));
}

/** Fills the document and the witnesses from an inspection; on a later one only what may have changed. */
function takeIn(
  run: Run,
  inspection: Inspection,
  targets: InspectedNic[],
  absent: Inspection['absent'],
  primaryId: string | null,
): void {
  const { document, request } = run;
  document.projectId = inspection.projectId;
  document.region = inspection.region;
  document.serverName = inspection.server?.name ?? document.serverName;
  run.state.primaryId = primaryId;
  run.state.searchAttributes = inspection.searchAttributes;
  run.state.witnesses = targets.map(({ id, snapshot }) => ({
    id,
    keepsPort: snapshot.deleteOnTermination === false,
    absent: 0,
    present: 0,
    port: null,
  }));

  const onServer = new Map(inspection.nics.map((nic) => [nic.id, nic]));
  const requested =
    request.nics === 'all' ? targets.map((nic) => nic.id) : request.nics.map((target) => target.id);
  const rows = new Map(document.nics.map((row) => [row.id, row]));
  document.nics = requested.map((id) => {
    const row = rows.get(id) ?? blankRow(id);
    const nic = onServer.get(id);
    const gone = absent.find((candidate) => candidate.id === id);
    if (nic !== undefined) describe(row, nic);
    // An absence counts only beside the primary NIC; the verdicts of a refused run stay `untouched`.
    if (gone !== undefined && (gone.port.state === 'absent' || gone.port.state === 'free')) {
      row.outcome = 'already-absent';
      row.evidence = { ...row.evidence, list: 'absent', port: gone.port.state };
    }
    return row;
  });
}

function describe(row: NicRow, nic: InspectedNic): void {
  row.outcome = 'untouched';
  row.ip = nic.ips[0] ?? null;
  row.mac = nic.mac;
  row.elasticIp = nic.elasticIp;
  row.snapshot ??= nic.snapshot;
  row.restore = gradeOf(nic);
  row.evidence = { ...row.evidence, list: 'present', port: nic.port.state };
}

/** How well a NIC could be put back after a plain deletion (interface.md §3). */
function gradeOf({ snapshot }: InspectedNic): RestoreGrade {
  if (snapshot.deleteOnTermination === false) return 'exact';
  if (snapshot.networkId === null) return 'no';
  return snapshot.fixedIps.length > 0 ? 'new-mac' : 'new-ip-and-mac';
}

/**
 * A run under the same id ended from outside, or at its deadline, while its submission was open: what it sent may still
 * be at work, so it is followed to its end before anything is inspected for good.
 */
async function settlePrevious(run: Run, previous: PreviousOpenRun): Promise<void> {
  const why = `run ${previous.runId} ended before it was known what came of its submission`;
  run.warn(`${why}; this run waited until that submission had come to rest`);
  run.enter('waiting', why);
  const startedAt = Date.now();
  for (let look = 1; !run.expired; look++) {
    if (previous.jobId === null) {
      // Its job is not known: two settles give a submission on its way the time to show.
      await run.wait(2 * run.request.timing.settleMs, label(`settling what run ${previous.runId} sent`));
      return;
    }
    const { jobId } = previous;
    const answer = await run.patiently(READ_AT_MOST_MS, () =>
      ask(reading(label(`job of the ended run ${previous.runId}`)).getJobStatus({ jobId })),
    );
    if (answer.kind === 'gone') return;
    if (answer.kind === 'job' && ENDED_STATUSES.has(answer.status)) return;
    if (answer.kind === 'credentials' || answer.kind === 'refused') refuseUnlessPassing(run, answer);
    await run.waitOrWake(
      nextPollDelay(run.state.pace, look, Date.now() - startedAt, Math.random(), run.remainingMs),
      label(`job of ${previous.runId}: still running`),
    );
  }
  throw RunEnd.failed(
    FAILURE_TYPE.refused,
    `nothing was changed: ${why}, and its job has not ended until the deadline`,
  );
}
