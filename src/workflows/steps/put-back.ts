/**
 * Puts NICs back: look, decide (put-back-plan.ts), act, look again, until nothing is left to do. For what can't be done
 * the document names a remedy. The run attaches nothing while a job may still be at work: a deletion would take the
 * port again.
 */
import type { Inspection } from '../../activities/agreement';
import { formatTime } from '../../contract/duration';
import { read } from '../run/activity-calls';
import { attach, inDoubt } from './attach';
import { label, nics, plain } from '../run/details';
import { setFlags } from './port-flags';
import { followJob, pollUnfollowed } from './follow-job';
import { lookAtPorts } from './look';
import { backoffDelay } from '../policy/poll-schedule';
import type { Step } from '../policy/put-back-plan';
import { fail, FLAG_PROBLEM, listed, MOMENT_MS, nextStep, PUT_BACK_FOR_MS } from '../policy/put-back-plan';
import { giveUp, reportOthers, reportResult } from './put-back-report';
import { bind, create, update } from './new-port';
import { askUntilAnswered, pause } from '../run/ask';
import type { Run } from '../run/run';
import { iso } from '../run/run';
import { isBusy } from '../run/state/job';
import type { PutBack } from '../policy/undo-log';

/** Carries `back` out, or continues it after the run was handed on. Rows and `incomplete` tell the result. */
export async function putBack(run: Run, back: PutBack): Promise<void> {
  if (run.state.undo.putBack !== back) {
    run.state.undo.putBack = back;
    // What was sent without an answer is waited for twice: before a port is attached, and before a flag is set back.
    run.allow(PUT_BACK_FOR_MS + (run.state.sent.doubtful ? 2 * horizon(run) : 0));
  }
  if (back.nics.length === 0 || back.done) return;
  run.enter('restoring');
  for (;;) {
    const rested = await awaitRest(run, back);
    const seen = rested ? await observe(run, back) : null;
    // The cloud does not know the job any more, but the job may still attach the ports that it was sent for.
    const sent = back.nics.filter(({ pending }) => pending === 'job');
    if (run.state.job.state === 'gone' && sent.length > 0) inDoubt(back, sent);
    if (seen === null) return giveUp(run, back);
    if (seen.server === null && run.knowsPlace) await askPorts(run, back);
    applyJobResult(run, back, seen);
    const step = nextStep(back, seen, circumstances(run, back));
    if (step.do === 'done') {
      reportOthers(run, back, seen);
      return reportResult(run, back);
    }
    if (run.expired) return giveUp(run, back);
    await perform(run, back, step);
  }
}

/** Records what the last job says of NICs that it has not attached. One of them may have kept the others away. */
function applyJobResult({ state }: Run, back: PutBack, seen: Inspection): void {
  const { answer: lastJob } = state.job;
  const sent = back.nics.filter(({ pending }) => pending === 'job');
  if (lastJob?.status !== 'FAIL' || sent.length === 0) return;
  for (const nic of sent) {
    const sub = lastJob.subJobs.find(({ nicId }) => nicId === nic.portId);
    const [code, message] = [sub?.errorCode ?? lastJob.errorCode, sub?.message ?? lastJob.message];
    if (code !== null || message !== null)
      nic.said = { code, message: plain(message ?? 'the job has failed') };
  }
  if (sent.length > 1 && sent.every((nic) => listed(nic, seen) === undefined)) back.oneByOne = true;
}

function circumstances(run: Run, back: PutBack): Parameters<typeof nextStep>[2] {
  const { settleMs, verifyForMs } = run.request.timing;
  const { state: jobState, answer: lastJob, overSince } = run.state.job;
  const attached = run.document.jobs.at(-1)?.what === 'attach' && jobState === 'ended';
  const succeeded = attached && lastJob?.status === 'SUCCESS';
  return {
    serverId: run.request.serverId,
    now: Date.now(),
    settleMs,
    horizonMs: run.state.sent.doubtful ? horizon(run) : 0,
    verdictAt: attached ? (overSince ?? 0) + verifyForMs : 0,
    lagUntil: succeeded && back.submissions > 0 ? (overSince ?? 0) + verifyForMs : 0,
  };
}

/**
 * How long something that was sent without an answer may still take effect: the longer of `verifyFor` and the duration
 * of a long job.
 */
function horizon(run: Run): number {
  return Math.max(run.request.timing.verifyForMs, Math.min(run.state.job.longMs, LONG_JOB_MS));
}

/** Limit for the measured duration: a job that hung once says nothing about how long others take. */
const LONG_JOB_MS = 15 * 60_000;

