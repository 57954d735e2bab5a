/** The simulated cloud, the real client and the real activities in one process, all on one virtual clock. */
import type { EventFields, EventName } from '../../../src/contract/events';
import { EVENTS, sentenceOf } from '../../../src/contract/events';
import type { Cloud } from '../../../src/ecs/cloud';
import type { Client } from '@temporalio/client';
import type { Logger } from '@temporalio/worker';
import type { CloudActivities, ReadRunResult } from '../../../src/activities/agreement';
import type { ActivityAttempt } from '../../../src/activities/support/dependencies';
import type { CredentialProvider } from '../../../src/ecs/credentials';
import type { Transport, TransportRequest, TransportResponse } from '../../../src/ecs/transport';
import type { Simulator } from '../../../simulator';
import { createSimulator, ManualClock } from '../../../simulator';
import type { Crowd } from './crowd';
import { crowded } from './crowd';
import type { RunRecord, Surroundings, VirtualClock } from './surroundings';
import type { Product } from './product';
import { inPlay, product as ours } from './product';

export interface World extends Surroundings {
  simulator: Simulator;
  records: RunRecord[];
  /** Epoch ms of the start of the worker process that is there now. */
  workerStartedAt: () => number;
  /** While this is so no connection to the cloud comes about. */
  unreachable: (now: number) => boolean;
  /** So many questions for earlier runs are not answered. */
  lookUpsFail: number;
  /** The server has given up whatever is attempted, and the worker's clock has not moved. */
  suspended: boolean;
  /** Whether questions for earlier runs are forbidden. */
  lookUpsForbidden: boolean;
  /** Search attributes of ours that the namespace has; may change while a run is open. */
  namespaceHas: string[];
  /** What makes the stranger's place another one. */
  strangersHave: 'another project' | 'another region';
  /** Other servers that the worker is busy with; `null`: none. */
  crowd: Crowd | null;
  /** What reads of sets came to, of all workers. */
  sets: { calls: number; largest: number; fallbacks: number };
  /** Lines that the worker has logged, each with how many requests the cloud had seen by then. */
  logged: { message: string; sentBefore: number }[];
}

/** A project and endpoints that the run is not meant for; nothing of its server exists there. */
export const OTHER_PROJECT = 'fedcba9876543210fedcba9876543210';
const OTHER_ORIGIN = 'http://elsewhere.test';

/** Credentials on the world's clock, asking the world's IAM and metadata service. */
export type CredentialsOf = (world: {
  clock: VirtualClock;
  transport: Transport;
  projectId: string;
}) => CredentialProvider;

export interface WorldOptions {
  auth?: 'none' | 'verify';
  /** What becomes of an answer on its way; what it throws is what the client meets. */
  answered?: (request: TransportRequest, answer: TransportResponse) => TransportResponse;
}

/** @param credentialsOf without it nobody has to prove who it is */
export function createWorld(
  seed: number,
  credentialsOf?: CredentialsOf,
  { auth = credentialsOf === undefined ? 'none' : 'verify', answered }: WorldOptions = {},
): World {
  const clock = new ManualClock();
  const simulator = createSimulator({
    clock,
    signingClock: clock,
    auth,
    seed,
    otherProjects: [OTHER_PROJECT],
  });
  return worldOf(simulator, clock, inPlay()?.product ?? ours, credentialsOf, answered);
}

/** Worlds for many schedules, one after the other: all that is costly is made once. */
export function worldMaker(product: Product = ours): () => World {
  const clock = new ManualClock();
  const beginning = clock.now();
  const otherProjects = [OTHER_PROJECT];
  const simulator = createSimulator({ clock, signingClock: clock, auth: 'none', seed: 1, otherProjects });
  return () => {
    clock.advance(beginning - clock.now());
    simulator.control.reset();
    return worldOf(simulator, clock, product);
  };
}

