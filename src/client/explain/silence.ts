/** Why no worker serves a run, in words, and the ways out, each with its command: for starter, worker and `--check`. No IO. */
import { SEARCH_ATTRIBUTE, formatDuration } from '../../contract';
import { bounded, clean } from '../../contract/text';
import type { Queue, Version } from '../pollers';
import { sameVersion } from '../pollers';
import type { Reason, Why } from '../silent';
import { isBlocking, routeReasons } from '../silent';
import { commandOf, namespaceWords, shellQuote } from './commands';

const MAX_CAUSE = 300;
/** More names would hide the message. */
const MAX_NAMED = 3;

/** Something that a person can do now. */
export interface Remedy {
  text: string;
  command: string;
}

/** Which run, and where: the values that commands need to name it. */
export interface Whereabouts {
  workflowId: string;
  runId: string;
  namespace: string;
}

export function reasonText(reason: Reason): string {
  switch (reason.kind) {
    case 'no-worker':
      return `no worker polls task queue ${queuesText(reason)}`;
    case 'no-current-version':
      return (
        `workers poll task queue ${queuesText(reason)}, but all are versioned (${versionsText(reason.polling)}) ` +
        'and no version is current: none of them is given new runs'
      );
    case 'current-version-gone':
      return (
        `${versionText(reason.version)} is current on task queue ${queuesText(reason)}, but no worker of it polls; ` +
        `those that poll: ${versionsText(reason.polling)}`
      );
    case 'pinned-version-gone':
      return (
        `the run is pinned to ${versionText(reason.version)}, for which no worker polls task queue ${queuesText(reason)}; ` +
        `those that poll: ${versionsText(reason.polling)}`
      );
    case 'tasks-fail':
      return (
        `a worker takes the run and fails (attempt ${reason.attempt})` +
        (reason.cause === null ? '' : `: ${causeText(reason.cause)}`)
      );
    case 'paused':
      return 'the run was paused by hand';
    case 'activity-fails':
      return `${clean(reason.name)} is tried again (attempt ${reason.attempt}): ${causeText(reason.cause)}`;
    case 'no-answer':
      return (
        'workers poll, but the run does not answer: its worker is busy, frozen, or has just ended' +
        (reason.version === null ? '' : `; it is pinned to ${versionText(reason.version)}`) +
        lastSeenText(reason) +
        (reason.version !== null || reason.polling.length === 0
          ? ''
          : `; no version is current, so that ${versionsText(reason.polling)} can't take it`)
      );
  }
}

/** The `error.type` of a command that stops waiting for this reason. */
export function reasonType(reason: Reason): string {
  switch (reason.kind) {
    case 'no-worker':
      return 'NoWorker';
    case 'no-current-version':
    case 'current-version-gone':
    case 'pinned-version-gone':
      return 'NoWorkerOfVersion';
    case 'tasks-fail':
      return 'TasksFail';
    case 'paused':
    case 'activity-fails':
    case 'no-answer':
      return 'NoAnswer';
  }
}

const NO_ANSWER: Reason = { kind: 'no-answer', lastSeenMs: null, version: null, polling: [] };

/** The first reason that blocks every worker, otherwise the first of all. */
export function mainReason({ reasons }: Why): Reason {
  return reasons.find(isBlocking) ?? reasons[0] ?? NO_ANSWER;
}

/** What to do about it if no command does it. */
export function hintOf({ kind }: Reason): string {
  if (kind === 'no-worker') return 'Start a worker, or check ECS_NICS_TASK_QUEUE.';
  return kind === 'tasks-fail'
    ? "The worker's log says more; the run goes on as soon as a worker can do it."
    : '';
}

/** The ways out. `run: null`: no run was started. */
export function waysOut({ reasons, neverTaken }: Why, run: Whereabouts | null, namespace: string): Remedy[] {
  const at = namespaceWords(namespace);
  const steps = reasons.flatMap((reason) => waysOutOf(reason, run, at));
  if (neverTaken && run !== null) steps.push(terminateStep(run));
  return steps;
}

