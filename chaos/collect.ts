/** Reads all that is to be judged: the cloud's record, and every history. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import type { ServerState } from '../simulator/compute/nic-states';
import { temporalOf } from '../src/client/connect';
import { inParallel } from '../src/client/decommission/parallel';
import { readReport } from '../src/client/decommission/join';
import { findDecommission, readDecommission } from '../src/client/decommission/read';
import type { DecommissionStatus, ReportServer, ResultDocument } from '../src/contract';
import { decommissionOf, decommissionWorkflowId, pageWorkflowId, serverIdOf } from '../src/contract';
import type { End, Facts, FleetFacts, Ledger, NaiveFacts, PageFacts, RunFacts } from './judge/facts';
import type { World } from './world';

export type History = temporal.api.history.v1.IHistory;
type Event = temporal.api.history.v1.IHistoryEvent;

/** The server has two cores, and other things to do. */
const AT_A_TIME = 6;

/** One execution. */
export interface Execution {
  workflowId: string;
  runId: string;
  type: string;
  history: History;
  firstRunId: string;
  startedAt: number;
  /** Infinity: open. */
  closedAt: number;
  /** How its last event has it; `continued`: as new. */
  end: End | 'continued';
  input: unknown;
  /** Workflow id of who has started it. */
  parentId: string | null;
  result: unknown;
  wasReset: boolean;
}

export async function readExecutions({ stage }: World): Promise<Execution[]> {
  const { client, taskQueue } = stage;
  const found: { workflowId: string; runId: string; type: string }[] = [];
  for await (const { workflowId, runId, type } of client.workflow.list({
    query: `TaskQueue = '${taskQueue}'`,
  }))
    found.push({ workflowId, runId, type });
  return inParallel(found, AT_A_TIME, async (one) => {
    const history = await client.workflow.getHandle(one.workflowId, one.runId).fetchHistory();
    return executionOf(one, history);
  });
}

export function executionOf(
  one: Pick<Execution, 'workflowId' | 'runId' | 'type'>,
  history: History,
): Execution {
  const events = history.events ?? [];
  const started = events[0]?.workflowExecutionStartedEventAttributes;
  const last = events.at(-1);
  const [end, result] = endOf(last);
  return {
    ...one,
    history,
    firstRunId: started?.firstExecutionRunId || one.runId,
    startedAt: timeOf(events[0]),
    closedAt: end === 'open' ? Infinity : timeOf(last),
    end,
    input: decoded(started?.input?.payloads),
    parentId: started?.parentWorkflowExecution?.workflowId || null,
    result,
    wasReset: events.some(({ workflowTaskFailedEventAttributes: failed }) => Boolean(failed?.newRunId)),
  };
}

function endOf(last: Event | undefined): [Execution['end'], unknown] {
  if (last === undefined) return ['open', null];
  const {
    workflowExecutionCompletedEventAttributes: completed,
    workflowExecutionFailedEventAttributes: failed,
    workflowExecutionCanceledEventAttributes: cancelled,
    workflowExecutionTerminatedEventAttributes: terminated,
    workflowExecutionTimedOutEventAttributes: timedOut,
    workflowExecutionContinuedAsNewEventAttributes: continued,
  } = last;
  if (completed) return ['completed', decoded(completed.result?.payloads)];
  if (failed) return ['failed', decoded(failed.failure?.applicationFailureInfo?.details?.payloads)];
  if (cancelled) return ['cancelled', null];
  if (terminated) return ['terminated', null];
  if (timedOut) return ['timed-out', null];
  return continued ? ['continued', null] : ['open', null];
}

function decoded(payloads: temporal.api.common.v1.IPayload[] | null | undefined): unknown {
  const payload = payloads?.[0];
  return payload === undefined ? null : defaultPayloadConverter.fromPayload(payload);
}

function timeOf(event: Event | undefined): number {
  return Number(event?.eventTime?.seconds ?? 0) * 1_000 + Math.floor((event?.eventTime?.nanos ?? 0) / 1e6);
}

/** Executions that are one start: those that continue each other as new, and those that a reset put in their place. */
interface Start {
  workflowId: string;
  first: Execution;
  last: Execution;
  chain: Execution[];
}

function starts(executions: readonly Execution[]): Start[] {
  const byFirst = new Map<string, Execution[]>();
  // One that is open ends last.
  for (const each of [...executions].sort((a, b) => a.closedAt - b.closedAt)) {
    const key = `${each.workflowId} ${each.firstRunId}`;
    byFirst.set(key, [...(byFirst.get(key) ?? []), each]);
  }
  return [...byFirst.values()].flatMap((chain) => {
    const [first, last] = [chain[0], chain.at(-1)];
    return first && last ? [{ workflowId: first.workflowId, first, last, chain }] : [];
  });
}

const endsAs = (last: Execution): End => (last.end === 'continued' ? 'open' : last.end);

