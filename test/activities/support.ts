/** The activities over real HTTP, really signed, against a simulated cloud of their own. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createActivities } from '../../src/activities';
import type { CloudActivities } from '../../src/activities/agreement';
import type { Namespace } from '../../src/activities/support/dependencies';
import { createCloud } from '../../src/ecs/client';
import type { Cloud } from '../../src/ecs/cloud';
import { systemClock } from '../../src/ecs/clock';
import { accessKeys } from '../../src/ecs/credentials';
import { RateLimiter } from '../../src/ecs/limiter';
import type { Sets } from '../../src/ecs/sets';
import { createSets } from '../../src/ecs/sets';
import type { TransportLimits } from '../../src/ecs/transport';
import { DEFAULT_LIMITS, undiciTransport } from '../../src/ecs/transport';
import type { FaultSpec, ServerSpec } from '../../simulator';
import { createSimulator, DEFAULTS } from '../../simulator';

export const RUN = { workflowId: 'nics/x', runId: 'run-1' };

/** A namespace that knows no run. */
export const NO_RUN = async () => ({ kind: 'run' as const, document: null, why: 'not known' });

export const NONE_BEFORE = async () => ({ run: null, notLooked: null });

/** Sets of the cloud, with nobody to hear of them. */
export function setsOf(cloud: Cloud): Sets {
  const observer = { size: () => {}, fallback: () => {} };
  return createSets({ cloud, clock: systemClock, warn: () => {}, observer });
}

/** The activities of a worker of that cloud, with a namespace of the test's. */
export function activitiesOf(
  { projectId, region }: Bench['simulator'],
  origin: string,
  namespace: Partial<Namespace> = {},
  { sk = DEFAULTS.sk, limits = DEFAULT_LIMITS }: { sk?: string; limits?: TransportLimits } = {},
): CloudActivities {
  const cloud = createCloud({
    projectId,
    region,
    endpoints: { ecs: origin, vpc: origin },
    credentials: accessKeys({ ak: DEFAULTS.ak, sk }),
    transport: undiciTransport(limits),
    limiter: new RateLimiter(1_000, 100, systemClock),
    clock: systemClock,
    userAgent: 'test',
  });
  return createActivities({
    cloud,
    sets: setsOf(cloud),
    namespace: {
      searchAttributes: async () => [],
      previousOpenRun: NONE_BEFORE,
      awaits: async () => true,
      readRun: NO_RUN,
      isOpen: async () => null,
      ...namespace,
    },
    clock: systemClock,
    log: { info: () => {}, warn: () => {} },
    callsPerSecond: 10,
    workerStartedAt: Date.now(),
  });
}

export interface Bench {
  simulator: ReturnType<typeof createSimulator>;
  activitiesAt(origin: string, limits?: TransportLimits): CloudActivities;
  createServer(spec?: ServerSpec): { id: string; nics: string[] };
  fault(spec: FaultSpec): void;
  /** How many deletions reached the cloud. */
  posts(serverId: string): number;
  /** The machine of the worker stood still, its clock with it: the server has given up whatever is attempted. */
  suspended: boolean;
  /** Why Temporal can't be asked whether it still waits; `null`: it can. */
  unasked: string | null;
}

export function createBench(): Bench {
  const simulator = createSimulator();
  const bench: Bench = {
    suspended: false,
    unasked: null,
    simulator,
    activitiesAt: (origin, limits) => {
      const awaits = async () => {
        if (bench.unasked !== null) throw new Error(bench.unasked);
        return !bench.suspended;
      };
      return activitiesOf(simulator, origin, { awaits }, { limits });
    },
    createServer: (spec = {}) => {
      const server = simulator.control.createServer({ nics: 3, ...spec });
      return { id: server.id, nics: server.nics.map((nic) => nic.id) };
    },
    fault: (spec) => {
      simulator.control.addFault(spec);
    },
    posts: (serverId) =>
      simulator.ledger.forServer(serverId).requests.filter((entry) => entry.requestClass === 'delete').length,
  };
  return bench;
}

export function environmentOf(info: object = {}): MockActivityEnvironment {
  return new MockActivityEnvironment(
    {
      workflowExecution: RUN,
      startToCloseTimeoutMs: 60_000,
      currentAttemptScheduledTimestampMs: Date.now(),
      ...info,
    },
    { logger: new DefaultLogger('ERROR') },
  );
}

export function call<K extends keyof CloudActivities>(
  activities: CloudActivities,
  name: K,
  input: Parameters<CloudActivities[K]>[0],
  environment = environmentOf(),
): ReturnType<CloudActivities[K]> {
  const work = activities[name] as (input: unknown) => Promise<object>;
  const answer = environment.run<[unknown], object, typeof work>(work, input);
  return answer.then(withoutLearned) as ReturnType<CloudActivities[K]>;
}

/** What an activity itself answers; what every answer tells beside that has a test of its own (place.test.ts). */
export function withoutLearned(answer: object): object {
  return Object.fromEntries(Object.entries(answer).filter(([field]) => field !== 'searchAttributes'));
}
