/**
 * Submit once: a deletion is never repeated while its fate is unknown (interface.md §6.1). Each branch says what is
 * known about the remote effect.
 */
import { isCancellation, workflowInfo } from '@temporalio/workflow';
import type { DeleteNicsResult } from '../contract/activities';
import { formatDuration } from '../contract/duration';
import type { FailureType } from '../contract/names';
import { FAILURE_TYPE } from '../contract/names';
import { effect } from './cloud';
import { label, nics, plain, serverLabel } from './display';
import { RunEnd } from './ending';
import { inspect } from './inspect';
import { lookTwice } from './look';
import { backoffDelay, throttleDelay } from './poll-schedule';
import type { Run } from './run';

const MAX_SUBMISSIONS = 3;
/** Refusals that ask for a look first, with every NIC still there: the cloud means it. */
const MAX_OBSERVED_REFUSALS = 2;
/** A server state in the way of the call, as the cloud sees it. */
const STATE_WAIT_MS = 10_000;

const UNSENT = {
  late: 'the worker came too late to send (a long queue, a frozen process, or a clock ahead)',
  unreachable: 'the worker cannot connect to the cloud',
};

/** Why nothing was accepted. Without a code it was not the cloud that said no. */
interface No {
  message: string;
  code: string | null;
}

type Refusal = Extract<DeleteNicsResult, { kind: 'refused' }>;

/** Returns when a job is accepted, when nothing is left to send, or when nothing more may be sent. */
export async function submitOnce(run: Run): Promise<void> {
  let throttled = 0;
  let unsent = 0;
  let observedRefusals = 0;
  let lastNo: No = { message: 'the deadline passed before anything could be sent', code: null };
  for (;;) {
    const targets = run.remaining();
    if (targets.length === 0) return;
    // Whoever cancels wants nothing more to be sent; what was sent is still observed.
    if (run.touched && run.cancelRequested) return;
    if (run.expired) return nothingSent(run, lastNo);
    const answer = await send(run, targets);
    switch (answer.kind) {
      case 'accepted':
        accepted(run, answer, targets);
        return;

      case 'unknown': {
        run.document.submissions += 1;
        run.touch();
        run.overSince = Date.now();
        run.warn(
          `submission ${run.document.submissions} got no usable answer (${plain(answer.why)}); the NICs were looked at instead of sending again`,
        );
        if (!(await lookTwice(run, answer.why)) || run.document.submissions >= MAX_SUBMISSIONS) return;
        break;
      }

      case 'unsent':
        if (answer.why === 'reset') {
          // The run that this one was reset from may have sent: observe, never send.
          run.touch();
          run.overSince = Date.now();
          run.warn('this run was reset: it observes what its predecessor sent and never sends itself');
          await lookTwice(run, 'a reset run never sends');
          return;
        }
        unsent += 1;
        lastNo = { message: `${UNSENT[answer.why]}, until the deadline`, code: null };
        if (run.expired) return nothingSent(run, lastNo);
        await pause(run, backoffDelay(unsent), UNSENT[answer.why]);
        break;

      case 'throttled':
        throttled += 1;
        lastNo = { message: 'throttled by the cloud until the deadline', code: null };
        // A 2xx with an error body is not known for certain to be a no (ecs-api.md §7.2, Common.0024).
        if (answer.look) {
          run.touch();
          run.overSince = Date.now();
        } else if (run.expired) {
          return nothingSent(run, lastNo);
        }
        await pause(
          run,
          throttleDelay(answer.retryAfterMs, throttled),
          `throttled by the cloud (${answer.code ?? '429'})`,
        );
        if (answer.look && !(await lookTwice(run, 'the cloud answered 202 with an error'))) return;
        break;

      case 'refused':
        if (answer.then === 'busy' || answer.then === 'state') {
          lastNo = answer;
          if (run.expired) return nothingSent(run, lastNo);
          const ms = answer.then === 'busy' ? run.request.timing.busyWaitMs : STATE_WAIT_MS;
          await pause(run, ms, `${answer.code ?? 'refused'}: ${answer.message}`);
          // Much may have happened on the server while it was busy: every guard is asked again.
          if (!run.touched) await inspect(run);
          else if (!(await lookTwice(run, 'the server was busy'))) return;
        } else if (answer.then === 'observe') {
          observedRefusals += 1;
          const before = targets.length;
          const provable = await lookTwice(run, `${answer.code ?? 'refused'}: ${answer.message}`);
          const after = run.remaining().length;
          if (!provable || (after === before && observedRefusals >= MAX_OBSERVED_REFUSALS)) {
            return refused(run, answer);
          }
        } else {
          return refused(run, answer);
        }
        break;
    }
  }
}

async function send(run: Run, nicIds: string[]): Promise<DeleteNicsResult> {
  run.enter('submitting');
  if (!run.declaredOpen) run.declareOpen(null);
  try {
    return await run.patiently(60_000, () =>
      effect(label(`${nics(nicIds.length)} of ${serverLabel(run.document)}`)).deleteNics({
        serverId: run.request.serverId,
        nicIds,
        originalRunId: workflowInfo().originalExecutionRunId,
      }),
    );
  } catch (error) {
    // Cancelled before a worker took it: certainly unsent. Anything else is a worker that did not answer.
    if (isCancellation(error)) throw error;
    return {
      kind: 'unknown',
      why: 'the worker that was sending did not report back',
      code: null,
      httpStatus: null,
      requestId: null,
    };
  }
}

function accepted(
  run: Run,
  answer: Extract<DeleteNicsResult, { kind: 'accepted' }>,
  targets: string[],
): void {
  const { timing } = run.request;
  run.touch();
  run.document.submissions += 1;
  run.document.jobs.push({
    id: answer.jobId,
    status: 'INIT',
    submittedAt: answer.submittedAt,
    endedAt: null,
    polls: 0,
  });
  for (const id of targets) {
    const row = run.row(id);
    row.jobId = answer.jobId;
    row.evidence.job = 'INIT';
  }
  run.jobState = 'running';
  run.overSince = null;
  run.forgetReadings();
  run.pace = {
    firstPollMs: timing.firstPollMs ?? answer.firstPollMs,
    pollIntervalMs: timing.pollIntervalMs ?? answer.pollIntervalMs,
  };
  run.declareOpen(answer.jobId);
  run.publish({ phase: 'polling' });
}

async function pause(run: Run, ms: number, why: string): Promise<void> {
  run.enter('waiting', plain(why));
  const wholeMs = Math.min(ms, Math.max(run.remainingMs, 1_000));
  // In full: a message asks for a look, not for another submission.
  await run.wait(wholeMs, label(`again in ${formatDuration(wholeMs)} · ${why}`));
}

/** The cloud said no for certain. Without an earlier submission nothing was changed; otherwise the NICs decide. */
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
  if (run.touched) {
    run.warn(`the cloud took no further submission: ${plain(message)}`);
    return;
  }
  throw RunEnd.failed(type, `nothing was changed: ${plain(message)}`);
}
