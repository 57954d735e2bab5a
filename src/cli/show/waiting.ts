/** What an open run waits for, at most until when, and what a person can do meanwhile. No IO. */
import type { NicRow, Phase, ResultDocument } from '../../contract';
import { formatDuration } from '../../contract';
import { clean, plural } from '../format';
import { ipOf, isOpen, undoText, utcText } from './wording';

export interface Waiting {
  /** What has to come. */
  for: string;
  /** Until when at most, and what then; `null`: it takes as long as it takes. */
  until: string | null;
  /** What a person can do now. */
  can: string;
}

/** `null`: the run has ended. */
export function waitingOf(document: ResultDocument, now: number): Waiting | null {
  const { phase } = document;
  if (phase === 'done' || document.outcome !== 'running') return null;
  const said = document.waitingFor ? clean(document.waitingFor) : null;
  const usual = USUAL[phase](document, now);
  // In these phases the words of the run say why it pauses, and not what is still missing.
  const both = said !== null && phase === 'verifying' ? `${said}; ${usual}` : (said ?? usual);
  return { for: both, until: untilText(document, now), can: canText(document, said) };
}

const USUAL: Record<Exclude<Phase, 'done'>, (document: ResultDocument, now: number) => string> = {
  inspecting: () => "the cloud's answer: which NICs the server has, and whether they may go",
  waiting: () => 'the server',
  submitting: () => 'the cloud to accept the deletion',
  polling: (document) => {
    const job = document.jobs.at(-1);
    return job === undefined
      ? 'the job of the cloud to end'
      : `job ${clean(job.id)} of the cloud to end; it is ${clean(job.status)}`;
  },
  verifying: missingText,
  restoring: () => 'the NICs to be back on the server, and checked',
  'undo-window': (document, now) => `undo or commit; ${undoText(document, now) ?? 'the window is open'}`,
  committing: () => 'the kept ports to be deleted, and checked',
};

/** What is still missing for the verdicts. */
function missingText(document: ResultDocument): string {
  const open = document.nics.filter((nic) => isOpen(nic, true));
  if (open.length === 0) return 'the last look';
  const texts = open.map((nic) => `${ipOf(nic) === '-' ? nic.id : ipOf(nic)} ${missingOf(nic)}`);
  return `the verdict on ${plural(open.length, 'NIC')}: ${texts.join('; ')}`;
}

function missingOf({ evidence: { list, port } }: NicRow): string {
  if (list === 'present') return 'is still on the server; it may yet go';
  if (list === 'unknown') return 'has to be missing, or listed, in two readings in a row';
  switch (port) {
    case 'absent':
      return 'is off the server, and its port is gone; one more reading has to agree';
    case 'free':
      return 'is off the server; its port is still there, and may yet go';
    case 'attached':
      return 'is off the server; its port says that it is attached';
    case 'unknown':
      return 'is off the server; its port has to be read';
  }
}

function untilText(
  { phase, deadlineAt, undoUntil, submissions }: ResultDocument,
  now: number,
): string | null {
  const at = (time: string) => {
    const ms = Date.parse(time) - now;
    return ms > 0 ? `${utcText(time)} (in ${formatDuration(ms)})` : utcText(time);
  };
  switch (phase) {
    case 'inspecting':
    case 'waiting':
    case 'submitting':
      return submissions === 0
        ? `${at(deadlineAt)}; then the run ends, and nothing was changed`
        : `${at(deadlineAt)}; then it sends nothing more, and checks what came of what it has sent`;
    case 'polling':
    case 'verifying':
      return `${at(deadlineAt)}; a NIC that may yet go then is unknown`;
    case 'undo-window':
      return undoUntil === null ? null : `${at(undoUntil)}; then the kept ports are deleted`;
    case 'restoring':
    case 'committing':
    case 'done':
      return null;
  }
}

function canText({ phase, serverId, submissions }: ResultDocument, said: string | null): string {
  const cancel = `ecs-nics cancel ${serverId}`;
  if (said !== null && /\b(HTTP 40[13]|APIGW\.03\d\d|IAM|credentials?|access keys?)\b/.test(said))
    return (
      'repair what the cloud refuses: ecs-nics-worker --check names it, with the remedy; restart the worker where its environment ' +
      'changes. The run asks again by itself, once a minute'
    );
  if (said !== null && /\bworker of the right place\b/.test(said))
    return `start a worker of that project and region on this task queue; or ${cancel}`;
  if (said !== null && /throttled/.test(said)) return 'nothing; the run asks again by itself';
  switch (phase) {
    case 'inspecting':
    case 'submitting':
      return 'nothing; it takes seconds';
    case 'waiting':
      return submissions === 0
        ? `look at once with ecs-nics poll-now ${serverId}; ${cancel} ends the run, and nothing is changed`
        : `look at once with ecs-nics poll-now ${serverId}`;
    case 'polling':
    case 'verifying':
      return (
        `look at once with ecs-nics poll-now ${serverId}. The cloud can't stop its job: after ${cancel} the run follows it to its end ` +
        'all the same, and opens no undo window'
      );
    case 'restoring':
    case 'committing':
      return 'nothing; the run does all that is left to do';
    case 'undo-window':
      return 'put everything back with undo, or close the window with commit; see below';
    case 'done':
      return 'nothing';
  }
}
