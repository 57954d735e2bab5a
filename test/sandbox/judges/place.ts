/** 1: all activities of a run belong to one project, region and endpoint. */
import { expect } from 'vitest';
import type { Played } from '../engine/schedule';
import type { World } from '../engine/world';
import { OTHER_PROJECT } from '../engine/world';
import { inspectionOf } from './heard';

/**
 * A run belongs where its first inspection was made: whoever asks for no project leaves that to the workers of the queue. From
 * then on no worker of another place answers for it. Workers of another region or endpoint have a project of their own in the ledger.
 */
export function staysInItsPlace({ simulator }: World, all: readonly Played[]): void {
  for (const { input, activities } of all) {
    const first = activities.findIndex((each) => inspectionOf(each) !== null);
    const { projectId } = input as { projectId?: string };
    const belongs =
      projectId === undefined ? activities.slice(first < 0 ? activities.length : first + 1) : activities;
    const found = activities[first];
    const place = found === undefined ? null : inspectionOf(found);
    const isStrangers = place?.projectId === OTHER_PROJECT || place?.region !== simulator.region;
    const made = belongs.flatMap(({ requests }) =>
      requests.flatMap(([from, to]) => simulator.ledger.requests.slice(from, to)),
    );
    const astray = made.filter(
      (request) => (request.projectId === OTHER_PROJECT) !== (place !== null && isStrangers),
    );
    expect(astray, 'calls for another place than the run is meant for').toEqual([]);
  }
}