/** Waits until nothing that this run sent can be at work. `false`: it still may be at the deadline. */
async function awaitRest(run: Run, back: PutBack): Promise<boolean> {
  const { state } = run;
  for (let failures = 1; ; failures++) {
    // After the deadline another poll is not needed: the job was polled already.
    if (state.job.state === 'running' && !run.expired) await followJob(run);
    if (state.job.state === 'unreadable' && !run.expired) {
      back.hindered = `job ${run.document.jobs.at(-1)?.id ?? ''} can't be read`;
      await pause(run, Math.max(backoffDelay(failures), state.job.heldUntil - Date.now()), back.hindered);
      await pollUnfollowed(run);
    }
    if (!isBusy(state)) {
      back.quietAt ??= state.sent.doubtful ? (state.job.overSince ?? Date.now()) + horizon(run) : 0;
      const ms = back.quietAt - Date.now();
      if (ms <= 0) return true;
      if (run.expired) return false;
      const isOwn = state.sent.touched || state.before.rested === null;
      const what = isOwn ? 'a request without an answer' : 'what an earlier run sent';
      await pause(run, ms, `until ${formatTime(iso(back.quietAt))} ${what} may take effect`);
    } else if (run.expired) {
      back.hindered = `job ${run.document.jobs.at(-1)?.id ?? ''} has not ended`;
      return false;
    }
  }
}

/** `null`: the server could not be read in time. */
async function observe(run: Run, back: PutBack): Promise<Inspection | null> {
  const missing = back.nics.filter(({ seen, attach }) => attach && seen === 0).length;
  const text = missing > 0 ? `${nics(missing)} to put back` : `${nics(back.nics.length)} put back?`;
  const summary = label(`${run.document.serverName ?? run.document.serverId}: ${text}`);
  return askUntilAnswered<Inspection>(
    () =>
      read(run, 'inspectServer', summary, {
        alone: true,
        serverId: run.request.serverId,
        nicIds: back.nics.flatMap(({ portId }) => portId ?? []),
        previousRunOf: null,
      }),
    async ({ why, ms }) => {
      back.hindered = why;
      if (run.expired) return false;
      await pause(run, ms, why);
      return true;
    },
  );
}

/** A server that does not exist has no NIC list. Only the ports tell what became of its NICs. */
async function askPorts(run: Run, back: PutBack): Promise<void> {
  const ports = back.nics.flatMap(({ portId }) => portId ?? []);
  const summary = label(`the ports of ${nics(ports.length)}, whose server does not exist any more`);
  const seen = await lookAtPorts(run, summary, ports);
  for (const nic of back.nics) {
    const state = seen[nic.portId ?? '']?.state;
    if (state !== undefined && state !== 'unknown') nic.port = state;
  }
}

/** 2 s, doubling, at most 30 s. */
function momentsDelay(moments: number): number {
  return Math.min(MOMENT_MS * 2 ** Math.min(moments - 1, 10), 30_000);
}

async function perform(run: Run, back: PutBack, step: Exclude<Step, { do: 'done' }>): Promise<void> {
  if (step.do !== 'wait') back.moments = 0;
  switch (step.do) {
    case 'wait': {
      back.hindered = step.why;
      back.moments += 1;
      run.enter('restoring', plain(step.why));
      // A firm wait is made in full, whatever message comes. The others wait for a list that lags, and grow.
      if (step.firm === true) await run.wait(step.ms, label(step.why));
      else await run.waitOrWake(Math.max(step.ms, momentsDelay(back.moments)), label(step.why));
      run.enter('restoring');
      return;
    }
    case 'create':
      return create(run, back, step.nic);
    case 'attach':
      return attach(run, back, step.nics);
    case 'flags': {
      const unset = await setFlags(run, step.flags, true);
      for (const nic of back.nics) {
        const problem = unset[nic.portId ?? ''];
        const value = step.flags[nic.portId ?? ''];
        if (problem === undefined && value !== undefined && nic.found !== null)
          nic.found = { ...nic.found, deleteOnTermination: value };
        // The next look deals with a NIC that has left the server.
        if (problem?.left === true) await pause(run, MOMENT_MS, 'the NIC list and the server disagree');
        else if (problem !== undefined) fail(nic, problem.code, `${FLAG_PROBLEM}: ${problem.message}`);
      }
      return;
    }
    case 'update':
      return update(run, back, step.nic, step.changes);
    case 'bind':
      return bind(run, back, step.nic, step.address);
  }
}
