/** Credentials on a clock that stands still, in front of a cloud whose answers are made one by one. */
import type { Clock } from '../../../src/ecs/clock';
import type { CredentialProvider } from '../../../src/ecs/credentials';
import { accessKeys, guarded } from '../../../src/ecs/credentials';
import { RateLimiter } from '../../../src/ecs/limiter';
import type { Transport, TransportRequest } from '../../../src/ecs/transport';
import { clientOf } from '../support';
import type { Canned } from '../support';

export class StillClock implements Clock {
  constructor(private at = Date.UTC(2026, 0, 5, 10)) {}

  now(): number {
    return this.at;
  }

  async sleep(ms: number): Promise<void> {
    this.at += ms;
  }

  advance(ms: number): void {
    this.at += ms;
  }
}

export const SECOND = 1_000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;

export const WRONG: Canned = {
  status: 401,
  headers: { 'x-request-id': 'req-401' },
  body: {
    error_code: 'APIGW.0301',
    error_msg: 'Incorrect IAM authentication information: verify aksk signature fail',
  },
};
/** A job that runs. */
export const GOOD: Canned = { body: { status: 'RUNNING', entities: {} } };

/** A cloud that keeps every request until the test answers it. */
export class SlowCloud {
  readonly requests: TransportRequest[] = [];
  private readonly waiting: ((answer: Canned | Error) => void)[] = [];

  readonly transport: Transport = async (request) => {
    request.beforeWrite?.();
    this.requests.push(request);
    const answer = await new Promise<Canned | Error>((resolve) => this.waiting.push(resolve));
    if (answer instanceof Error) throw answer;
    const { status = 200, headers = {}, body = '' } = answer;
    return { status, headers, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) };
  };

  /** Answers the oldest request that waits. */
  async answer(answer: Canned | Error): Promise<void> {
    await settled();
    const next = this.waiting.shift();
    if (next === undefined) throw new Error('no request waits');
    next(answer);
    await settled();
  }

  get open(): number {
    return this.waiting.length;
  }
}

/** All that can go on without anybody's doing has gone on. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** These tests make calls faster than any rate would let them. */
export const unlimited = (clock: Clock) => new RateLimiter(1e9, 1e9, clock);

export function guardedClient(
  clock: StillClock,
  inner: CredentialProvider = accessKeys({ ak: 'AKID', sk: 'SK' }),
) {
  const slow = new SlowCloud();
  const credentials = guarded(inner, clock);
  const cloud = clientOf('http://cloud.test', {
    transport: slow.transport,
    credentials,
    clock,
    limiter: unlimited(clock),
  });
  return { slow, credentials, cloud };
}
