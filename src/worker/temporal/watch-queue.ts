/** What the worker logs about its queue: workers of another place, and whether new runs go to its build, or to nobody. */
import type { Logger } from '@temporalio/worker';
import type { Config } from '../config';
import { strangers, strangersAdvice } from './strangers';
import type { Temporal } from '../../client/connect';
import { routingOf } from '../../client/explain/silence';
import type { ClockOffset, Queue, Version } from '../../client/pollers';
import { livingOf, readQueues, sameVersion } from '../../client/pollers';
import { every } from '../connection-watch';

/** The server knows a deployment only after the first polls of its workers. */
const FIRST_MS = 5_000;
/** A worker for another place may start at any time; three cheap calls a minute. */
const EVERY_MS = 60_000;

type Told = Pick<Config, 'projectId' | 'region' | 'foreignHosts' | 'taskQueue' | 'deployment'>;

/** Logs each new fact once. Questions that fail (a permission, an old server) are not logged. */
export function watchQueue(temporal: Temporal, config: Told, log: Pick<Logger, 'info' | 'warn'>): void {
  const { deployment } = config;
  const told = new Set<string>();
  let routing = '';
  const look = async (): Promise<void> => {
    await Promise.allSettled([
      strangers(temporal, config).then((identities) => {
        const fresh = identities.filter((identity) => !told.has(identity));
        for (const identity of fresh) told.add(identity);
        if (fresh.length > 0) log.warn(strangersAdvice(fresh, config));
      }),
      ...(deployment === null
        ? []
        : [
            readQueues(temporal, config.taskQueue).then(async (listed) => {
              const queues = await livingOf(listed, clockBy(listed, deployment));
              const { isStuck, text } = routingOf(queues, deployment, temporal.namespace);
              if (text !== routing) log[isStuck ? 'warn' : 'info'](text);
              routing = text;
            }),
          ]),
    ]);
  };
  setTimeout(() => void look().then(() => every(EVERY_MS, look)), FIRST_MS).unref();
}

/** This worker polls, so the last poll of its version tells the server's clock: the local one may be wrong. */
function clockBy(queues: readonly Queue[], own: Version): ClockOffset {
  const polls = queues.flatMap(({ pollers }) => pollers.filter(({ version }) => sameVersion(version, own)));
  const last = Math.max(...polls.map(({ lastSeen }) => lastSeen));
  return () => Promise.resolve(polls.length === 0 ? 0 : last - Date.now());
}
