/** The simulated cloud, the real client and the real activities in one process, all on one virtual clock. */
import { createActivities } from '../../src/activities';
import type { CloudActivities } from '../../src/contract/activities';
import { createCloud } from '../../src/ecs/client';
import type { CredentialProvider } from '../../src/ecs/credentials';
import { RateLimiter } from '../../src/ecs/limiter';
import type { Transport, TransportRequest, TransportResponse } from '../../src/ecs/transport';
import { DEFAULT_LIMITS, TransportError } from '../../src/ecs/transport';
import type { Simulator } from '../../simulator';
import { createSimulator, ManualClock } from '../../simulator';
import type { VirtualClock } from './adapter';

export interface World {
  clock: VirtualClock;
  simulator: Simulator;
  activities: CloudActivities;
  restarted: () => void;
  /** Epoch ms of the start of the worker process that is there now. */
  workerStartedAt: () => number;
}

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
  const simulator = createSimulator({ clock, signingClock: clock, auth, seed });
  const hangs = () =>
    simulator.control
      .faults()
      .reduce((sum, { what, struck }) => sum + (what.kind === 'hang' ? struck : 0), 0);
  /** A hanging injection never settles: known by the fault that has struck. One request at a time, so it is this one. */
  async function unlessHanging<T>(injection: Promise<T>): Promise<T | 'hangs'> {
    if (!simulator.control.faults().some(({ what }) => what.kind === 'hang')) return injection;
    const before = hangs();
    let settled = false;
    const settling = injection.finally(() => {
      settled = true;
    });
    settling.catch(() => undefined);
    while (!settled) {
      if (hangs() > before) return 'hangs';
      await new Promise((resolve) => setImmediate(resolve));
    }
    return settling;
  }
  const transport: Transport & { close(): Promise<void> } = Object.assign(
    async (request: Parameters<Transport>[0]) => {
      request.beforeWrite?.();
      try {
        const answer = await unlessHanging(
          simulator.app.inject({
            method: request.method,
            url: request.path,
            headers: request.headers,
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
  const virtual = { now: () => clock.now(), sleep: async (ms: number) => clock.advance(ms) };
  const dependencies = {
    cloud: createCloud({
      projectId: simulator.projectId,
      region: simulator.region,
      endpoints: { ecs: 'http://cloud.test', vpc: 'http://cloud.test' },
      credentials: credentialsOf?.({ clock, transport, projectId: simulator.projectId }) ?? {
        authorize: async ({ headers }) => ({ ...headers }),
      },
      transport,
      limiter: new RateLimiter(1_000, 100, virtual),
      clock: virtual,
      userAgent: 'test',
    }),
    namespace: {
      searchAttributes: ['EcsServerId', 'NicsPhase', 'NicsOutcome'],
      previousOpenRun: async () => null,
    },
    clock: virtual,
    log: { info: () => {}, warn: () => {} },
    workerStartedAt: clock.now(),
  };
  return {
    clock,
    simulator,
    activities: createActivities(dependencies),
    restarted: () => {
      dependencies.workerStartedAt = clock.now();
    },
    workerStartedAt: () => dependencies.workerStartedAt,
  };
}
