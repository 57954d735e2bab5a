/** What every command needs: the connection, the queue, the link to a run, and Ctrl-C. */
import { DEFAULT_TASK_QUEUE, isUuid } from '../contract';
import type { Temporal } from '../connection';
import { connectTemporal, temporalTarget } from '../connection';
import { CliError, asCliError } from './errors';
import { EXIT } from './exit-codes';
import type { RunRef } from './link';
import { runLink, uiBase } from './link';
import type { Output } from './output';
import type { ReportPage } from './report';

export interface Context {
  temporal: Temporal;
  taskQueue: string;
  run(workflowId: string, runId: string): RunRef;
}

/** Connects, runs `command` and closes; every error becomes one that can be shown. */
export async function withTemporal<T>(
  command: (context: Context) => Promise<T>,
  interrupted: Promise<void> = new Promise(() => {}),
): Promise<T> {
  let target;
  try {
    target = temporalTarget();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(
      EXIT.starterFailed,
      'BadConfiguration',
      `the TEMPORAL_* settings can't be read: ${why}`,
    );
  }
  const { address, namespace } = target;
  let temporal: Temporal | null = null;
  try {
    const connecting = connectTemporal(target);
    temporal = (await Promise.race([connecting, interrupted])) ?? null;
    if (temporal === null) {
      connecting.catch(() => {});
      throw new CliError(EXIT.interrupted, 'Interrupted', 'interrupted; nothing was started.');
    }
    const base = uiBase(address, process.env.TEMPORAL_UI_URL);
    return await command({
      temporal,
      taskQueue: process.env.ECS_NICS_TASK_QUEUE || DEFAULT_TASK_QUEUE,
      run: (workflowId, runId) => ({ workflowId, runId, url: runLink(base, namespace, workflowId, runId) }),
    });
  } catch (error) {
    throw asCliError(error, target);
  } finally {
    // A long poll may still be open; it ends with the connection, and nobody waits for it.
    void temporal?.close().catch(() => {});
  }
}

export function checkServerId(serverId: string): void {
  if (isUuid(serverId)) return;
  throw new CliError(
    EXIT.badInput,
    'InvalidInput',
    `<server-id>: ${JSON.stringify(serverId)} is not a lower-case UUID`,
  );
}

export function pageOf(output: Output): ReportPage {
  return { colors: output.colors, columns: output.notes.columns || 80, now: Date.now() };
}

/** Resolves at the first Ctrl-C (or SIGTERM); a second one ends the process as usual. */
export function onInterrupt(): { promise: Promise<void>; off(): void } {
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
