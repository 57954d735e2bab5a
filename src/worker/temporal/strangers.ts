/**
 * Where a worker acts, as others can see it: its identity names project, region and foreign endpoints. Activities that are
 * meant for one place are declined by workers of another, so a queue that two places share makes runs wait; whoever runs
 * the workers is told before.
 */
import { hostname } from 'node:os';
import { masked } from '../../contract/text';
import type { Config } from '../config';
import type { Temporal } from '../../client/connect';
import { SAME_CLOCK, livingOf, readQueues } from '../../client/workers';

type Placed = Pick<Config, 'projectId' | 'region' | 'foreignHosts'>;

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
  temporal: Temporal,
  config: Placed & Pick<Config, 'taskQueue'>,
): Promise<string[]> {
  const ours = placeOf(config);
  const queues = await livingOf(await readQueues(temporal, config.taskQueue), SAME_CLOCK);
  const identities = queues.flatMap(({ pollers }) => pollers.map(({ identity }) => identity));
  const strange = identities.filter((identity) => ![null, ours].includes(placeIn(identity)));
  return [...new Set(strange)].sort();
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
