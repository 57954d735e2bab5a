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

/**
 * Begins when the workers poll, and goes on while the process lives.
 * @param onLook told after each look
 */
export function watchShares(
  temporal: Temporal,
  config: Told,
  limiter: Pick<RateLimiter, 'share'>,
  log: Pick<Logger, 'info' | 'warn'>,
  onLook: () => void,
): void {
  const shares = new Shares(config.cloudRps, identityOf(config), hasEnded);
  let told = 1;
  let isWarned = false;
  const look = async (): Promise<void> => {
    let share: Share;
    try {
      share = shares.look(await readCallers(temporal, config.taskQueue), performance.now());
      if (shares.workers !== told) {
        told = shares.workers;
        log.info(`${told} worker(s) share ${config.cloudRps} calls per second`);
      }
    } catch (error) {
      // Any other failure passes, and what was known stays.
      if (!isForbidden(error)) return;
      share = shares.unasked();
      if (!isWarned) {
        isWarned = true;
        log.warn(
          `the workers of task queue ${config.taskQueue} can't be counted (${reasonOf(error)}): this one takes the part of ` +
            `one of ${shares.workers}. Allow its identity DescribeTaskQueue, or divide ECS_NICS_CLOUD_RPS by the number of workers`,
        );
      }
    }
    limiter.share(share);
    onLook();
  };
  const again = (): void => void setTimeout(next, shares.isKnown ? EVERY_MS : AT_FIRST_MS).unref();
  const next = (): void => void look().then(again, again);
  next();
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
