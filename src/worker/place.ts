/**
 * Where a worker acts, as others can see it: its identity names project, region and foreign endpoints. Activities that are
 * meant for one place are declined by workers of another, so a queue that two places share makes runs wait; whoever runs
 * the workers is told before.
 */
import { hostname } from 'node:os';
import type { Config } from './config';
import { masked } from '../contract/text';
import { cloudTaskQueue } from '../contract/names';
import type { Temporal } from './temporal';

type Placed = Pick<Config, 'projectId' | 'region' | 'foreignHosts'>;

/** `temporal.api.enums.v1.TaskQueueType` */
const TASK_QUEUE_TYPE = { workflow: 1, activity: 2 } as const;
/** A worker's long poll lasts a minute; the server goes on listing a dead worker for five. */
const POLLER_FRESH_MS = 70_000;
const ASK_MS = 5_000;

/** `<pid>@<host> project=… region=…`, and ` endpoint=<host>` of endpoints that are not the vendor's. Holds no secret. */
export function identityOf(place: Placed): string {
  return `${process.pid}@${hostname()} ${placeOf(place)}`;
}

function placeOf({ projectId, region, foreignHosts }: Placed): string {
  const endpoint = foreignHosts.length === 0 ? '' : ` endpoint=${foreignHosts.join(',')}`;
  return `project=${projectId} region=${region}${endpoint}`;
}

/** The place that an identity names; `null`: none, so it is somebody else's worker, or one of an older version. */
function placeIn(identity: string): string | null {
  return /^\S+ (project=\S+ region=\S+(?: endpoint=\S+)?)$/.exec(identity)?.[1] ?? null;
}

/** Identities of workers that poll one of the two queues at present, and act in another place. Throws gRPC errors. */
export async function strangers(
  { connection, namespace }: Pick<Temporal, 'connection' | 'namespace'>,
  config: Placed & Pick<Config, 'taskQueue'>,
): Promise<string[]> {
  const ours = placeOf(config);
  const queues = [
    [config.taskQueue, TASK_QUEUE_TYPE.workflow],
    [cloudTaskQueue(config.taskQueue), TASK_QUEUE_TYPE.activity],
  ] as const;
  const found = await Promise.all(
    queues.map(async ([name, taskQueueType]) => {
      const { pollers } = await connection.withDeadline(Date.now() + ASK_MS, () =>
        connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name }, taskQueueType }),
      );
      return (pollers ?? []).flatMap(({ identity, lastAccessTime }) => {
        const place = placeIn(identity ?? '');
        const fresh = Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1_000 < POLLER_FRESH_MS;
        return fresh && place !== null && place !== ours ? [identity!] : [];
      });
    }),
  );
  return [...new Set(found.flat())].sort();
}

/** Names both places, and the remedy. */
export function strangersAdvice(
  identities: readonly string[],
  config: Placed & Pick<Config, 'taskQueue'>,
): string {
  // A poller writes what it likes into its identity.
  const told = identities.slice(0, 5).map((identity) => masked(identity.slice(0, 300)));
  const more = identities.length > told.length ? `, and ${identities.length - told.length} more` : '';
  return (
    `task queue ${config.taskQueue} is polled for another place, too: by ${told.join('; ')}${more}. This worker acts for ` +
    `${placeOf(config)}. Runs wait while the wrong one takes their calls: give each project a queue of its own ` +
    `(ECS_NICS_TASK_QUEUE, for its workers and starters), or stop the other workers`
  );
}
