/** What is left, or seems to be, when the way back meets a lost answer, another actor, or a job of the run before. */
import { expect, it } from 'vitest';
import { TIMING, WHO } from '../engine/play';
import { outcomes, play } from './play-undo';

const flagged = (count: number) => [
  { primary: true },
  ...Array.from({ length: count }, () => ({ deleteOnTermination: true })),
];
const undo = [{ at: 600_000, name: 'undo' as const, request: WHO }];
const unanswered = { kind: 'status', status: 502, accepted: true } as const;
const quota = { kind: 'answer', status: 409, body: { code: 'VPC.2504', message: 'Quota exceeded' } } as const;

it('a flag that a call without a usable answer has set back is no shortfall', async () => {
  const { told, changed } = await play(
    { undoWindow: '2 hours' },
    {
      nics: flagged(1),
      take: 1,
      updates: undo,
      faults: [{ match: { class: 'flag' }, what: unanswered, after: 1 }],
    },
  );
  expect([told.outcome, outcomes(told), changed()]).toEqual(['undone', ['restored'], []]);
  expect(told.nics[0]).toMatchObject({ message: null, remedy: null, differences: [] });
});

it('the worker reads as well as ever after it was throttled for long', async () => {
  const throttled = { kind: 'throttled', retryAfter: 20 } as const;
  const { told, world } = await play(
    { undoWindow: '1 minute' },
    { nics: flagged(2), take: 2, faults: [{ match: { class: 'port-delete' }, what: throttled, after: 1 }] },
  );
  expect(outcomes(told)).toEqual(['deleted', 'detached']);
  expect(Number.isInteger(world.clock.now())).toBe(true);
});

it('of several flags only those that are not back are a shortfall', async () => {
  const { told, changed } = await play(
    { undoWindow: '2 hours' },
    {
      nics: flagged(2),
      take: 2,
      updates: undo,
      // Both are set to false, and the first of them is set back.
      faults: [{ match: { class: 'flag' }, what: { kind: 'answer', status: 401, body: {} }, after: 3 }],
    },
  );
  expect([told.outcome, changed()]).toEqual(['restore-incomplete', ['deleteOnTermination']]);
  expect(told.nics[0]).toMatchObject({ message: null, remedy: null, differences: [] });
  expect(told.nics[1]?.remedy).toContain('{"interface_attachment":{"delete_on_termination":true}}');
});

it('a NIC is told as deleted when somebody has deleted its kept port and no other can be made', async () => {
  const { told } = await play(
    { undoWindow: '2 hours' },
    {
      nics: flagged(1),
      take: 1,
      updates: undo,
      faults: [{ match: { class: 'port-create' }, what: quota }],
      more: (control, nics) => ({
        deeds: [{ at: 599_000, act: () => control.deletePort(nics[0] ?? '') }],
      }),
    },
  );
  expect([told.outcome, outcomes(told)]).toEqual(['restore-incomplete', ['deleted']]);
  expect(told.nics[0]).toMatchObject({
    restore: 'new-mac',
    evidence: { list: 'absent', port: 'absent' },
    remedy: expect.stringContaining('--allow-new-ip'),
  });
});

it('a port that a request without an answer may have made is named when the server is gone', async () => {
  const { told, world, nics } = await play(
    { undoWindow: '2 hours' },
    {
      nics: flagged(1),
      take: 1,
      updates: undo,
      faults: [{ match: { class: 'port-create' }, what: unanswered, times: 1 }],
      more: (control, ids, serverId) => ({
        deeds: [
          { at: 599_000, act: () => control.deletePort(ids[0] ?? '') },
          { after: 'restoring', at: 10_000, act: () => control.deleteServer(serverId) },
        ],
      }),
    },
  );
  expect(world.simulator.ledger.summary().portsCreated).toBe(1);
  expect(told.outcome).toBe('restore-incomplete');
  expect(told.warnings.join()).toContain(`a port named “ecs-nics ${nics[0]} `);
});

it('a NIC that a job of the run before may yet attach is not already absent', async () => {
  const slow = { match: { class: 'attach' }, what: { kind: 'job-seconds', seconds: 3_000 } } as const;
  const { all } = await play(
    { undoWindow: '2 hours' },
    { nics: flagged(1), take: 1, updates: undo, faults: [slow] },
    ({ serverId, nics }) => [
      { input: { serverId, nics: [{ id: nics[0] }], deadline: '2 hours', timing: TIMING }, gapMs: 10 },
    ],
  );
  // Who attaches a port by its id clears its flag, so it stays.
  const told = all.map(({ status }) => outcomes(status as Parameters<typeof outcomes>[0]));
  expect(told).toEqual([['unknown'], ['detached']]);
});

