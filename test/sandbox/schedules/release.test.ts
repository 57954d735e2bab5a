/** What may come between while kept ports are deleted: throttling, refusals, lost workers, other actors, cancellations, resets. */
import { describe, expect, it } from 'vitest';
import type { ResultDocument } from '../../../src/contract';
import { playAll, TIMING, WHO } from '../engine/play';
import type { Played, Schedule } from '../engine/schedule';
import type { Play } from './play-undo';
import { outcomes, play } from './play-undo';

const onDelete = (what: object, more: object = {}) =>
  ({ match: { class: 'port-delete' }, what, ...more }) as never;
const refusal = (status: number, body: object) => ({ kind: 'answer', status, body });

interface Release {
  played: Played;
  told: ResultDocument;
  deleted: () => string[];
}

/** After a run that has kept its three ports, in the same world. */
async function release(first: Play, change: Partial<Schedule> = {}, request: object = {}): Promise<Release> {
  const { world, serverId, told: document } = first;
  const input = { serverId, from: { document }, nics: 'all', timing: TIMING, ...request };
  const [played] = await playAll({ workflow: 'releasePorts', input, serverId, seed: 2, ...change }, world);
  world.simulator.control.advance(3_600_000);
  expect(world.simulator.control.invariants()).toEqual([]);
  const deleted = () =>
    world.simulator.ledger.requests
      .filter(({ requestClass, accepted }) => requestClass === 'port-delete' && accepted === true)
      .map(({ portId }) => portId ?? '');
  return { played: played!, told: played?.status as ResultDocument, deleted };
}

const kept = () => play({ keepPort: true });
const GONE = ['deleted', 'deleted', 'deleted'];
const KEPT = ['detached', 'detached', 'detached'];

describe('a release', () => {
  it('deletes each port once, and is done; the second finds nothing to do', async () => {
    const first = await kept();
    const { played, told, deleted } = await release(first);
    expect([played.end.kind, told.outcome, outcomes(told)]).toEqual(['completed', 'deleted', GONE]);
    expect(deleted().sort()).toEqual([...first.nics].sort());
    expect(told.nics.map(({ restore }) => restore)).toEqual(['new-mac', 'new-mac', 'new-mac']);
    expect(played.memo).toEqual({});
    const again = await release(first);
    expect([again.told.outcome, again.deleted().length]).toEqual(['nothing-to-do', 3]);
  });

  it.each([
    ['throttling', { kind: 'throttled', retryAfter: 5 }, { times: 2 }],
    ['answers that are lost after the deletion', { kind: 'drop', accepted: true }, { times: 4 }],
    ['an outage', { kind: 'status', status: 500 }, { times: 5 }],
  ])('gets through %s', async (_name, what, more) => {
    const first = await kept();
    first.world.simulator.control.addFault(onDelete(what, more));
    const { told, deleted } = await release(first);
    expect([told.outcome, outcomes(told)]).toEqual(['deleted', GONE]);
    expect(new Set(deleted()).size).toBe(deleted().length);
  });

  it.each([0, 1, 2, 3])('goes on where worker %d has died', async (index) => {
    for (const when of ['before', 'after'] as const) {
      const { told } = await release(await kept(), { crashes: new Map([[index, when]]) });
      expect([told.outcome, outcomes(told).filter((it) => it !== 'already-absent')]).toEqual([
        'deleted',
        GONE,
      ]);
    }
  });

  it('that the cloud refuses for good has changed nothing, and says what is missing', async () => {
    const first = await kept();
    const no = refusal(403, { error: { code: 'VPC.0010', message: 'Policy does not allow it' } });
    first.world.simulator.control.addFault(onDelete(no));
    const { played, told, deleted } = await release(first);
    expect([told.outcome, outcomes(told), deleted()]).toEqual(['cloud-refused', KEPT, []]);
    expect(played.end).toMatchObject({ kind: 'failed', type: 'CloudRefused' });
    expect(told.nics[0]).toMatchObject({ errorCode: 'VPC.0010' });
    expect(played.virtualMs).toBeLessThan(60_000);
  });

  it('continues as new with what it holds', async () => {
    const first = await kept();
    first.world.simulator.control.addFault(onDelete({ kind: 'throttled', retryAfter: 5 }, { times: 4 }));
    const { played, told } = await release(first, { continueAfter: 4 });
    expect([told.outcome, outcomes(told)]).toEqual(['deleted', GONE]);
    expect(played.runIds.length).toBeGreaterThan(1);
  });

  it('waits for a worker of the right place', async () => {
    const { played, told } = await release(await kept(), { strangers: new Map([[1, 3]]) });
    expect([told.outcome, outcomes(told)]).toEqual(['deleted', GONE]);
    expect(played.strange).toBeGreaterThan(0);
  });

  it('of another project is refused before anything is read', async () => {
    const { told, deleted } = await release(await kept(), {}, { projectId: 'another' });
    expect([told.outcome, deleted()]).toEqual(['refused', []]);
  });

  it('that was reset changes nothing', async () => {
    const { told, deleted } = await release(await kept(), { reset: true });
    expect([told.outcome, outcomes(told), deleted()]).toEqual(['refused', KEPT, []]);
  });
});