/** Only for a run that no worker has ever taken: it leaves nothing behind. */
export function terminateStep({ workflowId, runId, namespace }: Whereabouts): Remedy {
  return {
    text: 'No worker has ever taken this run, so it has changed nothing. To end it while that is so:',
    command: commandOf(
      ['temporal', 'workflow', 'terminate', ...runWords(workflowId, runId)],
      ['--reason', 'no worker has ever taken it'],
      namespaceWords(namespace),
    ),
  };
}

function waysOutOf(reason: Reason, run: Whereabouts | null, at: string[]): Remedy[] {
  switch (reason.kind) {
    case 'no-current-version':
    case 'current-version-gone':
      return reason.polling.slice(0, MAX_NAMED).map((version) => ({
        text:
          version === null
            ? 'To give new runs to the workers without a version:'
            : `To make ${versionText(version)} the current one:`,
        command: setCurrent(version, deploymentOf(reason), at),
      }));
    case 'pinned-version-gone':
      return versionSteps(reason.version, reason.polling, run, at);
    case 'tasks-fail':
      if (reason.isSearchAttribute) {
        const names = Object.values(SEARCH_ATTRIBUTE).join(', ');
        return [
          { text: `Search attributes are missing. To register ours (${names}):`, command: 'ecs-nics setup' },
        ];
      }
      return run === null
        ? []
        : [
            {
              text: 'To see what it has done so far:',
              command: commandOf(
                ['temporal', 'workflow', 'show', ...runWords(run.workflowId, run.runId)],
                at,
              ),
            },
          ];
    case 'paused':
      return run === null
        ? []
        : [
            {
              text: 'To let it go on:',
              command: commandOf(
                ['temporal', 'workflow', 'unpause', ...runWords(run.workflowId, run.runId)],
                at,
              ),
            },
          ];
    case 'no-answer': {
      const { version, polling } = reason;
      if (version === null)
        return polling.flatMap((other) =>
          other === null
            ? []
            : {
                text: `If no worker without a version is left, make ${versionText(other)} the current one:`,
                command: setCurrent(other, other, at),
              },
        );
      // A worker of the run's own version was seen just now, so it may still be running.
      return polling.length === 0 ? [] : versionSteps(version, polling, run, at);
    }
    case 'no-worker':
    case 'activity-fails':
      return [];
  }
}

function setCurrent(
  version: Version | null,
  { deploymentName }: Pick<Version, 'deploymentName'>,
  at: string[],
): string {
  return commandOf(
    ['temporal', 'worker', 'deployment', 'set-current-version'],
    ['--deployment-name', version?.deploymentName ?? deploymentName],
    version === null ? ['--unversioned'] : ['--build-id', version.buildId],
    at,
  );
}

/** A pinned run needs a worker of its version, or has to be moved to another version. */
function versionSteps(
  version: Version,
  polling: readonly (Version | null)[],
  run: Whereabouts | null,
  at: string[],
): Remedy[] {
  const { deploymentName, buildId } = version;
  const start: Remedy = {
    text: 'Where no worker of that version is left, either start one again:',
    command: `TEMPORAL_DEPLOYMENT_NAME=${shellQuote(deploymentName)} TEMPORAL_WORKER_BUILD_ID=${shellQuote(buildId)} ecs-nics-worker`,
  };
  if (run === null) return [start];
  const moves = polling.slice(0, MAX_NAMED).map((other) => ({
    text: `Or move the run to ${other === null ? 'what is current' : versionText(other)}, if its code can go on with it:`,
    command: commandOf(
      ['temporal', 'workflow', 'update-options', ...runWords(run.workflowId, run.runId)],
      ['--versioning-override-behavior', other === null ? 'auto_upgrade' : 'pinned'],
      other === null ? [] : ['--versioning-override-deployment-name', other.deploymentName],
      other === null ? [] : ['--versioning-override-build-id', other.buildId],
      at,
    ),
  }));
  return [start, ...moves];
}

