/**
 * Shows where a worker acts: its identity names project, region and foreign endpoints. A worker declines activities
 * that are meant for another place. If workers of two places share a queue, runs have to wait, so the operator is told
 * in advance.
 */
import { hostname } from 'node:os';
import { masked } from '../../contract/text';
import type { Config } from '../config';
import type { Temporal } from '../../client/connect';
import { SAME_CLOCK, livingOf, readQueues } from '../../client/pollers';

type Placed = Pick<Config, 'projectId' | 'region' | 'foreignHosts'>;

/** `<pid>@<host> project=… region=…`, and ` endpoint=<host>` if an endpoint is not the vendor's. Holds no secret. */
export function identityOf(place: Placed): string {
  return `${process.pid}@${hostname()} ${placeOf(place)}`;
}

function placeOf({ projectId, region, foreignHosts }: Placed): string {
  const endpoint = foreignHosts.length === 0 ? '' : ` endpoint=${foreignHosts.join(',')}`;
  return `project=${projectId} region=${region}${endpoint}`;
}

/** The place that an identity names; `null`: none, so the worker is not of ecs-nics, or of an older version. */
function placeIn(identity: string): string | null {
  return /^\S+ (project=\S+ region=\S+(?: endpoint=\S+)?)$/.exec(identity)?.[1] ?? null;
}

/** Identities of workers of another place that poll one of the two queues at present. Throws gRPC errors. */
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
  // A poller can put any text into its identity.
  const told = identities.slice(0, 5).map((identity) => masked(identity.slice(0, 300)));
  const more = identities.length > told.length ? `, and ${identities.length - told.length} more` : '';
  return (
    `workers of another place poll task queue ${config.taskQueue}, too: ${told.join('; ')}${more}. This worker serves ` +
    `${placeOf(config)}. Runs wait while a wrong worker takes their calls: give each project a queue of its own ` +
    `(ECS_NICS_TASK_QUEUE, for its workers and starters), or stop the other workers`
  );
}