export async function readFacts(
  world: World,
  executions: readonly Execution[],
  leftOpen: string[],
): Promise<Facts> {
  const { stage } = world;
  const { simulator, client } = stage;
  const all = starts(executions);
  const [ledger, { violations }] = await Promise.all([
    simulator.get<Ledger>('/_sim/ledger'),
    simulator.get<{ violations: Facts['invariants'] }>('/_sim/invariants'),
  ]);
  const servers = await inParallel(world.servers, AT_A_TIME, async ({ serverId, primary, before }) => {
    const truth = await simulator.get<{ nics: { id: string }[] }>(`/_sim/truth/${serverId}`);
    const after = await simulator.get<ServerState>(`/_sim/servers/${serverId}/state`);
    return {
      serverId,
      primary,
      known: truth.nics.map(({ id }) => id),
      before: before.nics,
      after: after.nics,
    };
  });
  const ofServers = all.filter(({ workflowId }) => workflowId.startsWith('nics/'));
  return {
    ...{ ledger, servers, leftOpen },
    invariants: violations,
    runs: await inParallel(ofServers, AT_A_TIME, (chain) => runOf(chain, client)),
    fleets: await inParallel(world.fleets, 1, (fleet) => fleetOf(fleet, all, client)),
    naive: all.filter(({ workflowId }) => workflowId.startsWith('naive/')).map(naiveOf),
    troubles: stage.troubles,
  };
}

async function runOf({ first, last, chain }: Start, client: Client): Promise<RunFacts> {
  const end = endsAs(last);
  const parent = decommissionOf(first.parentId ?? '');
  return {
    workflowId: first.workflowId,
    runIds: chain.map(({ runId }) => runId),
    type: first.type,
    serverId: serverIdOf(first.workflowId) ?? '',
    fleet: parent === undefined || parent.page === null ? null : { run: parent.run, page: parent.page },
    input: first.input ?? {},
    startedAt: Math.min(...chain.map(({ startedAt }) => startedAt)),
    closedAt: last.closedAt,
    end,
    document: end === 'cancelled' ? await statusOf(client, last) : (last.result as ResultDocument | null),
    wasReset: chain.some(({ wasReset }) => wasReset),
  };
}

/** Workers have to answer, and on a busy machine one that has just come back takes its time. */
const TRIES = 8;
const PAUSE_MS = 4_000;

/** `null`: also in the end there is none. */
async function insist<T>(ask: () => Promise<T | null>): Promise<T | null> {
  for (let tries = 1; ; tries++) {
    const answer = await ask().catch(() => null);
    if (answer !== null || tries === TRIES) return answer;
    await sleep(PAUSE_MS);
  }
}

/** The document of a cancelled run stands in its status alone. */
function statusOf(client: Client, { workflowId, runId }: Execution): Promise<ResultDocument | null> {
  const handle = client.workflow.getHandle(workflowId, runId);
  return insist(() => handle.query<ResultDocument>('status'));
}

async function fleetOf(
  { run, pages }: World['fleets'][number],
  all: readonly Start[],
  client: Client,
): Promise<FleetFacts> {
  const own = all
    .filter(({ workflowId }) => workflowId === decommissionWorkflowId(run))
    .flatMap(({ chain }) => chain);
  const last = own.sort((a, b) => a.closedAt - b.closedAt).at(-1);
  const status = (last?.result ?? null) as DecommissionStatus | null;
  return {
    run,
    end: last === undefined ? 'open' : endsAs(last),
    closedAt: last?.closedAt ?? Infinity,
    wasReset: own.some(({ wasReset }) => wasReset),
    approvedAt: approvedAt(own),
    counts: status?.counts ?? null,
    outcome: status?.outcome ?? null,
    report: last === undefined ? null : await reportOf(run, client),
    pages: pages.flatMap((listed, page): PageFacts[] => {
      const chain = all
        .filter(({ workflowId }) => workflowId === pageWorkflowId(run, page))
        .flatMap((start) => start.chain);
      const end = chain.sort((a, b) => a.closedAt - b.closedAt).at(-1);
      if (end === undefined) return [];
      return [
        {
          ...{ run, page, listed },
          startedAt: Math.min(...chain.map(({ startedAt }) => startedAt)),
          closedAt: end.closedAt,
          end: endsAs(end),
          wasReset: chain.some(({ wasReset }) => wasReset),
          isKnown: status === null || status.pages.some(({ workflowId }) => workflowId === end.workflowId),
        },
      ];
    }),
  };
}

function approvedAt(executions: readonly Execution[]): number | null {
  const times = executions.flatMap(({ history }) =>
    (history.events ?? []).flatMap((event) => {
      const name = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input?.name;
      return name === 'approve' ? [timeOf(event)] : [];
    }),
  );
  return times.length === 0 ? null : Math.min(...times);
}

/** As an operator reads it. */
async function reportOf(run: string, client: Client): Promise<ReportServer[] | null> {
  const temporal = temporalOf(client);
  let last: ReportServer[] | null = null;
  const whole = await insist(async () => {
    const answer = await readDecommission(temporal, await findDecommission(temporal, run));
    if ('why' in answer) return null;
    const { servers, unreadable } = await readReport(temporal, answer.document);
    last = servers;
    return unreadable.length > 0 ? null : servers;
  });
  // A page that was terminated before its first task can never be asked: its lines say that nobody knows.
  return whole ?? last;
}

function naiveOf({ first, last }: Start): NaiveFacts {
  const { serverId, nicIds } = first.input as { serverId: string; nicIds: string[] };
  return {
    ...{ workflowId: first.workflowId, serverId, nicIds },
    startedAt: first.startedAt,
    closedAt: last.closedAt,
    end: endsAs(last),
  };
}