function worldOf(
  simulator: Simulator,
  clock: VirtualClock,
  product: Product,
  credentialsOf?: CredentialsOf,
  answered?: WorldOptions['answered'],
): World {
  const { createActivities, createCloud, createSets, DEFAULT_LIMITS, RateLimiter, TransportError } = product;
  const { requests } = simulator.ledger;
  let numbered = 0;
  const transport: Transport & { close(): Promise<void> } = Object.assign(
    async (request: Parameters<Transport>[0]) => {
      if (request.method !== 'GET') await world.beforeWrite?.();
      request.beforeWrite?.();
      if (world.unreachable(clock.now())) throw new TransportError('network', 'no', 'ECONNREFUSED');
      const id = `request-${++numbered}`;
      try {
        const answer = await unlessHanging(
          simulator,
          id,
          simulator.app.inject({
            method: request.method,
            // Elsewhere nothing of the project exists.
            url:
              request.origin === OTHER_ORIGIN
                ? request.path.replace(simulator.projectId, OTHER_PROJECT)
                : request.path,
            headers: { ...request.headers, 'x-request-id': id },
            ...(request.body === null ? {} : { payload: request.body }),
          }),
        );
        if (answer === 'hangs') {
          clock.advance(DEFAULT_LIMITS.headersMs);
          throw new TransportError('timeout', 'maybe', 'UND_ERR_HEADERS_TIMEOUT');
        }
        const headers = Object.fromEntries(
          Object.entries(answer.headers).map(([name, value]) => [name, String(value)]),
        );
        const received = { status: answer.statusCode, headers, body: answer.rawPayload };
        return answered?.(request, received) ?? received;
      } catch (error) {
        if (error instanceof TransportError) throw error;
        throw new TransportError('network', 'maybe', 'other side closed');
      }
    },
    { close: async () => {} },
  );
  // As timers of Node do, and `Date.now()`: by whole ms, one at least. Who gets a fraction for a timer throws.
  const sleep = async (ms: number) => clock.advance(Math.max(1, Math.trunc(ms)));
  const virtual = { now: () => clock.now(), sleep };
  const logged: World['logged'] = [];
  const note = (name: string, fields: EventFields = {}) => {
    const message = Object.hasOwn(EVENTS, name) ? sentenceOf(name as EventName, fields) : name;
    logged.push({ message, sentBefore: requests.length });
  };
  const log = { info: note, warn: note };
  const records: RunRecord[] = [];
  const client = clientOf(records, () =>
    world.lookUpsForbidden ? 'PERMISSION_DENIED' : world.lookUpsFail-- > 0 ? 'UNAVAILABLE' : null,
  );
  const cloudOf = (projectId: string, region: string, origin: string) =>
    createCloud({
      projectId,
      region,
      endpoints: { ecs: origin, vpc: origin },
      credentials: credentialsOf?.({ clock, transport, projectId: simulator.projectId }) ?? {
        authorize: async ({ headers }) => ({ ...headers }),
      },
      transport,
      limiter: new RateLimiter(1_000, 100, virtual),
      clock: virtual,
      userAgent: 'test',
    });
  const observed: World['sets'] = { calls: 0, largest: 0, fallbacks: 0 };
  const observer = {
    size: (_operation: string, things: number) => {
      observed.calls += 1;
      observed.largest = Math.max(observed.largest, things);
    },
    fallback: () => void (observed.fallbacks += 1),
  };
  const readingBy = (cloud: Cloud) => ({
    cloud,
    sets: crowded(createSets({ cloud, clock: virtual, warn: note, observer }), cloud, () => world.crowd),
  });
  const dependencies = {
    ...readingBy(cloudOf(simulator.projectId, simulator.region, 'http://cloud.test')),
    namespace: {
      searchAttributes: async () => [...world.namespaceHas],
      previousOpenRun: (run: { workflowId: string; runId: string }) =>
        product.previousOpenRun(client, run, log as unknown as Logger, clock.now()),
      awaits: async (attempt: ActivityAttempt) => !world.suspended && world.awaits?.(attempt) !== false,
      readRun: async (run: { workflowId: string; runId: string }) => documentOf(records, run),
      isOpen: async (workflowId: string) => world.isOpen?.(workflowId) ?? null,
    },
    clock: virtual,
    log,
    callsPerSecond: 10,
    workerStartedAt: clock.now(),
  };
  const strangers = {
    'another project': () => cloudOf(OTHER_PROJECT, simulator.region, 'http://cloud.test'),
    'another region': () => cloudOf(simulator.projectId, 'eu-west-999', OTHER_ORIGIN),
  };
  const workers: Partial<Record<World['strangersHave'], CloudActivities>> = {};
  const world: World = {
    get stranger() {
      const which = world.strangersHave;
      return (workers[which] ??= createActivities({
        ...dependencies,
        ...readingBy(strangers[which]()),
      }));
    },
    strangersHave: 'another project',
    onlyStrangers: () => false,
    registered: () => world.namespaceHas,
    namespaceHas: ['EcsServerId', 'NicsPhase', 'NicsOutcome'],
    logged,
    crowd: null,
    sets: observed,
    clock,
    simulator,
    activities: createActivities(dependencies),
    restarted: () => {
      dependencies.workerStartedAt = clock.now();
      // A new process has learned nothing yet.
      Object.assign(dependencies, readingBy(dependencies.cloud));
      Object.assign(world.activities, createActivities(dependencies) satisfies CloudActivities);
    },
    requests: () => requests.length,
    records,
    workerStartedAt: () => dependencies.workerStartedAt,
    unreachable: () => false,
    lookUpsFail: 0,
    suspended: false,
    lookUpsForbidden: false,
  };
  return world;
}

