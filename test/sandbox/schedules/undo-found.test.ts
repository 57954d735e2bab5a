/** What the campaign over undo and restore has found, each in its smallest schedule. */
import { describe, expect, it } from 'vitest';
import type { ResultDocument } from '../../../src/contract';
import { WHO } from '../engine/play';
import { outcomes, play } from './play-undo';
import { cancelledRestore, restored, sentBackUnseen } from './rare-schedules';

const unreadable = { kind: 'status', status: 500 } as const;

describe('a run that is reset', () => {
  it.each([
    ['after its flags were set', 5_000, 0.5],
    ['in its undo window', 700_000, 0.95],
  ])('%s comes to the same commands again', async (_when, at, share) => {
    const { all, count } = await play(
      { undoWindow: '2 hours' },
      { resetAt: { at, share }, updates: [{ at: 600_000, name: 'settled' }] },
    );
    expect(all.map(({ end }) => end.kind)).toEqual(['terminated', 'completed']);
    expect(count('port-delete')).toBe(0);
  });

  it('tells where the ports are, of which the run before it has deleted some', async () => {
    const { all, told, world, serverId, nics } = await play(
      { undoWindow: '2 hours' },
      {
        // The last one stays for a while, so the run before is still at it when somebody resets it.
        faults: [{ match: { class: 'port-delete' }, what: { kind: 'status', status: 500 }, after: 2 }],
        resetAt: { at: 640_000, share: 0.8 },
        updates: [{ at: 600_000, name: 'commit', request: WHO }],
      },
    );
    expect(all.map(({ end }) => end.kind)).toEqual(['terminated', 'completed']);
    const truth = world.simulator.control.truth(serverId);
    const places = nics.map((id) => truth.nics.find((nic) => nic.id === id)?.state);
    expect(places).toEqual(['port-gone', 'port-gone', 'port-kept']);
    expect(outcomes(told)).toEqual(['deleted', 'deleted', 'detached']);
  });

  it('changes nothing where an undo was accepted before, and says what a person would do', async () => {
    const { all, count, told } = await play(
      { undoWindow: '2 hours' },
      { resetAt: { at: 605_000, share: 1 }, updates: [{ at: 600_000, name: 'undo', request: WHO }] },
    );
    expect(all[1]?.end).toMatchObject({ kind: 'failed', type: 'RestoreIncomplete' });
    expect(count('attach')).toBe(1);
    for (const { remedy } of told.nics) expect(remedy).not.toBeNull();
  });
});

describe('a NIC that was sent back and can’t be seen', () => {
  const lost = { match: { class: 'attach' }, what: { kind: 'drop', accepted: true }, times: 3 } as const;

  it('is unknown, not detached, when nothing can be read until the deadline', sentBackUnseen);

  it('is unknown when every answer was lost, and the job may take longer than all patience', async () => {
    const slow = { match: { class: 'attach' }, what: { kind: 'job-seconds', seconds: 900 } } as const;
    const { told } = await play(
      { undoWindow: '2 hours' },
      { faults: [lost, slow], take: 1, updates: [{ at: 600_000, name: 'undo', request: WHO }] },
    );
    expect([told.outcome, outcomes(told)]).toEqual(['restore-incomplete', ['unknown']]);
  });

  it('is back although its job says that it failed, when a list that lags tells so at last', async () => {
    const { told, changed } = await play(
      { undoWindow: '2 hours' },
      {
        faults: [{ match: { class: 'attach' }, what: { kind: 'false-failure' }, times: 3 }],
        knobs: { lagSeconds: 40 },
        updates: [{ at: 600_000, name: 'undo', request: WHO }],
      },
    );
    expect([told.outcome, outcomes(told), changed()]).toEqual([
      'undone',
      ['restored', 'restored', 'restored'],
      [],
    ]);
  });

  it('is unknown when its job has vanished from the cloud', async () => {
    const gone = { match: { class: 'attach' }, what: { kind: 'job-gone' } } as const;
    const slow = { match: { class: 'attach' }, what: { kind: 'job-seconds', seconds: 3_000 } } as const;
    const { told } = await play(
      { undoWindow: '2 hours' },
      { faults: [gone, slow], take: 1, updates: [{ at: 600_000, name: 'undo', request: WHO }] },
    );
    expect([told.outcome, outcomes(told)]).toEqual(['restore-incomplete', ['unknown']]);
  });
});

it('a list that shows what jobs have taken off is no witness against the port', async () => {
  const { told, changed } = await play(
    { undoWindow: '2 hours' },
    {
      // No flag has to be written, which would be refused.
      nics: [{ primary: true }, { deleteOnTermination: false }, { deleteOnTermination: false }],
      updates: [{ at: 600_000, name: 'undo', request: WHO }],
      faults: [
        {
          match: { class: 'attach' },
          what: { kind: 'partial-failure', nics: [0], parent: 'SUCCESS' },
          times: 1,
        },
      ],
      more: (control) => ({
        deeds: [
          {
            after: 'restoring',
            at: 0,
            act: () => control.addFault({ what: { kind: 'stale-list' }, times: 2, after: 0 }),
          },
        ],
      }),
    },
  );
  expect([told.outcome, outcomes(told)]).toEqual(['undone', ['restored', 'restored']]);
  // Tried again, the first is the last now, which is told.
  expect(changed().filter((field) => field !== 'position')).toEqual([]);
});

