/** Establishes the verdict of every NIC from its witnesses, and looks again until there is no doubt. */
import type { Reading } from '../../activities/agreement';
import { formatDuration } from '../../contract/duration';
import type { NicOutcome } from '../../contract/types';
import { nics, label, plain, readingLabel } from '../run/details';
import type { AtEnd } from './follow-job';
import { followJob, pollUnfollowed } from './follow-job';
import { lookOnce } from './look';
import { nextReadingDelay } from '../policy/poll-schedule';
import type { Deletion } from '../run/kinds';
import type { Run } from '../run/run';
import { currentJob } from '../run/state/job';
import type { Verification, Witness } from '../run/state/seen';
import { note, openVerification } from '../run/state/seen';
import type { ListWitness, Moment, Verdict } from '../policy/verdict';
import { gradeOf, isLogged } from '../policy/undo-log';
import { hold } from '../run/kinds';
import { isHere, PUT_BACK, verdictOf } from '../policy/verdict';

/** Witnesses that contradict each other for this many times `verifyFor` will not agree any more. */
const CONTRADICTION_FACTOR = 2;

/**
 * Limit for series that begin after the patience is over: if the worker is away before every look, or the list changes from
 * look to look, no series grows.
 */
const MAX_BEGUN_LATE = 5;

/** How long the cloud keeps finished jobs (docs/cloud-api.md §2.2). */
const JOBS_KEPT_MS = 24 * 3_600_000;

/** @param atEnd what the poll that found the job ended took along */
export async function establishVerdicts(run: Deletion, atEnd: AtEnd | null): Promise<void> {
  // The run stopped before it sent anything, and the inspection has told where the NICs are.
  if (!run.state.sent.touched && (run.stopping || run.state.undo.refusedAs !== null)) return;
  const { verifyForMs } = run.request.timing;
  const state = openVerification(run.state);
  const { startedAt } = state;
  const patientUntil = () => (run.state.job.overSince ?? startedAt) + verifyForMs;
  for (; state.open.length > 0; state.look++) {
    const { look } = state;
    run.enter('verifying');
    const found =
      (await readingAtEnd(run, atEnd)) ??
      (await lookOnce(run, {
        label: readingLabel(look, run.document, state.open.length),
        gone: run.state.seen.witnesses.map(({ id }) => id),
        later: run.request.keepPort ? [] : run.state.undo.kept,
        plannedGapMs: state.gapMs,
        until: () => Math.max(Date.now() + run.remainingMs, patientUntil(), startedAt + verifyForMs),
      }));
    atEnd = null;
    if (found?.serverExists === false) run.warn('the server vanished meanwhile');
    // The time of the reading. If the run hears of it much later, no look was made in between.
    const now = Math.min(Date.now(), found?.at ?? Infinity);
    const moment = momentOf(run, now, patientUntil());
    const last =
      found === null ||
      // As long as something may change there is another look. `over` ends with the patience or at the deadline.
      (look > 2 &&
        moment !== 'over' &&
        now >= patientUntil() + CONTRADICTION_FACTOR * verifyForMs + 60_000 &&
        !grantSeries(run, state));
    settle(run, state, { moment, last, fresh: found !== null });
    if (state.open.length === 0) return;

    if (run.state.job.state === 'unreadable' || run.state.job.state === 'gone') {
      if (run.state.job.heldUntil <= Date.now()) await pollUnfollowed(run);
    }
    if (run.state.job.state === 'running' && !run.expired) {
      atEnd = await followJob(run);
      state.look = 0;
      state.gapMs = 0;
      continue;
    }
    state.gapMs = nextReadingDelay(look, patientUntil() - Date.now());
    // A run with a long history may wait for longer than planned.
    state.gapMs = await run.waitOrWake(
      state.gapMs,
      label(`look again in ${formatDuration(state.gapMs)} · ${nics(state.open.length)} without verdict`),
    );
  }
}

/**
 * After a worker was away one reading is not enough, however late: downtime uses up no patience
 * (docs/contract.md §6.8). Two that contradict each other are not enough, either.
 */
function grantSeries(run: Run, state: Verification): boolean {
  const begins = run.state.seen.lastReading?.first === true || contradictsTheLast(run, state);
  if (!begins || (state.begunLate ?? 0) >= MAX_BEGUN_LATE) return false;
  state.begunLate = (state.begunLate ?? 0) + 1;
  return true;
}

/** The list shows a NIC without verdict in another place than the reading before, as one does that lags behind and catches up. */
function contradictsTheLast(run: Run, { open }: Verification): boolean {
  // In runs that began before this rule the looks ended here. Their commands must stay the same.
  if (!run.knowsPlace) return false;
  return run.state.seen.witnesses.some(
    ({ id, absent, present }) => open.includes(id) && absent + present === 1,
  );
}

/** The reading that the last poll took along, unless it does not count. */
async function readingAtEnd(run: Run, atEnd: AtEnd | null): Promise<Reading | null> {
  if (atEnd === null) return null;
  const { reading, listAfterMs } = atEnd;
  if (reading) return note(run.state, reading, 0) ? reading : null;
  // No message may end this wait early: its sender knows nothing of quotas or of locked keys.
  if (listAfterMs > 0) await run.wait(listAfterMs, label('pause before the NIC list is read again'));
  return null;
}

interface Now {
  moment: Moment;
  last: boolean;
  /** This look brought a reading. Without one, old readings do not prove that a NIC stays. */
  fresh: boolean;
}

/**
 * Writes the verdicts that are established. While any NIC is looked at, `unknown` may still become another verdict, and
 * a NIC that is `still-attached` may still go.
 */
