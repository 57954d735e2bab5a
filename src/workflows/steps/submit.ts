/**
 * Submits once: a deletion is not repeated while its fate is unknown (docs/contract.md §6.1). Each branch below states
 * what is known about the effect on the cloud.
 */
import type { DeleteNicsResult, SubmissionResult, Unsent } from '../../activities/agreement';
import { formatDuration } from '../../contract/duration';
import type { FailureType } from '../../contract/names';
import { FAILURE_TYPE } from '../../contract/names';
import type { Unknown } from '../run/activity-calls';
import { post } from '../run/activity-calls';
import { label, nics, plain, serverLabel } from '../run/details';
import { tellRefusal } from '../run/parent';
import { RunEnd } from '../run/run-end';
import { inspect } from './inspect';
import { lookTwice } from './look';
import { countUnknownSubmission } from '../run/counters';
import { backoffDelay, STATE_WAIT_MS, throttleDelay } from '../policy/poll-schedule';
import { keepPorts, protectPorts, whyNotKept } from './protect';
import { busyWait, pause, unsentText } from '../run/ask';
import type { Deletion } from '../run/kinds';
import type { Run } from '../run/run';
import { beginJob } from '../run/state/job';
import { forgetReadings } from '../run/state/seen';
import type { Doubt, No, Refusal } from '../run/state/sent';
import { countBusy, endSubmission } from '../run/state/sent';
import { release } from '../run/state/undo';
import { log, promisesUndo } from '../policy/undo-log';

const MAX_SUBMISSIONS = 3;
/** After so many refusals that asked for a look, with every NIC still on the server, the refusal is final. */
const MAX_OBSERVED_REFUSALS = 2;

/** Returns when a job is accepted, when nothing is left to send, or when nothing more may be sent. */
export async function submitOnce(run: Deletion): Promise<void> {
  const { submission } = run.state.sent;
  while (!submission.over) {
    if (submission.doubt !== null && !(await settle(run, submission.doubt))) break;
    submission.doubt = null;
    const targets = run.remaining();
    if (targets.length === 0) break;
    // After a cancellation or an undo nothing more is sent. What was sent is still observed.
    if (run.stopping) break;
    run.endIfUndone();
    if (run.expired) {
      nothingSent(run, submission.lastNo ?? TOO_LATE);
      break;
    }
    submission.over = await step(run, await send(run, targets), targets);
  }
  endSubmission(run.state);
}

const TOO_LATE: No = { message: 'the deadline passed before anything could be sent', code: null };

/** Handles an answer. `true`: nothing more is sent. */
async function step(
  run: Deletion,
  answer: DeleteNicsResult | Unknown | Unsent,
  targets: string[],
): Promise<boolean> {
  const { submission } = run.state.sent;
  switch (answer.kind) {
    case 'accepted':
      accepted(run, answer, targets);
      return true;

    case 'unknown':
      run.document.submissions += 1;
      countUnknownSubmission();
      run.markAtWork();
      run.warn(
        `submission ${run.document.submissions} got no usable answer (${plain(answer.why)}): the cloud may have accepted it, so the run read the NIC list before it did anything else`,
      );
      doubt(
        run,
        answer.why,
        { stop: run.document.submissions >= MAX_SUBMISSIONS },
        'leastMs' in answer ? answer.leastMs : 0,
      );
      return false;

    case 'unsent':
      if (answer.why === 'reset') {
        // The run before the reset may have sent, so this one observes and never sends.
        run.markAtWork();
        run.warn('this run was reset: it observes what its predecessor sent and never sends itself');
        doubt(run, 'a reset run never sends', { stop: true });
        return false;
      }
      submission.unsent += 1;
      submission.lastNo = { message: `${unsentText(answer)}, until the deadline`, code: null };
      // The call has already waited for a worker of the right place.
      if (answer.why !== 'elsewhere')
        await sendLater(run, backoffDelay(submission.unsent), unsentText(answer));
      await lookAgain(run);
      return false;

    case 'unkept':
      return keepAgain(run, answer.nicIds);

    case 'throttled':
      submission.throttled += 1;
      submission.lastNo = { message: 'throttled by the cloud until the deadline', code: null };
      // A 2xx with an error body is not certain to be a refusal (docs/cloud-api.md §6.2, Common.0024).
      if (answer.look) {
        run.markAtWork();
        doubt(run, 'the cloud answered 202 with an error');
      }
      await sendLater(
        run,
        throttleDelay(answer.retryAfterMs, submission.throttled),
        `throttled by the cloud (${answer.code ?? '429'})`,
      );
      await lookAgain(run);
      return false;

    case 'refused':
      if (answer.next === 'busy' || answer.next === 'state') {
        submission.lastNo = answer;
        // Much may happen while the server is busy: the run checks every guard again, after a submission only the NICs.
        if (run.state.sent.touched) doubt(run, 'the server was busy');
        await sendLater(
          run,
          answer.next === 'busy' ? busyWait(run) : STATE_WAIT_MS,
          `${answer.code ?? 'refused'}: ${answer.message}`,
        );
        if (!run.state.sent.touched && !run.expired) {
          await inspect(run);
          // The inspection may have found NICs that were not on the server before.
          await protectPorts(run);
        }
        return false;
      }
      if (answer.next === 'observe') {
        submission.observed += 1;
        doubt(run, `${answer.code ?? 'refused'}: ${answer.message}`, { refusal: answer });
        return false;
      }
      if (answer.next === 'credentials') {
        tellRefusal(answer.message);
        if (!run.state.sent.touched) run.document.credentialsRefused = true;
      }
      refused(run, answer);
      return true;
  }
}