describe('a release of ports that a run without verdicts may have left over', () => {
  const job = (seconds: number) => ({
    match: { class: 'delete' },
    what: { kind: 'job-seconds', seconds },
  });

  it('deletes them once the job has taken their NICs off', async () => {
    const request = { undoWindow: '1 hour', deadline: '4 minutes' };
    const first = await play(request, { faults: [job(600)] as never });
    expect([first.told.outcome, outcomes(first.told)]).toEqual([
      'outcome-unknown',
      ['unknown', 'unknown', 'unknown'],
    ]);
    const nics = first.nics.map((id) => ({ id }));
    // What may only have been left over has to be named.
    expect((await release(first)).told.outcome).toBe('refused');
    const plan = await release(first, {}, { nics, dryRun: true });
    expect([plan.told.outcome, plan.told.nics.map(({ message }) => message)]).toEqual([
      'planned',
      [null, null, null],
    ]);
    const { told, deleted } = await release(first, {}, { nics });
    expect([told.outcome, outcomes(told)]).toEqual(['deleted', GONE]);
    expect(deleted().sort()).toEqual([...first.nics].sort());
  });

  it('leaves one whose NIC is on the server, and one that somebody has changed, with their reasons', async () => {
    const request = { undoWindow: '1 hour', deadline: '4 minutes' };
    const first = await play(request, { faults: [job(600)] as never });
    const [back = '', changed = '', free] = first.nics;
    first.world.simulator.control.attachNic(first.serverId, { id: back });
    first.world.simulator.control.patchPort(changed, { name: 'theirs' });
    const { played, told, deleted } = await release(first, {}, { nics: first.nics.map((id) => ({ id })) });
    expect([told.outcome, outcomes(told)]).toEqual([
      'not-deleted',
      ['still-attached', 'detached', 'deleted'],
    ]);
    expect(told.nics.map(({ errorCode }) => errorCode)).toEqual(['PortInUse', 'PortChanged', null]);
    expect(told.nics[0]?.message).toContain('it is on the server: put back, or never taken off');
    expect(played.end).toMatchObject({ type: 'NotDeleted' });
    expect(deleted()).toEqual([free]);
  });

  it('of a run that promised nothing is refused', async () => {
    const first = await play({ deadline: '4 minutes' }, { faults: [job(600)] as never });
    expect(first.told.outcome).toBe('outcome-unknown');
    const { told, deleted } = await release(first, {}, { nics: first.nics.map((id) => ({ id })) });
    expect([told.outcome, deleted()]).toEqual(['refused', []]);
  });
});

describe('a release that is cancelled', () => {
  it('before it could look changes nothing', async () => {
    const first = await kept();
    first.world.simulator.control.addFault({
      match: { class: 'detail' },
      what: { kind: 'status', status: 503 },
    } as never);
    const { played, told, deleted } = await release(first, { cancelAt: 60_000 });
    expect([played.end.kind, told.outcome, deleted()]).toEqual(['cancelled', 'cancelled', []]);
  });

  it('while the cloud throttles deletes no further port', async () => {
    const first = await kept();
    first.world.simulator.control.addFault(onDelete({ kind: 'throttled', retryAfter: 5 }));
    const { played, told, deleted } = await release(first, { cancelAt: 60_000 });
    expect([played.end.kind, told.outcome, outcomes(told), deleted()]).toEqual([
      ...['cancelled', 'cancelled'],
      ...[KEPT, []],
    ]);
    expect(played.memo).toMatchObject({ result: { outcome: 'cancelled', counts: { detached: 3 } } });
    expect(played.virtualMs).toBeLessThan(10 * 60_000);
  });
});

describe('its messages', () => {
  it('settled answers with the document, submitted without a job; undo and commit do not apply', async () => {
    const request = WHO;
    const { played } = await release(await kept(), {
      updates: [
        { at: 1, name: 'settled' },
        { at: 1, name: 'submitted' },
        { at: 1, name: 'undo', request },
        { at: 1, name: 'commit', request },
      ],
    });
    const answers = played.waiting.map(({ plan, asked }) => [plan.name, asked.at(-1)?.answer]);
    expect(Object.fromEntries(answers)).toMatchObject({
      settled: { kind: 'completed', value: { outcome: 'deleted' } },
      submitted: { kind: 'completed', value: { jobId: null } },
      undo: {
        kind: 'rejected',
        type: 'NotApplicable',
        message: expect.stringContaining('no undo window') as unknown,
      },
      commit: { kind: 'rejected', type: 'NotApplicable' },
    });
  });
});

describe('a port that others act on meanwhile', () => {
  it('put back on the server by hand is left: two lists say so', async () => {
    const first = await kept();
    const [back] = first.nics;
    const putBack = { kind: 'meanwhile', putBack: [back] };
    first.world.simulator.control.addFault({ match: { class: 'detail' }, what: putBack, times: 1 } as never);
    const { told, deleted } = await release(first);
    expect([told.outcome, outcomes(told)]).toEqual(['not-deleted', ['still-attached', 'deleted', 'deleted']]);
    expect(deleted()).not.toContain(back);
  });
});

describe('what is not its to delete', () => {
  it.each<[string, object, RegExp]>([
    ['NICs that went with their ports', {}, /has kept no port of server/],
    ['a dry run', { dryRun: true }, /has kept no port of server/],
  ])('%s', async (_name, request, message) => {
    const { played, told, deleted } = await release(await play(request));
    const before = deleted().length;
    expect(told.outcome).toBe('refused');
    expect(played.end).toMatchObject({ message: expect.stringMatching(message) as unknown });
    expect(deleted().length).toBe(before);
  });

  it('named ones that do not fit are named each, and refuse the others with them', async () => {
    const first = await kept();
    const stranger = '00000000-0000-4000-8000-000000000001';
    const ids = [stranger, first.nics[0]!].map((id) => ({ id }));
    const { played, deleted } = await release(first, {}, { nics: ids });
    expect(played.end).toMatchObject({
      type: 'Refused',
      message: expect.stringContaining(stranger) as unknown,
    });
    expect(deleted()).toEqual([]);
  });
});