it('a flag that has to stay is told, with the job before whose end nobody may set it back', async () => {
  const stuck = { match: { class: 'delete' }, what: { kind: 'job-stuck' } } as const;
  const { told } = await play({ keepPort: true }, { faults: [stuck], take: 1 });
  expect([told.outcome, outcomes(told)]).toEqual(['outcome-unknown', ['unknown']]);
  expect(told.nics[0]?.remedy).toBeNull();
  expect(told.nics[0]?.message).toContain(
    `its flag is still false, so that a late deletion leaves its port; do not set it back before job ${told.jobs[0]?.id} has ended`,
  );
  expect(told.warnings.join()).toContain('delete_on_termination still set to false');
});

it('a port whose deletion was never answered is told as it is when time is up', async () => {
  const hangs = { kind: 'hang', accepted: true } as const;
  const { told } = await play(
    { onFailure: 'restore' },
    { faults: [{ match: { class: 'port-delete' }, what: hangs }], take: 1 },
  );
  expect([told.outcome, outcomes(told)]).toEqual(['deleted', ['deleted']]);
});

it('a job that never ends is waited for once, however often the run is handed on', async () => {
  const stuck = { match: { class: 'delete' }, what: { kind: 'job-stuck' } } as const;
  const { told, all } = await play({ onFailure: 'restore' }, { faults: [stuck], take: 1, continueAfter: 7 });
  expect(told.outcome).toBe('outcome-unknown');
  // 20 minutes for the deletion, and an hour for all else (docs/contract.md §4.2).
  expect(all[0]?.virtualMs).toBeLessThan(80 * 60_000);
});

it('a restore that is cancelled while it puts NICs back goes on to its end', cancelledRestore);

it('a restore counts what it has sent', async () => {
  const { all } = await play({ keepPort: true }, {}, ({ serverId }) => [restored(serverId)]);
  expect(all.map(({ status }) => (status as ResultDocument).submissions)).toEqual([1, 1]);
});

it('after a lost answer both looks take their time, whoever wants to know', async () => {
  const { world, told } = await play(
    { undoWindow: '2 hours' },
    {
      faults: [{ match: { class: 'attach' }, what: unreadable, times: 1 }],
      updates: [{ at: 600_000, name: 'undo', request: WHO }],
      pollNowAt: [600_500, 601_000, 631_000, 632_000],
    },
  );
  expect(told.outcome).toBe('undone');
  const posts = world.simulator.ledger.requests.filter(({ requestClass }) => requestClass === 'attach');
  expect(posts.length).toBe(2);
  expect((posts[1]?.at ?? 0) - (posts[0]?.at ?? 0)).toBeGreaterThanOrEqual(60_000);
});

it('what was said of a NIC while it was off is not said of one that is back', async () => {
  const nics = [{ primary: true }, { deleteOnTermination: false }];
  const { told, changed } = await play(
    { undoWindow: '2 hours' },
    { nics, updates: [{ at: 600_000, name: 'undo', request: WHO }] },
  );
  expect([told.outcome, outcomes(told), told.warnings, changed()]).toEqual(['undone', ['restored'], [], []]);
});

describe('decisions', () => {
  it('a commit is not overruled by a cancellation of the same moment, in a run that was handed on', async () => {
    const { all, told, count } = await play(
      { undoWindow: '10 minutes', onCancel: 'restore' },
      {
        continueAfter: 2,
        cancelAfter: { after: 'undo-window', ms: 600_000 },
        updates: [{ at: 600_000, after: 'undo-window', name: 'commit', request: WHO }],
      },
    );
    expect(told.decision?.what).toBe('commit');
    expect([all[0]?.end.kind, outcomes(told), count('attach')]).toEqual([
      'cancelled',
      ['deleted', 'deleted', 'deleted'],
      0,
    ]);
  });

  it('an undo that is asked for again and again makes the run look once', async () => {
    const { count, told } = await play(
      { undoWindow: '2 hours' },
      {
        jobSeconds: 600,
        updates: Array.from({ length: 8 }, (_, n) => ({ at: 30_000 + n * 200, name: 'undo', request: WHO })),
      },
    );
    const quiet = await play(
      { undoWindow: '2 hours' },
      { jobSeconds: 600, updates: [{ at: 30_000, name: 'undo', request: WHO }] },
    );
    expect(told.outcome).toBe('undone');
    expect(count('job')).toBe(quiet.count('job'));
  });

  it('a request of another kind is another request', async () => {
    const { all } = await play({}, { jobSeconds: 60 }, ({ serverId: id, nics: ids }) => [
      restored(id, {
        updates: [{ at: 1_000, name: 'settled', request: { serverId: id, nics: [{ id: ids[0] }] } }],
      }),
    ]);
    expect(all[1]?.waiting[0]?.asked[0]?.answer).toMatchObject({
      kind: 'rejected',
      type: 'DifferentRequest',
    });
  });
});

describe('a list that lags', () => {
  it.each([1, 2])('shows a NIC %i times that is not there yet: its flag is no problem', async (times) => {
    const { told, changed } = await play(
      { keepPort: true },
      {
        more: (control, _nics, id) => ({
          more: [
            restored(id, {
              deeds: [
                { at: 0, act: () => control.addFault({ what: { kind: 'stale-list' }, times, after: 1 }) },
              ],
            }),
          ],
        }),
      },
    );
    expect([told.outcome, outcomes(told)]).toEqual(['restored', ['restored', 'restored', 'restored']]);
    expect(changed()).toEqual([]);
  });
});
