/** The POST that attaches ports: sent once, as a deletion is. What has to be attached again is decided by looking. */
import { post } from '../run/activity-calls';
import { label, nics, plain, serverLabel } from '../run/details';
import { backoffDelay, STATE_WAIT_MS } from '../policy/poll-schedule';
import { fail } from '../policy/put-back-plan';
import type { Run } from '../run/run';
import { beginJob } from '../run/state/job';
import { countBusy } from '../run/state/sent';
import { busyWait, pause, UNSENT, waitOut } from '../run/ask';
import type { PutBack, Returning } from '../policy/undo-log';

export async function attach(run: Run, back: PutBack, returning: Returning[]): Promise<void> {
  const portIds = returning.flatMap(({ portId }) => portId ?? []);
  back.batch = portIds;
  // The next run on this server waits for the job that the memo names.
  run.declareOpen(null, portIds);
  const summary = label(`${nics(portIds.length)} back to ${serverLabel(run.document)}`);
  const answer = await post(run, 'attachNics', summary, { portIds });
  const tried = (code: string | null, message: string) => {
    for (const nic of returning) {
      nic.attempts.attach += 1;
      nic.said = { code, message: plain(message) };
    }
  };
  const submitted = () => {
    back.submissions += 1;
    // In a deletion run the document counts only the POSTs that delete (docs/contract.md §3.2).
    if (back.reason === 'asked') run.document.submissions += 1;
  };
  switch (answer.kind) {
    case 'accepted':
      // The server takes one job at a time. An earlier POST that was still at work would have caused a refusal here.
      for (const nic of back.nics) if (nic.pending === 'doubt') nic.pending = 'nothing';
      for (const nic of returning) nic.pending = 'job';
      tried(null, `job ${answer.jobId} has ended without attaching it`);
      submitted();
      back.setbacks = 0;
      countBusy(run.state, false);
      beginJob(run.state, 'attach', answer, run.request.timing);
      run.declareOpen(answer.jobId, portIds);
      return;
    case 'unknown': {
      tried(null, answer.why);
      submitted();
      inDoubt(back, returning);
      const leastMs = 'leastMs' in answer ? answer.leastMs : 0;
      const ms = Math.max(run.request.timing.settleMs, leastMs);
      return pause(run, ms, `no usable answer: ${answer.why}`, { leastMs });
    }
    case 'unsent':
      if (answer.why !== 'reset') return waitOut(run, back, answer);
      for (const nic of returning) fail(nic, null, UNSENT.reset);
      return;
    case 'throttled':
      // A 2xx with an error body is not certain to be a refusal (docs/cloud-api.md §6.2, Common.0024).
      if (answer.look) inDoubt(back, returning);
      return waitOut(run, back, answer);
    case 'refused':
      break;
  }
  const why = `${answer.code ?? 'refused'}: ${answer.message}`;
  back.hindered = why;
  if (answer.next === 'busy') return pause(run, busyWait(run), why);
  if (answer.next === 'state') return pause(run, STATE_WAIT_MS, why);
  if (answer.next === 'credentials')
    return waitOut(run, back, { kind: 'unread', why: 'credentials', message: why, details: null });
  if (answer.next === 'observe') back.looksDue = 2;
  // One of several ports may be at fault, so each is tried by itself.
  if (returning.length > 1 && answer.next === 'never') back.oneByOne = true;
  else {
    for (const nic of returning) {
      nic.attempts.refused += 1;
      nic.said = { code: answer.code, message: plain(`${answer.message}. ${answer.hint}`) };
    }
  }
  const times = Math.max(1, ...returning.map(({ attempts }) => attempts.refused));
  return pause(run, backoffDelay(times), why);
}

/** The fate of the last POST is unknown: the run looks for its result before it sends anything again. */
export function inDoubt(back: PutBack, concerned: Returning[]): void {
  back.looksDue = 2;
  for (const nic of concerned) nic.pending = 'doubt';
}
