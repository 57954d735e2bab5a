/** Where this worker acts, and whether it may answer for a run. */
import { ApplicationFailure } from '@temporalio/activity';
import type { Elsewhere, Place, Placed } from '../agreement';
import { ACTIVITY_FAILURE } from '../agreement';
import type { Cloud } from '../../ecs/cloud';

const FIELDS = ['projectId', 'region', 'ecs', 'vpc'] as const satisfies (keyof Place)[];

export function placeOf({ projectId, region, endpoints }: Cloud): Place {
  return { projectId, region, ...endpoints };
}

/**
 * In another project neither the server nor its job exists: an answer from there is true, and must not become a
 * verdict.
 *
 * @throws a failure of type {@link ACTIVITY_FAILURE.wrongPlace}, which says what is different
 */
export function declineElsewhere({ place }: Placed, here: Place): void {
  if (place == null) return;
  const other = FIELDS.filter((field) => place[field] !== undefined && place[field] !== here[field]);
  if (other.length === 0) return;
  // Project and region say where; an endpoint only where it is the difference.
  const named = FIELDS.filter(
    (field) => field === 'projectId' || field === 'region' || other.includes(field),
  );
  const of = (from: Partial<Place>) =>
    named.flatMap((field) => (from[field] === undefined ? [] : `${WORDS[field]} ${from[field]}`)).join(', ');
  const told: Elsewhere = { place: here };
  throw ApplicationFailure.nonRetryable(
    `the run is meant for ${of(place)}; the worker that took the call serves ${of(here)}`,
    ACTIVITY_FAILURE.wrongPlace,
    told,
  );
}

const WORDS: Record<keyof Place, string> = {
  projectId: 'project',
  region: 'region',
  ecs: 'ECS endpoint',
  vpc: 'VPC endpoint',
};
