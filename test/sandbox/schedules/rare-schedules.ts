/** Schedules that the generators hardly get to, and that planted bugs are caught by; each throws when the right value is not told. */
import { expect } from 'vitest';
import type { Played } from '../engine/schedule';
import { TIMING } from '../engine/play';
import { run } from './play-deletion';
import { outcomes, play } from './play-undo';

/** A later restore of all that the first run has taken off. */
export const restored = (serverId: string, more: object = {}) => ({
  workflow: 'restoreServerNics' as const,
  input: null,
  inputOf: (all: readonly Played[]) => ({
    serverId,
    from: { document: all[0]?.status },
    nics: 'all',
    timing: TIMING,
  }),
  ...more,
});

/** No worker for a quarter of an hour while the list lags behind: two readings that contradict each other are not the last. */
export async function contradictingReadings(): Promise<void> {
  const stale = { what: { kind: 'stale-list' }, times: 2, after: 1 };
  const { told } = await run([stale], { server: { jobSeconds: 1 }, away: { at: 12_000, ms: 900_000 } });
  expect(told.outcome).toBe('deleted');
}

/** A worker that takes the submission too late does not send it then. */
export async function takenTooLate(): Promise<void> {
  const { told, posts, played } = await run([], { queueMs: new Map([[1, 45_000]]) });
  expect([told.outcome, told.submissions, posts]).toEqual(['deleted', 1, 1]);
  expect(played.activities.filter(({ type }) => type === 'deleteNics')).toHaveLength(2);
}

/** A NIC that was sent back is unknown, not detached, when nothing can be read until the deadline. */
export async function sentBackUnseen(): Promise<void> {
  const { told, all } = await play(
    { onFailure: 'restore' },
    {
      faults: [{ what: { kind: 'partial-failure', nics: [0] } }],
      more: (control) => {
        const act = () =>
          control.addFault({ match: { class: ['list', 'detail'] }, what: { kind: 'status', status: 500 } });
        return { deeds: [{ after: 'restoring', at: 0, act }] };
      },
    },
  );
  expect([told.outcome, outcomes(told)]).toEqual([
    'restore-incomplete',
    ['still-attached', 'unknown', 'unknown'],
  ]);
  // The next run has to wait for the job that may bring them.
  expect(all[0]?.memo.open).toMatchObject({ jobId: told.jobs[1]?.id });
  for (const { message, remedy } of told.nics.slice(1)) expect([message, remedy]).not.toContain(null);
}

/** A restore that has begun to put NICs back goes on when it is cancelled, and has put them all back at its end. */
export async function cancelledRestore(): Promise<void> {
  const { told, all, changed } = await play({ keepPort: true }, { jobSeconds: 60 }, ({ serverId }) => [
    restored(serverId, { cancelAfter: { after: 'restoring', ms: 5_000 } }),
  ]);
  expect([told.outcome, outcomes(told)]).toEqual(['restored', ['restored', 'restored', 'restored']]);
  expect(all[1]?.end.kind).toBe('completed');
  expect(changed()).toEqual([]);
}
