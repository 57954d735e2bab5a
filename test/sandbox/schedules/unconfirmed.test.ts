/** A worker that can't ask Temporal whether it still waits sends nothing: the run says why, and not that it came too late. */
import { expect, it } from 'vitest';
import type { ResultDocument } from '../../../src/contract';
import type { CloudActivities } from '../../../src/activities/agreement';
import { play } from '../engine/play';
import { createWorld } from '../engine/world';

const because =
  'Temporal could not be asked whether it still waits for the call (Request unauthorized; allow the worker DescribeWorkflowExecution)';

it('a run whose worker may not ask says so until its deadline, and in its failure', async () => {
  const world = createWorld(1);
  const { clock, restarted } = world;
  const { id, nics } = world.simulator.control.createServer({ nics: 2, jobSeconds: 12 });
  const activities: CloudActivities = {
    ...world.activities,
    deleteNics: async () => ({ kind: 'unsent', why: 'late', because }),
  };
  const input = { serverId: id, nics: [{ id: nics[1]?.id ?? '' }], deadline: '3 minutes' };
  const played = await play({ input, serverId: id, seed: 1 }, { clock, activities, restarted });
  expect((played.status as ResultDocument).outcome).toBe('refused');
  expect(played.end).toMatchObject({
    kind: 'failed',
    type: 'Refused',
    message: `nothing was changed: ${because}, until the deadline`,
  });
});
