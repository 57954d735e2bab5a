/** Keeps the worker's share of the rate up to date: asks the server every 2 s who else polls the queue. */
import { hostname } from 'node:os';
import type { Logger } from '@temporalio/worker';
import type { Temporal } from '../../client/connect';
import { isForbidden, reasonOf } from '../../client/grpc';
import { readCallers } from '../../client/pollers';
import type { RateLimiter, Share } from '../../ecs/limiter';
import type { Config } from '../config';
import { Shares } from '../shares';
import { identityOf } from './strangers';

/** Thirty cheap calls a minute. A newcomer waits for the others to look (src/worker/shares.ts). */
const EVERY_MS = 2_000;
/** At the start: a worker that is alone must not be slow, and is listed some ms after its first poll. */
const AT_FIRST_MS = 250;

type Told = Pick<Config, 'projectId' | 'region' | 'foreignHosts' | 'taskQueue' | 'cloudRps'>;

/** Begins when the workers poll, and goes on while the process lives. */
export function watchShares(
  temporal: Temporal,
  config: Told,
  limiter: Pick<RateLimiter, 'share'>,
  log: Pick<Logger, 'info' | 'warn'>,
): void {
  const shares = new Shares(config.cloudRps, identityOf(config), hasEnded);
  let told = 1;
  let problem: 'forbidden' | 'passing' | null = null;
  const look = async (): Promise<Share> => {
    const share = shares.look(await readCallers(temporal, config.taskQueue), performance.now());
    problem = null;
    if (shares.workers !== told) {
      told = shares.workers;
      log.info(`${told} worker(s) share ${config.cloudRps} calls per second`);
    }
    return share;
  };
  /** `null`: the failure passes, and the share stays as it is. Told once while it lasts. */
  const failed = (error: unknown): Share | null => {
    const before = problem;
    problem = isForbidden(error) ? 'forbidden' : 'passing';
    const isNews = problem !== before;
    const failure = `the workers of task queue ${config.taskQueue} can't be counted (${reasonOf(error)})`;
    if (problem === 'passing') {
      if (isNews) log.warn(`${failure}: this one keeps its part of the rate, and asks again every 2 s`);
      return null;
    }
    const share = shares.unasked();
    if (isNews)
      log.warn(
        `${failure}: this one takes the part of one of ${shares.workers}. Allow its identity DescribeTaskQueue, or divide ` +
          `ECS_NICS_CLOUD_RPS by the number of workers`,
      );
    return share;
  };
  const next = async (): Promise<void> => {
    const share = await look().catch(failed);
    if (share !== null) limiter.share(share);
    setTimeout(() => void next(), problem === null && !shares.isKnown ? AT_FIRST_MS : EVERY_MS).unref();
  };
  void next();
}

/** Whether it is a process of this host that has ended: a worker that was killed is listed for a minute more. */
function hasEnded(identity: string): boolean {
  const [, pid, host] = /^(\d+)@(\S+)(?: |$)/.exec(identity) ?? [];
  if (host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
