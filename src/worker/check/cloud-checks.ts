/**
 * The part of `--check` that asks the cloud: it makes the reads of a run, for ids that do not exist. The cloud's answer
 * that they do not exist proves that it accepts the credentials and permits the read. Of the lists only that of elastic
 * IPs has to be permitted, since every inspection reads it. Where sets are not permitted, runs read one by one.
 */
import type { Config } from '../config';
import { formatDuration } from '../../contract/duration';
import { createCloud } from '../../ecs/client';
import { systemClock } from '../../ecs/clock';
import type { Cloud } from '../../ecs/cloud';
import { CloudError } from '../../ecs/errors';
import { RateLimiter } from '../../ecs/limiter';
import type { Transport } from '../../ecs/transport';
import { undiciTransport } from '../../ecs/transport';
import { version } from '../../version';
import type { Finding } from './finding';

const NOBODYS_UUID = '00000000-0000-4000-8000-000000000000';
const NOBODYS_UUID_TOO = '00000000-0000-4000-8000-000000000001';
const NOBODYS_JOB = '0'.repeat(32);

/** The very first read goes alone: if the cloud refuses the credentials, they are not sent again. */
const READS: Record<'ECS' | 'VPC', ((cloud: Cloud) => Promise<unknown>)[]> = {
  ECS: [
    (cloud) => cloud.showServer(NOBODYS_UUID),
    (cloud) => cloud.listInterfaces(NOBODYS_UUID),
    (cloud) => cloud.showJob(NOBODYS_JOB),
  ],
  VPC: [(cloud) => cloud.showPort(NOBODYS_UUID), (cloud) => cloud.listElasticIps()],
};

const SETS: ((cloud: Cloud) => Promise<unknown>)[] = [
  (cloud) => cloud.showServers(() => [NOBODYS_UUID, NOBODYS_UUID_TOO], 'comma'),
  (cloud) => cloud.showPorts(() => [NOBODYS_UUID, NOBODYS_UUID_TOO]),
];

/** Shorter than those of a run: an operator waits for the answer. */
const LIMITS = { connectMs: 5_000, headersMs: 5_000, bodyMs: 5_000, maxBodyBytes: 1024 * 1024 };

/** The cloud refuses signatures whose date is off by more (docs/cloud-api.md §5.2). */
const REFUSED_FROM_MS = 15 * 60_000;
/** A clock with such an error is not synchronized, and its error will grow. */
const WARN_FROM_MS = 60_000;

type CloudConfig = Pick<
  Config,
  'projectId' | 'region' | 'endpoints' | 'through' | 'credentials' | 'cloudRps'
>;

export async function checkCloud(config: CloudConfig): Promise<Finding[]> {
  const clock = new ClockReader();
  const inner = undiciTransport(LIMITS, config.through);
  const cloud = createCloud({
    projectId: config.projectId,
    region: config.region,
    endpoints: config.endpoints,
    credentials: config.credentials,
    transport: Object.assign(clock.reading(inner), { close: () => inner.close() }),
    limiter: new RateLimiter(config.cloudRps, 1, systemClock),
    clock: systemClock,
    userAgent: `ecs-nics/${version}`,
  });
  const findings: Finding[] = [];
  let refused = false;
  for (const [what, reads] of Object.entries(READS)) {
    const endpoint = what === 'ECS' ? config.endpoints.ecs : config.endpoints.vpc;
    let trouble: CloudError | null = null;
    for (const read of refused ? [] : reads) {
      trouble = await troubleOf(read(cloud));
      // Five wrong signatures lock a refused key; missing permissions (403) lock nothing.
      refused = trouble?.action === 'credentials' && trouble.httpStatus !== 403;
      if (trouble !== null) break;
    }
    findings.push(finding(what, endpoint, trouble, refused));
  }
  if (findings.every(({ status }) => status === 'ok')) findings.push(await checkSets(cloud));
  await cloud.close();
  const difference = clock.finding();
  return difference === null ? findings : [...findings, difference];
}

async function checkSets(cloud: Cloud): Promise<Finding> {
  for (const read of SETS) {
    const trouble = await troubleOf(read(cloud));
    if (trouble === null) continue;
    const text = `runs read one by one, which costs more calls: ${trouble.message}. ${trouble.hint}`;
    return { status: 'warning', what: 'sets', text };
  }
  return { status: 'ok', what: 'sets', text: 'many servers, and many ports, may be read with one call' };
}

/** `null`: the cloud answered, and would have returned the data. */
async function troubleOf(read: Promise<unknown>): Promise<CloudError | null> {
  try {
    await read;
    return null;
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    // `observe` with a code: the cloud's answer about the NICs of a missing server.
    const known = error.action === 'absent' || (error.action === 'observe' && error.code !== null);
    return known ? null : error;
  }
}

function finding(what: string, endpoint: string, trouble: CloudError | null, refused: boolean): Finding {
  if (trouble === null && refused) {
    const text =
      'not checked, since the cloud refuses the credentials: five wrong signatures lock a key for five minutes';
    return { status: 'skipped', what, text };
  }
  if (trouble === null) {
    return {
      status: 'ok',
      what,
      text: `${endpoint} answers: credentials, project and permission to read are right`,
    };
  }
  // The other hints of the table are for runs, which continue by themselves.
  const remedy =
    trouble.kind === 'withheld' || ['credentials', 'never', 'throttled'].includes(trouble.action)
      ? trouble.hint
      : `Check HUAWEICLOUD_${what}_ENDPOINT, and DNS, firewalls and proxies between worker and cloud; or try again later.`;
  const status = trouble.action === 'throttled' ? 'warning' : 'failed';
  return { status, what, text: `${endpoint}: ${trouble.message}. ${remedy}` };
}

/** Reads the cloud's clock from the header `Date` of its answers. */
class ClockReader {
  /** How far the local clock is ahead, in ms; from the quickest answer, which is the most exact one. */
  #ahead: { ms: number; tookMs: number } | null = null;

  reading(inner: Transport): Transport {
    return async (request) => {
      const before = Date.now();
      const answer = await inner(request);
      const tookMs = Date.now() - before;
      // The header has whole seconds, cut off: half a second more on average.
      const theirs = Date.parse(answer.headers.date ?? '') + 500;
      if (!Number.isNaN(theirs) && tookMs < (this.#ahead?.tookMs ?? Infinity)) {
        this.#ahead = { ms: before + tookMs / 2 - theirs, tookMs };
      }
      return answer;
    };
  }

  finding(): Finding | null {
    if (this.#ahead === null) return null;
    const { ms } = this.#ahead;
    const off = `${formatDuration(Math.abs(ms))} ${ms > 0 ? 'ahead of' : 'behind'} the cloud's`;
    if (Math.abs(ms) < WARN_FROM_MS) return { status: 'ok', what: 'clock', text: `in time with the cloud's` };
    return Math.abs(ms) < REFUSED_FROM_MS
      ? {
          status: 'warning',
          what: 'clock',
          text: `this machine's is ${off}: set it (NTP); from 15 minutes on the cloud refuses requests`,
        }
      : {
          status: 'failed',
          what: 'clock',
          text: `this machine's is ${off}: set it (NTP); from 15 minutes on the cloud refuses requests`,
        };
  }
}