it('a flag is told of a NIC that is back by its port alone, and that the list does not show', async () => {
  const { told } = await play(
    { undoWindow: '1 hour' },
    {
      nics: flagged(1),
      more: (control, [nic = ''], id) => ({
        deeds: [
          {
            after: 'undo-window',
            at: 1_000,
            act: () => {
              control.attachNic(id, { id: nic });
              control.addFault({ what: { kind: 'hide-nics', nics: [nic] } });
            },
          },
        ],
      }),
    },
  );
  expect([told.outcome, outcomes(told)]).toEqual(['outcome-unknown', ['unknown']]);
  expect(told.nics[0]?.evidence).toMatchObject({ list: 'absent', port: 'attached' });
  expect(told.nics[0]?.remedy).toContain('{"interface_attachment":{"delete_on_termination":true}}');
  expect(told.warnings.join()).toContain('may have its flag delete_on_termination still set to false');
});

it('a flag that a call without a usable answer may have set is told when its NIC is unknown', async () => {
  const { told, changed } = await play(
    { keepPort: true, deadline: '4 minutes' },
    {
      nics: flagged(1),
      take: 1,
      faults: [
        { match: { class: 'delete' }, what: { kind: 'status', status: 502 }, times: 1 },
        { match: { class: 'flag' }, what: unanswered, after: 1 },
      ],
      // So the flag has to be set anew before the deletion is sent again.
      more: (control, nics) => ({
        deeds: [{ at: 10_000, act: () => control.patchPort(nics[0] ?? '', { deleteOnTermination: true }) }],
      }),
    },
  );
  expect([told.outcome, outcomes(told), changed()]).toEqual([
    'outcome-unknown',
    ['unknown'],
    ['deleteOnTermination'],
  ]);
  expect(told.nics[0]?.message).toContain(
    'its flag may still be false, so that a late deletion leaves its port; do not set it back before',
  );
  expect(told.warnings.join()).toContain('may have its flag delete_on_termination still set to false');
});

it('a NIC that somebody puts back while the looks at others go on is not detached', async () => {
  const { told, changed } = await play(
    { keepPort: true },
    {
      nics: flagged(2),
      take: 2,
      faults: [{ match: { class: 'delete' }, what: { kind: 'partial-failure', nics: [0] } }],
      more: (control, nics, serverId) => ({
        deeds: [{ at: 60_000, act: () => control.attachNic(serverId, { id: nics[1] ?? '' }) }],
      }),
    },
  );
  expect([told.outcome, outcomes(told), changed()]).toEqual([
    'not-deleted',
    ['still-attached', 'still-attached'],
    [],
  ]);
  expect(told.nics[1]?.message).toBe('it was put back on the server by somebody else');
});

it('a NIC that is off the server has no flag to set back, though its port can’t be read', async () => {
  const { told } = await play(
    { undoWindow: '40s' },
    {
      nics: flagged(1),
      take: 1,
      more: (control) => ({
        deeds: [
          {
            after: 'undo-window' as const,
            at: 0,
            act: () =>
              control.addFault({
                match: { class: ['port', 'port-delete'] },
                what: { kind: 'status', status: 500 },
              }),
          },
        ],
      }),
    },
  );
  expect([told.outcome, outcomes(told)]).toEqual(['outcome-unknown', ['unknown']]);
  expect(told.warnings.join()).not.toContain('delete_on_termination');
  expect(told.nics[0]?.remedy).toBeNull();
});

it('a NIC that somebody takes off while flags of others are set back is not told as there', async () => {
  const { told } = await play(
    { keepPort: true },
    {
      // The run changes only the flag of the second one, so only that one is set back.
      nics: [{ primary: true }, { deleteOnTermination: false }, { deleteOnTermination: true }],
      take: 2,
      faults: [{ match: { class: 'delete' }, what: { kind: 'busy' }, times: 1 }],
      cancelAfter: { after: 'waiting', ms: 5_000 },
      more: (control, nics, serverId) => ({
        deeds: [
          {
            after: 'waiting' as const,
            at: 1_000,
            act: () => control.detachNic(serverId, nics[0] ?? ''),
          },
        ],
      }),
    },
  );
  expect([told.outcome, outcomes(told)]).toEqual(['cancelled', ['untouched', 'untouched']]);
  expect(told.nics.map(({ evidence }) => evidence.list)).toEqual(['absent', 'present']);
});

it('what was seen of NICs before their server vanished is no evidence, when nothing was sent', async () => {
  const { told } = await play(
    { undoWindow: '2 hours' },
    {
      nics: [{ primary: true }, { deleteOnTermination: false }],
      take: 1,
      faults: [{ match: { class: 'delete' }, what: { kind: 'busy' }, times: 1 }],
      more: (control, _ids, serverId) => ({
        deeds: [{ after: 'waiting', at: 1_000, act: () => control.deleteServer(serverId) }],
      }),
    },
  );
  expect(told.outcome).toBe('refused');
  expect(told.nics).toMatchObject([{ outcome: 'untouched', evidence: { list: 'absent', port: 'unknown' } }]);
});
