/** What every command needs: the connection, the task queue, the link to a run, and Ctrl-C. */
import { taskQueueFrom } from '../contract';
import { TASK_QUEUE_FORM } from '../contract/names';
import { cleanLine, invisibleIn, quoted } from '../contract/text';
import { valueOf } from '../contract/variables';
import { isUuid } from '../contract/values';
import type { Temporal } from '../client/connect';
import { connectTemporal } from '../client/connect';
import type { RunIds } from '../client/errors';
import type { TemporalTarget } from '../client/target';
import { readTarget } from '../client/target';
import { CliError, asCliError } from './cli-error';
import { EXIT } from './exit-codes';
import { foldedId } from './ids';
import type { RunRef } from './link';
import { isUiUrl, runLink, uiBase } from './link';
import type { Output, ReportPage } from './output';

export interface Context {
  temporal: Temporal;
  taskQueue: string;
  /** Resolves at Ctrl-C. */
  interrupted: Promise<void>;
  /** The ids of a run with its link. */
  readonly run: (run: RunIds) => RunRef;
}

interface Habits {
  /** The command handles Ctrl-C itself. Without this, Ctrl-C ends the process. */
  interruptible?: boolean;
}

/** Connects, runs `command` and closes. Turns every error into one that can be shown. */
export async function withTemporal<T>(
  command: (context: Context) => Promise<T>,
  { interruptible = false }: Habits = {},
): Promise<T> {
  const interrupt = onInterrupt();
  const orInterrupted = <R>(work: Promise<R>, message: string): Promise<R> =>
    Promise.race([
      work,
      interrupt.promise.then(() => {
        throw new CliError(EXIT.interrupted, 'Interrupted', message);
      }),
    ]);
  const { target, taskQueue } = settings();
  const { address, namespace } = target;
  const base = uiBase(address, process.env.TEMPORAL_UI_URL);
  const refOf = ({ workflowId, runId, firstRunId }: RunIds): RunRef => ({
    workflowId,
    runId,
    url: runLink(base, namespace, workflowId, runId),
    ...(firstRunId === runId ? {} : { firstRunId }),
  });
  let temporal: Awaited<ReturnType<typeof connectTemporal>> | null = null;
  try {
    temporal = await orInterrupted(connectTemporal(target), 'interrupted; nothing was started.');
    const working = command({
      temporal,
      taskQueue,
      interrupted: interrupt.promise,
      run: refOf,
    });
    return await (interruptible ? working : orInterrupted(working, 'interrupted before the answer came.'));
  } catch (error) {
    throw asCliError(error, target, refOf);
  } finally {
    interrupt.off();
    // A long poll may still be open. It ends with the connection, so the command does not wait for it.
    void temporal?.close().catch(() => {});
  }
}

/** What is wrong with the environment, each with its remedy. */
export function environmentProblems(): string[] {
  return readEnvironment().problems;
}

function settings(): { target: TemporalTarget; taskQueue: string } {
  const { target, taskQueue, problems } = readEnvironment();
  if (target !== null && taskQueue !== null && problems.length === 0) return { target, taskQueue };
  throw new CliError(EXIT.badInput, 'BadConfiguration', `the environment can't be used: ${listed(problems)}`);
}

function readEnvironment() {
  const { env } = process;
  const { target, problems } = readTarget(env);
  const taskQueue = taskQueueFrom(env.ECS_NICS_TASK_QUEUE);
  if (taskQueue === null)
    problems.push(`ECS_NICS_TASK_QUEUE: ${TASK_QUEUE_FORM}${invisibleIn(env.ECS_NICS_TASK_QUEUE ?? '')}`);
  const uiUrl = valueOf(env, 'TEMPORAL_UI_URL')?.[1];
  if (uiUrl !== undefined && !isUiUrl(uiUrl)) {
    const form = 'must be an address such as https://temporal.example.com';
    problems.push(`TEMPORAL_UI_URL: ${form}${invisibleIn(uiUrl)}`);
  }
  return { target, taskQueue, problems };
}

/** One problem stays on its line; several stand below each other. */
export function listed(problems: readonly string[]): string {
  const lines = problems.map(cleanLine);
  return lines.length === 1 ? (lines[0] ?? '') : lines.map((line) => `\n  - ${line}`).join('');
}

/** The server id of a command line, folded. Throws {@link CliError} when it is none. */
export function checkServerId(typed: string): string {
  const serverId = foldedId(typed);
  if (isUuid(serverId)) return serverId;
  throw new CliError(EXIT.badInput, 'InvalidInput', `<server-id>: ${quoted(typed)} is not a UUID`);
}

export function pageOf(output: Output): ReportPage {
  const { columns, isTTY } = output.notes;
  // A program that reads a pipe expects whole lines, not columns.
  return { colors: output.colors, columns: isTTY ? columns || 80 : Infinity, now: Date.now() };
}

/** Resolves at the first Ctrl-C (or SIGTERM); a second one ends the process as usual. */
function onInterrupt(): { promise: Promise<void>; off(): void } {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  let listener = () => {};
  const promise = new Promise<void>((resolve) => {
    listener = () => resolve();
    for (const signal of signals) process.once(signal, listener);
  });
  return {
    promise,
    off: () => {
      for (const signal of signals) process.removeListener(signal, listener);
    },
  };
}