function lastSeenText({ lastSeenMs }: { lastSeenMs: number | null }): string {
  if (lastSeenMs === null) return '';
  return `; its last worker asked for work ${lastSeenMs < 1_000 ? 'just now' : `${formatDuration(lastSeenMs)} ago`}`;
}

/** Workers without a version belong to no deployment: the command needs the deployment whose version is current. */
function deploymentOf(reason: Reason): { deploymentName: string } {
  return 'version' in reason && reason.version !== null ? reason.version : { deploymentName: '' };
}

/** For an operator who waits: the fact, and below it the commands that help. */
export function waitingText(why: Why, run: Whereabouts | null, namespace: string): string[] {
  const reason = mainReason(why);
  const steps = waysOutOf(reason, run, namespaceWords(namespace));
  if (why.neverTaken && run !== null) steps.push(terminateStep(run));
  return [reasonText(reason), ...steps.map(({ text, command }) => `${text} ${command}`)];
}

/** The same for the JSON document. */
export function whyDocument(why: Why, run: Whereabouts | null, namespace: string): object {
  const at = namespaceWords(namespace);
  return {
    reasons: why.reasons.map((reason) => ({
      ...reason,
      message: reasonText(reason),
      remedies: waysOutOf(reason, run, at).map(({ text, command }) => ({ text, command })),
    })),
    neverTaken: why.neverTaken,
    pollers: why.pollers,
  };
}

/** Whether new runs on a task queue go to a version of the workers. */
export interface Routing {
  /** They do. */
  isTaker: boolean;
  /** No worker that polls takes new runs. */
  isStuck: boolean;
  /** Includes the remedy, unless the version is a taker. */
  text: string;
}

/** @param queues with live pollers only */
export function routingOf(queues: readonly Queue[], version: Version, namespace: string): Routing {
  const { deploymentName, buildId } = version;
  const build = `build ${clean(buildId)} of ${clean(deploymentName)}`;
  const takers = queues[0]?.takers ?? [];
  if (takers.some((taker) => sameVersion(taker, version)))
    return { isTaker: true, isStuck: false, text: `${build} gets new runs` };
  const stuck = routeReasons(queues, 'current')[0];
  const why = stuck === undefined ? `they go to ${versionsText(takers)}` : reasonText(stuck);
  const polls = queues.some(({ pollers }) => pollers.some((each) => sameVersion(each.version, version)));
  const remedy = `${polls ? 'To make it the current one' : 'Once a worker of it polls'}: ${setCurrent(version, version, namespaceWords(namespace))}`;
  return {
    isTaker: false,
    isStuck: stuck !== undefined,
    text: `${build} gets no new runs: ${why}. ${remedy}`,
  };
}

/** `polled by 7470@vm project=p region=r and 1 more`; empty when no worker polls. */
export function pollersText(pollers: readonly string[]): string {
  if (pollers.length === 0) return '';
  const rest = pollers.length - MAX_NAMED;
  const named = pollers.slice(0, MAX_NAMED).map((identity) => bounded(clean(identity), 120));
  return `polled by ${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

export function queuesText({ queues }: { queues: readonly string[] }): string {
  const names = queues.map(clean);
  return [names.slice(0, -1).join(', '), ...names.slice(-1)].filter(Boolean).join(' and ');
}

function versionText({ deploymentName, buildId }: Version): string {
  return `version ${clean(buildId)} of deployment ${clean(deploymentName)}`;
}

function versionsText(versions: readonly (Version | null)[]): string {
  const names = versions
    .slice(0, MAX_NAMED)
    .map((version) => (version === null ? 'workers without a version' : versionText(version)));
  const rest = versions.length - names.length;
  return `${names.join(', ')}${rest > 0 ? ` and ${rest} ${rest === 1 ? 'other' : 'others'}` : ''}`;
}

function causeText(cause: string): string {
  return bounded(clean(cause), MAX_CAUSE);
}

function runWords(workflowId: string, runId: string): string[] {
  return ['--workflow-id', workflowId, '--run-id', runId];
}
