/** A decommission run as another service drives it: with nothing but a Temporal client. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { DecommissionStatus, ListedServer, PageReport, PlanDocument } from '../../src/contract';
import { decommissionWorkflowId } from '../../src/contract';
import { until } from '../../dev/ports';
import type { Simulator } from '../../dev/simulator';
import { createServer, TIMING } from './e2e';

export const WHO = { by: 'tester', reason: 'a test' };

export interface FleetRun {
  handle: WorkflowHandle;
  status(): Promise<DecommissionStatus>;
  plan(): Promise<PlanDocument>;
  /** Waits, as long as it takes, until `status` is as wanted. */
  reaches(what: (status: DecommissionStatus) => boolean, forMs?: number): Promise<DecommissionStatus>;
  update(name: string, argument?: object): Promise<DecommissionStatus>;
  report(): Promise<PageReport['servers']>;
}

export interface FleetOptions {
  run: string;
  taskQueue: string;
  pageSize?: number;
  settings?: Record<string, unknown>;
}

export async function startFleet(
  client: Client,
  servers: readonly ListedServer[],
  { run, taskQueue, pageSize = 100, settings = {} }: FleetOptions,
): Promise<FleetRun> {
  const handle = await client.workflow.start('decommission', {
    taskQueue,
    workflowId: decommissionWorkflowId(run),
    args: [{ maxServers: 10_000, timing: TIMING, undoWindow: '0s', requestedBy: 'tester', ...settings }],
    priority: { priorityKey: 4 },
  });
  const fleet = fleetOf(client, handle);
  const pages = Math.ceil(servers.length / pageSize);
  for (let page = 0; page < pages; page++) {
    const some = servers.slice(page * pageSize, (page + 1) * pageSize);
    await handle.executeUpdate('load', { args: [{ page, servers: some }] });
  }
  await handle.executeUpdate('loaded', { args: [{ pages, servers: servers.length }] });
  return fleet;
}

export function fleetOf(client: Client, handle: WorkflowHandle): FleetRun {
  const status = () => handle.query<DecommissionStatus>('status');
  return {
    handle,
    status,
    plan: () => handle.query<PlanDocument>('plan'),
    reaches: async (what, forMs = 120_000) => {
      let last = await status();
      const reached = await until(async () => {
        // A worker that was just killed answers no query.
        last = await status().catch(() => last);
        return what(last);
      }, forMs);
      if (!reached) throw new Error(`not reached within ${forMs} ms: ${JSON.stringify(last, null, 1)}`);
      return last;
    },
    update: (name, argument = {}) =>
      handle.executeUpdate<DecommissionStatus, [object]>(name, { args: [{ ...WHO, ...argument }] }),
    report: async () => {
      const { pages } = await status();
      const reports = await Promise.all(
        pages.map(({ workflowId }) => client.workflow.getHandle(workflowId).query<PageReport>('report')),
      );
      return reports.flatMap(({ servers }) => servers);
    },
  };
}

/** Approves the plan that stands, with its own digest and counts. */
export async function approve(fleet: FleetRun): Promise<DecommissionStatus> {
  await fleet.reaches(({ phase }) => phase === 'planned');
  const { digest, servers, nics } = await fleet.plan();
  return fleet.update('approve', { digest, servers, nics });
}

/** Servers of the simulated cloud as lines of a list. */
export async function createFleet(
  simulator: Simulator,
  count: number,
  settings: (n: number) => Record<string, unknown> = () => ({}),
): Promise<ListedServer[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const { id, nics } = await createServer(simulator, settings(n));
      return { serverId: id, nics: nics.map((nic) => ({ id: nic })) };
    }),
  );
}