function settle(run: Deletion, state: Verification, at: Now): void {
  // In runs that began before this rule the looks ended earlier. Their commands must stay the same.
  if (run.knowsPlace) reopenMoved(run, state);
  const open = run.state.seen.witnesses.filter(({ id }) => state.open.includes(id));
  const verdicts = open.map((witness) => ({ id: witness.id, verdict: verdictNow(run, witness, at) }));
  const isOver = !run.knowsPlace || verdicts.every(({ verdict }) => verdict !== undefined);
  state.open = [];
  for (const { id, verdict } of verdicts) {
    if (verdict === undefined || (verdict.outcome === 'unknown' && !isOver)) state.open.push(id);
    else writeVerdict(run, id, verdict);
  }
  run.show();
}

/**
 * Reopens the verdict of a NIC that was `still-attached` and has left meanwhile, and of one that was `detached` and is on
 * the server again, as list and port agree.
 */
function reopenMoved(run: Deletion, { open }: Verification): void {
  for (const { id, absent, present, port } of run.state.seen.witnesses) {
    const row = run.row(id);
    const hasLeft = row.outcome === 'still-attached' && absent > 0;
    const isBack = row.outcome === 'detached' && present > 0 && isHere(port, run.request.serverId);
    if (!(hasLeft || isBack) || open.includes(id)) continue;
    open.push(id);
    row.outcome = 'unknown';
    row.errorCode = null;
    row.message = isBack ? PUT_BACK : null;
    run.unwarnDetached(id);
  }
}

function verdictNow(run: Deletion, witness: Witness, at: Now): Verdict | undefined {
  return verdictOf({
    list: listWitness(witness, at),
    port: witness.port,
    serverId: run.request.serverId,
    keptBy: keptBy(run, witness.id),
    moment: at.moment,
    last: at.last,
  });
}

/** Writes a verdict into its row. */
function writeVerdict(run: Deletion, id: string, verdict: Verdict): void {
  const row = run.row(id);
  // Somebody may have changed the flag since the grade was told.
  const { outcome } = verdict;
  if ((outcome === 'deleted' || outcome === 'detached') && row.snapshot !== null)
    row.restore = gradeOf(row.snapshot, outcome === 'detached');
  // No submission of this run was accepted, so another actor took the NIC off (docs/contract.md §3.1).
  const ours = run.document.submissions > 0 || run.state.sent.touched;
  const held = verdict.outcome === 'detached' && isLogged(run.state.undo.log, 'flag', id);
  row.outcome = ours || verdict.outcome === 'still-attached' ? verdict.outcome : asAbsent(verdict.outcome);
  if (held && !ours) hold(run, row);
  if (verdict.warning !== null) run.warn(`NIC ${id} ${verdict.warning}`);
  // The cloud's message stays, next to the run's.
  if (verdict.message !== null) row.message = [row.message, verdict.message].filter(Boolean).join('; ');
  if (row.outcome === 'still-attached') row.message ??= whyStillThere(run);
  if (row.outcome === 'detached' && row.message === PUT_BACK) row.message = null;
  if (row.outcome === 'deleted' || row.outcome === 'already-absent') {
    row.errorCode = null;
    row.message = null;
  }
}

/** Why the port is expected to outlive the NIC; `null`: it is not. */
function keptBy(run: Deletion, id: string): 'own' | 'asked' | null {
  if (run.request.keepPort || run.state.undo.kept.includes(id)) return 'asked';
  return run.row(id).snapshot?.deleteOnTermination === false ? 'own' : null;
}

function asAbsent(outcome: NicOutcome): NicOutcome {
  return outcome === 'deleted' || outcome === 'detached' ? 'already-absent' : outcome;
}

function listWitness({ absent, present }: Witness, { fresh, moment }: Now): ListWitness {
  if (absent >= 2) return 'absent';
  // At `cut-off` an old reading is enough: the verdict is `unknown` anyway, and says that the NIC may still go.
  return present >= 2 && (fresh || moment === 'cut-off') ? 'present' : 'unsettled';
}

function momentOf(run: Run, now: number, patientUntil: number): Moment {
  switch (run.state.job.state) {
    case 'ended':
      return now >= patientUntil ? 'stable' : 'over';
    case 'gone':
      // The cloud forgets a job a day after its end. A job that is gone earlier may still be at work.
      if (!forgotten(run, now)) return run.expired ? 'cut-off' : 'over';
      return now >= patientUntil ? 'stable' : 'over';
    case 'none':
      // No submission of this run is at work, so what is seen will stay.
      if (!run.state.sent.touched) return now >= patientUntil ? 'stable' : 'over';
      // A lost answer may belong to a long job, even if the server looks idle (docs/decisions/0004).
      return now >= patientUntil || run.expired ? 'cut-off' : 'over';
    case 'running':
    case 'unreadable':
      return run.expired ? 'cut-off' : 'over';
  }
}

function forgotten(run: Run, now: number): boolean {
  const job = currentJob(run.state);
  return job !== undefined && now - Date.parse(job.submittedAt) >= JOBS_KEPT_MS;
}

function whyStillThere(run: Run): string {
  const job = currentJob(run.state);
  if (job === undefined) {
    return 'no submission was seen to take effect';
  }
  const { answer } = run.state.job;
  if (answer?.status === 'FAIL') {
    return plain(
      answer.message ?? `the job ended as FAIL${answer.errorCode ? ` (${answer.errorCode})` : ''}`,
    );
  }
  return `job ${job.id} ended as ${job.status}, but the NIC is still on the server`;
}
