/** A decommission run of a test, on a stack of its own, as another service drives it. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll } from 'vitest';
import type { DecommissionStatus, ListedServer, PageReport, PlanDocument } from '../../src/contract';
import type { DecommissionRun } from '../../dev/decommission-run';
import { approve as approveNow, startDecommission } from '../../dev/decommission-run';
import type { Simulator } from '../../dev/simulator';
import { createServer, TIMING } from './e2e';
import type { WatchedStack } from './watched-stack';
import { startStack } from './watched-stack';

export const WHO = { by: 'tester', reason: 'a test' };
/** Far beyond what a worker needs that was just started anew. */
const USUAL_MS = 120_000;

export interface FleetRun extends DecommissionRun {
  plan(): Promise<PlanDocument>;
  /** As long as it takes, by default. */
  reaches(what: (status: DecommissionStatus) => boolean, withinMs?: number): Promise<DecommissionStatus>;
  report(): Promise<PageReport['servers']>;
}

export interface FleetStack {
  stack: WatchedStack;
  client: Client;
}

/** A stack for the tests of a block, begun before them and closed after them. */
export function fleetStack(label: string, callsPerSecond: number): FleetStack {
  const bed = {} as FleetStack;
  let connection: Connection | undefined;
  beforeAll(async () => {
    bed.stack = await startStack({ label, workerEnv: { ECS_NICS_CLOUD_RPS: String(callsPerSecond) } });
    const { address, namespace } = bed.stack.temporal;
    connection = await Connection.connect({ address });
    bed.client = new Client({ connection, namespace });
  });
  afterAll(async () => {
    await connection?.close();
    await bed.stack?.close();
  });
  return bed;
}

export interface FleetOptions {
  run: string;
  pageSize?: number;
  settings?: Record<string, unknown>;
}

export async function startFleet(
  { client, stack: { taskQueue } }: FleetStack,
  servers: readonly ListedServer[],
  { run, pageSize, settings = {} }: FleetOptions,
): Promise<FleetRun> {
  const started = await startDecommission(client, servers, {
    run,
    taskQueue,
    who: WHO,
    ...(pageSize === undefined ? {} : { pageSize }),
    settings: { maxServers: 10_000, timing: TIMING, undoWindow: '0s', requestedBy: 'tester', ...settings },
  });
  return {
    ...started,
    reaches: (what, withinMs = USUAL_MS) => started.reaches(what, withinMs),
    plan: () => started.handle.query<PlanDocument>('plan'),
    report: async () => {
      const { pages } = await started.status();
      const reports = await Promise.all(
        pages.map(({ workflowId }) => client.workflow.getHandle(workflowId).query<PageReport>('report')),
      );
      return reports.flatMap((page) => page.servers);
    },
  };
}

/** Approves the plan as soon as it stands. */
export async function approve(fleet: FleetRun): Promise<DecommissionStatus> {
  await fleet.reaches(({ phase }) => phase === 'planned');
  return approveNow(fleet);
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