/** A hanging injection never settles: known by the ledger, which tells what has struck the request. */
async function unlessHanging<T>(
  simulator: Simulator,
  id: string,
  injection: Promise<T>,
): Promise<T | 'hangs'> {
  const hanging = new Set(
    simulator.control.faults().flatMap(({ id: fault, what }) => (what.kind === 'hang' ? [fault] : [])),
  );
  if (hanging.size === 0) return injection;
  let settled = false;
  const settling = injection.finally(() => {
    settled = true;
  });
  settling.catch(() => undefined);
  while (!settled) {
    const entry = simulator.ledger.requests.findLast(({ callerRequestId }) => callerRequestId === id);
    if (entry?.faults?.some((fault) => hanging.has(fault)) === true) {
      // It may be a fault that came too late: then there is an answer in a moment.
      for (let turn = 0; turn < 20 && !settled; turn++) await new Promise((next) => setImmediate(next));
      if (!settled) return 'hangs';
    }
    await new Promise((next) => setImmediate(next));
  }
  return settling;
}

const GRPC = { UNAVAILABLE: 14, PERMISSION_DENIED: 7 };

/** What the server tells of runs, newest first, as its client has it. */
function clientOf(records: RunRecord[], fails: () => keyof typeof GRPC | null): Client {
  return {
    workflow: {
      list: async function* ({ query }: { query: string }) {
        const failure = fails();
        if (failure !== null) throw Object.assign(new Error(failure), { code: GRPC[failure] });
        for (const { workflowId, runId } of [...records].reverse())
          if (query === `WorkflowId = '${workflowId}'`) yield await Promise.resolve({ runId });
      },
      getHandle: (_workflowId: string, wanted: string) => ({
        describe: async () => {
          const record = records.find(({ runId }) => runId === wanted);
          if (record === undefined) throw Object.assign(new Error('not found'), { code: 5 });
          return { memo: record.memo, status: { name: record.status } };
        },
      }),
    },
  } as unknown as Client;
}

/** What a client reads of a run at its end, along the chain that it began. */
function documentOf(records: RunRecord[], run: { workflowId: string; runId: string }): ReadRunResult {
  const ofServer = records.filter(({ workflowId }) => workflowId === run.workflowId);
  const from = ofServer.findIndex(({ runId }) => runId === run.runId);
  const last = ofServer.slice(Math.max(from, 0)).find(({ status }) => status !== 'CONTINUED_AS_NEW');
  const closed = from >= 0 && last !== undefined && last.status !== 'RUNNING';
  if (!closed) return { kind: 'run', document: null, why: from < 0 ? 'not known' : 'still open' };
  return { kind: 'run', document: last.document, why: null };
}

export function serverOf({ simulator }: World, settings: object = {}): { id: string; nics: string[] } {
  const server = simulator.control.createServer({ nics: 4, jobSeconds: 12, ...settings });
  return { id: server.id, nics: server.nics.filter((nic) => !nic.primary).map((nic) => nic.id) };
}