/** After a pause the guards are out of date. As long as nothing was sent, the run checks all of them again. */
async function lookAgain(run: Deletion): Promise<void> {
  if (run.state.sent.touched || run.expired || run.stopping || !run.knowsPlace) return;
  await inspect(run);
  await protectPorts(run);
}

/** An actor that changes flags so often does it on purpose. */
const MAX_UNKEPT = 5;

/**
 * Another actor has changed a flag or taken a NIC off since the flags were proven, so the deletion would have deleted
 * ports that must stay. `true`: nothing more is sent.
 */
async function keepAgain(run: Deletion, nicIds: string[]): Promise<boolean> {
  const { state } = run;
  const why = `the flag delete_on_termination of ${nicIds.join(', ')} is not false any more, or the NIC has left`;
  state.sent.unkept += 1;
  release(state, nicIds);
  if (state.sent.unkept > MAX_UNKEPT) {
    nothingSent(run, { message: `${why}; this has happened ${state.sent.unkept} times`, code: null });
    return true;
  }
  if (!state.sent.touched) {
    // Checks every guard again, and takes a snapshot that is as fresh as the next submission.
    await inspect(run);
    await protectPorts(run);
    return false;
  }
  const unset = Object.entries(await keepPorts(run, nicIds));
  const problems = unset.filter(([, { left }]) => !left);
  if (problems.length > 0) {
    nothingSent(run, { message: whyNotKept(problems), code: problems[0]?.[1].code ?? null });
    return true;
  }
  if (unset.length > 0) doubt(run, 'a NIC has left the server meanwhile');
  return false;
}

function doubt(run: Run, why: string, more: Partial<Doubt> = {}, leastMs = 0): void {
  run.state.sent.submission.doubt = {
    why,
    stop: false,
    refusal: null,
    listed: run.remaining().length,
    looks: { made: 0, idle: 0, dueAt: null, leastMs },
    ...more,
  };
}

/** `true`: the NICs that are left are certainly still on the server, and may be sent again. */
async function settle(run: Run, { why, stop, refusal, listed, looks }: Doubt): Promise<boolean> {
  const provable = await lookTwice(run, why, looks);
  if (refusal !== null) {
    const meant =
      run.remaining().length === listed && run.state.sent.submission.observed >= MAX_OBSERVED_REFUSALS;
    if (!provable || meant) {
      refused(run, refusal);
      return false;
    }
  }
  return provable && !stop;
}

async function send(run: Deletion, nicIds: string[]): Promise<DeleteNicsResult | Unknown | Unsent> {
  run.enter('submitting');
  if (promisesUndo(run.request)) log(run.state.undo.log, 'detach', nicIds);
  if (!run.state.sent.declared) run.declareOpen(null);
  const summary = label(`${nics(nicIds.length)} of ${serverLabel(run.document)}`);
  return post(run, 'deleteNics', summary, { nicIds, ...(promisesUndo(run.request) && { keep: nicIds }) });
}

function accepted(
  run: Run,
  answer: Extract<SubmissionResult, { kind: 'accepted' }>,
  targets: string[],
): void {
  const { timing } = run.request;
  run.touch();
  countBusy(run.state, false);
  run.document.submissions += 1;
  beginJob(run.state, 'delete', answer, timing);
  for (const id of targets) {
    const row = run.row(id);
    row.jobId = answer.jobId;
    row.evidence.job = 'INIT';
  }
  forgetReadings(run.state);
  run.declareOpen(answer.jobId);
}

async function sendLater(run: Run, ms: number, why: string): Promise<void> {
  if (run.expired) return;
  await pause(run, ms, why, {
    phase: 'waiting',
    text: (wholeMs) => `again in ${formatDuration(wholeMs)} · ${why}`,
  });
}

/** A certain refusal. Without an earlier submission nothing was changed; otherwise the run looks at the NICs. */
function refused(run: Run, answer: Refusal): void {
  const text = `${answer.message}${answer.requestId === null ? '' : ` (request ${answer.requestId})`}`;
  for (const id of run.remaining()) {
    const row = run.row(id);
    row.errorCode = answer.code;
    row.message = plain(text);
  }
  nothingSent(run, { message: `${text}. ${answer.hint}`, code: answer.code }, FAILURE_TYPE.cloudRefused);
}

function nothingSent(
  run: Run,
  { message, code }: No,
  type: FailureType = code === null ? FAILURE_TYPE.refused : FAILURE_TYPE.cloudRefused,
): void {
  if (run.state.sent.touched) {
    run.warn(`no further submission was made: ${plain(message)}`);
    return;
  }
  throw RunEnd.failed(type, `nothing was changed: ${plain(message)}`);
}
