/** Drives a decommission run as another service does: with nothing but a Temporal client. For tests and bench. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { DecommissionStatus, ListedServer } from '../src/contract';
import { decommissionWorkflowId, PAGE_LIMITS } from '../src/contract';

const LOOK_EVERY_MS = 250;

export interface DecommissionRun {
  handle: WorkflowHandle;
  status(): Promise<DecommissionStatus>;
  /** Waits until `status` is as wanted. A worker that was just killed answers no query. @throws Error after that time */
  reaches(what: (status: DecommissionStatus) => boolean, withinMs: number): Promise<DecommissionStatus>;
  /** An Update of the person that the run was started for. */
  update(name: string, argument?: object): Promise<DecommissionStatus>;
}

export interface DecommissionOptions {
  run: string;
  taskQueue: string;
  settings: Record<string, unknown>;
  who: { by: string; reason: string };
  /** Servers of a page. */
  pageSize?: number;
}

/** Starts a run and gives it its list. */
export async function startDecommission(
  client: Client,
  servers: readonly ListedServer[],
  { run, taskQueue, settings, who, pageSize = PAGE_LIMITS.servers }: DecommissionOptions,
): Promise<DecommissionRun> {
  const handle = await client.workflow.start('decommission', {
    taskQueue,
    workflowId: decommissionWorkflowId(run),
    args: [settings],
    priority: { priorityKey: 4 },
  });
  const pages = Math.ceil(servers.length / pageSize);
  for (let page = 0; page < pages; page++) {
    const some = servers.slice(page * pageSize, (page + 1) * pageSize);
    await handle.executeUpdate('load', { args: [{ page, servers: some }] });
  }
  await handle.executeUpdate('loaded', { args: [{ pages, servers: servers.length }] });
  const status = () => handle.query<DecommissionStatus>('status');
  return {
    handle,
    status,
    reaches: async (what, withinMs) => {
      const until = Date.now() + withinMs;
      for (let last: DecommissionStatus | null = null; ;) {
        last = await status().catch(() => last);
        if (last !== null && what(last)) return last;
        if (Date.now() >= until)
          throw new Error(`not reached within ${withinMs / 1_000} s: ${JSON.stringify(last, null, 1)}`);
        await sleep(LOOK_EVERY_MS);
      }
    },
    update: (name, argument = {}) =>
      handle.executeUpdate<DecommissionStatus, [object]>(name, { args: [{ ...who, ...argument }] }),
  };
}

/** Approves the plan that stands, with its own digest and counts. */
export async function approve(run: DecommissionRun): Promise<DecommissionStatus> {
  const { digest, servers, nics } = await run.status();
  return run.update('approve', { digest, servers, nics });
}
