/** The pure parts of undo and restore: what is promised, what is put back, what differs, what a later restore can do. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SavedNic } from '../../src/contract';
import { checkByWhom, checkRestoreInput, readSavedResult, restoreKey } from '../../src/contract';
import type { NicOutcome, NicRow, NicSnapshot } from '../../src/contract/types';
import { differences } from '../../src/workflows/policy/differences';
import { endOfDeletion, endOfRestore } from '../../src/workflows/policy/outcome';
import { nextStep } from '../../src/workflows/policy/put-back-plan';
import { addressesOf, chosen, isUnfinished, planOf } from '../../src/workflows/policy/restore-grades';
import type { PutBack } from '../../src/workflows/policy/undo-log';
import {
  gradeOf,
  log,
  promisesUndo,
  putBackOf,
  returning,
  toPutBack,
} from '../../src/workflows/policy/undo-log';
import { id, inspection, nic, request, SERVER } from '../support/inspection';

const snapshot = (more: Partial<NicSnapshot> = {}): NicSnapshot => ({
  networkId: 'net',
  fixedIps: [{ subnetId: 'sub', ip: '10.0.1.20' }],
  mac: 'fa:16:3e:00:00:02',
  deleteOnTermination: true,
  name: 'backend',
  securityGroups: ['b', 'a'],
  allowedAddressPairs: [{ ip: '10.0.1.100', mac: null }],
  dhcpOptions: [{ name: '51', value: '24h' }],
  portSecurityEnabled: true,
  elasticIp: null,
  position: 1,
  ...more,
});
const row = (n: number, outcome: NicOutcome, more: Partial<NicRow> = {}): NicRow =>
  ({ id: id(n), outcome, snapshot: snapshot({ position: n }), remedy: null, ...more }) as NicRow;

describe('what is promised', () => {
  it('each of the four options promises an undo, and nothing else does', () => {
    expect(promisesUndo(request())).toBe(false);
    expect(promisesUndo(request({ allowElasticIp: true, deadline: '2h' }))).toBe(false);
    for (const option of [
      { keepPort: true },
      { undoWindow: '1ms' },
      { onFailure: 'restore' },
      { onCancel: 'restore' },
    ])
      expect(promisesUndo(request(option)), JSON.stringify(option)).toBe(true);
  });

  it.each([
    ['its port is kept', snapshot(), true, 'exact'],
    ['its network and IP are known', snapshot(), false, 'new-mac'],
    ['its IP is not known', snapshot({ fixedIps: [] }), false, 'new-ip-and-mac'],
    ['its network is not known', snapshot({ networkId: null }), false, 'no'],
  ])('the grade when %s', (_why, of, kept, grade) => expect(gradeOf(of, kept)).toBe(grade));
});

describe('the undo log', () => {
  it('holds each change once, in the order in which they were made', () => {
    const changes: { what: 'flag' | 'detach'; id: string }[] = [];
    log(changes, 'flag', ['a', 'b']);
    log(changes, 'detach', ['a']);
    log(changes, 'flag', ['b']);
    expect(changes.map(({ what, id: of }) => `${what} ${of}`)).toEqual(['flag a', 'flag b', 'detach a']);
  });

  const logged = [0, 1, 2, 3].flatMap((n) => [
    { what: 'flag' as const, id: id(n) },
    { what: 'detach' as const, id: id(n) },
  ]);

  it('puts back what this run took off, in the old order, and flags of those that certainly stay', () => {
    const rows = [row(2, 'detached'), row(1, 'deleted'), row(0, 'still-attached'), row(3, 'unknown')];
    const back = toPutBack('failure', rows, logged, false);
    expect(back.nics.map((it) => [it.id, it.attach, it.flag])).toEqual([
      [id(0), false, true],
      [id(1), true, true],
      [id(2), true, true],
      // What may yet be taken keeps the flag that saves its port.
    ]);
  });

  it('nothing is attached that the log does not name, or that somebody else took off', () => {
    expect(toPutBack('undo', [row(1, 'detached')], [], true).nics).toEqual([]);
    expect(
      toPutBack('undo', [row(1, 'already-absent')], logged, true).nics.map(({ attach }) => attach),
    ).toEqual([false]);
  });
});

describe('differences', () => {
  it('none of a NIC with itself, whatever the order of what has none', () => {
    const other = snapshot({
      allowedAddressPairs: [
        { ip: '2.2.2.2', mac: null },
        { ip: '1.1.1.1', mac: null },
      ],
    });
    const turned = { ...other, allowedAddressPairs: [...(other.allowedAddressPairs ?? [])].reverse() };
    expect(differences(other, turned)).toEqual([]);
  });

  it('every field that changes is named once, with both values', () => {
    const changed: Partial<NicSnapshot> = {
      mac: 'fa:16:3e:00:00:99',
      deleteOnTermination: false,
      name: null,
      securityGroups: ['a', 'b'],
      elasticIp: '203.0.113.7',
      position: 4,
    };
    const before = snapshot({ elasticIp: '203.0.113.1' });
    expect(differences(before, { ...before, ...changed })).toEqual(
      (Object.keys(changed) as (keyof NicSnapshot)[])
        .sort((a, b) => Object.keys(before).indexOf(a) - Object.keys(before).indexOf(b))
        .map((field) => ({ field, before: before[field], after: changed[field] })),
    );
  });

  it('a pair that follows its port’s own MAC is none', () => {
    const old = snapshot({ allowedAddressPairs: [{ ip: '10.0.1.100', mac: 'FA:16:3E:00:00:02' }] });
    const mac = 'fa:16:3e:00:00:99';
    const now = { ...old, mac, allowedAddressPairs: [{ ip: '10.0.1.100', mac }] };
    expect(differences(old, now).map(({ field }) => field)).toEqual(['mac']);
  });

  it('what was not known before is not compared', () => {
    expect(differences(snapshot({ name: null, dhcpOptions: null }), snapshot())).toEqual([]);
  });
});

describe('the end of a run that put something back (docs/contract.md §4.1)', () => {
  const back = (reason: PutBack['reason'], incomplete = false) => ({ ...putBackOf(reason, []), incomplete });
  it.each([
    ['undo', ['restored'], false, 'undone'],
    ['undo', ['restored', 'unknown'], false, 'outcome-unknown'],
    ['failure', ['restored', 'still-attached'], false, 'rolled-back'],
    ['failure', ['restored', 'unknown'], false, 'outcome-unknown'],
    ['failure', ['detached', 'unknown'], true, 'restore-incomplete'],
    ['flags', ['deleted', 'still-attached'], false, 'not-deleted'],
    ['flags', ['deleted', 'still-attached'], true, 'restore-incomplete'],
  ] as const)('%s with %j, incomplete %s: %s', (reason, outcomes, incomplete, wanted) => {
    const rows = outcomes.map((outcome, n) => row(n, outcome));
    expect(endOfDeletion(rows, back(reason, incomplete), false).outcome).toBe(wanted);
  });

  it('a cancelled run is cancelled, unless something could not be put back', () => {
    const rows = [row(0, 'restored')];
    expect(endOfDeletion(rows, back('cancel'), true)).toEqual({ outcome: 'cancelled', failed: null });
    expect(endOfDeletion(rows, back('cancel', true), true).failed).toBe('RestoreIncomplete');
  });

  it('a restore is `recreated` if any NIC is, and incomplete if any is missing', () => {
    expect(endOfRestore([row(0, 'restored'), row(1, 'recreated')], null).outcome).toBe('recreated');
    expect(endOfRestore([row(0, 'restored'), row(1, 'untouched')], null).outcome).toBe('restored');
    expect(endOfRestore([row(0, 'untouched')], null).outcome).toBe('nothing-to-do');
    expect(endOfRestore([row(0, 'restored'), row(1, 'untouched', { remedy: 'x' })], null).failed).toBe(
      'RestoreIncomplete',
    );
  });
});

describe('the next step', () => {
  const at = { serverId: SERVER, now: 1_000_000, settleMs: 30_000, horizonMs: 0, lagUntil: 0, verdictAt: 0 };
  const free = (n: number) => ({ id: id(n), port: { state: 'free' as const } });
  const backOf = (...ns: number[]) =>
    putBackOf(
      'undo',
      ns.map((n) => returning(id(n), snapshot({ position: n }), { attach: true, flag: true })),
    );

  it('attaches all free ports in one go, in their old order', () => {
    const back = backOf(2, 1);
    const step = nextStep(back, inspection({ nics: [nic(0)], absent: [free(1), free(2)] }), at);
    expect(step.do === 'attach' ? step.nics.map((it) => it.id) : step).toEqual([id(1), id(2)]);
  });

  it('a port that is gone, by two looks, is made before anything is attached', () => {
    const seen = inspection({ nics: [nic(0)], absent: [free(1), { id: id(2), port: { state: 'absent' } }] });
    const back = backOf(1, 2);
    expect(nextStep(back, seen, at).do).toBe('wait');
    expect(nextStep(back, seen, at)).toMatchObject({ do: 'create', nic: { id: id(2) } });
  });

  it.each<[string, object]>([
    ['a list without the primary NIC', { nics: [nic(1)] }],
    [
      'a server in passing',
      { nics: [nic(0)], absent: [free(1)], server: { ...inspection().server!, status: 'REBOOT' } },
    ],
    [
      'a locked server',
      { nics: [nic(0)], absent: [free(1)], server: { ...inspection().server!, locked: true } },
    ],
    [
      'a port that is attached here already',
      { nics: [nic(0)], absent: [{ id: id(1), port: { state: 'attached', deviceId: SERVER } }] },
    ],
  ])('%s is waited for', (_what, more) => {
    expect(nextStep(backOf(1), inspection(more), at).do).toBe('wait');
  });

  it('after a POST of unknown fate two looks come first', () => {
    const back = { ...backOf(1), looksDue: 2 };
    const seen = inspection({ nics: [nic(0)], absent: [free(1)] });
    const steps = [0, 1, 2].map(() => nextStep(back, seen, at).do);
    expect(steps).toEqual(['wait', 'wait', 'attach']);
  });

  it('flags come last, and not before what was sent without an answer has shown', () => {
    const back = backOf(1);
    const there = inspection({
      nics: [nic(0), { ...nic(1), snapshot: snapshot({ deleteOnTermination: false }) }],
    });
    expect(nextStep(back, there, { ...at, horizonMs: 120_000 })).toMatchObject({ do: 'wait', ms: 120_000 });
    const later = { ...at, now: at.now + 120_000, horizonMs: 120_000 };
    expect(nextStep(back, there, later)).toEqual({ do: 'flags', flags: { [id(1)]: true } });
  });

  it('ends after two readings with everything as it was', () => {
    const back = backOf(1);
    const there = inspection({ nics: [nic(0), { ...nic(1), snapshot: snapshot() }] });
    expect([nextStep(back, there, at).do, nextStep(back, there, at).do]).toEqual(['wait', 'done']);
  });

  it('gives a NIC up after three POSTs, and says what the cloud said', () => {
    const back = backOf(1);
    back.nics[0]!.attempts.attach = 3;
    back.nics[0]!.said = { code: 'Ecs.0217', message: 'attach failed' };
    expect(nextStep(back, inspection({ nics: [nic(0)], absent: [free(1)] }), at).do).toBe('done');
    expect(back.nics[0]?.problem).toMatchObject({ code: 'Ecs.0217', message: /attach failed/ });
  });

  it('a port that somebody else has is left there', () => {
    const back = backOf(1);
    const port = { state: 'attached' as const, deviceId: 'other' };
    expect(nextStep(back, inspection({ nics: [nic(0)], absent: [{ id: id(1), port }] }), at).do).toBe('done');
    expect(back.nics[0]?.problem?.message).toMatch(/attached to other/);
  });
});

describe('a later restore', () => {
  const saved = (n: number, more: Partial<SavedNic> = {}): SavedNic => ({
    id: id(n),
    outcome: 'deleted',
    snapshot: snapshot(),
    mayBeLeft: false,
    replacedBy: null,
    ...more,
  });
  const ask = { allowNewIp: false, serverId: SERVER };
  const empty = inspection({ nics: [nic(0)], absent: [] });

  it.each([
    [
      'its port is free',
      inspection({ nics: [nic(0)], absent: [{ id: id(5), port: { state: 'free' } }] }),
      null,
      ask,
      'exact',
    ],
    ['its port is gone, its IP free', empty, null, ask, 'new-mac'],
    ['its IP is taken', empty, { portId: 'p', deviceId: '', name: null }, ask, 'no'],
    [
      'its IP is taken, and another allowed',
      empty,
      { portId: 'p', deviceId: '', name: null },
      { ...ask, allowNewIp: true },
      'new-ip-and-mac',
    ],
    [
      'its port is attached elsewhere',
      inspection({ nics: [nic(0)], absent: [{ id: id(5), port: { state: 'attached', deviceId: 'x' } }] }),
      null,
      ask,
      'no',
    ],
  ] as const)('the grade when %s', (_when, seen, holder, asked, grade) => {
    expect(planOf(saved(5), seen, holder, asked).grade).toBe(grade);
  });

  it('a NIC on the server with its IP has its place, whoever has put it there', () => {
    const port = { state: 'attached' as const, deviceId: SERVER };
    const twin = { ...nic(1), port, ips: ['10.0.1.20'], snapshot: snapshot({ deleteOnTermination: false }) };
    const plan = planOf(saved(5), inspection({ nics: [nic(0), twin] }), null, ask);
    expect([plan.there?.id, plan.why]).toEqual([id(1), null]);
    // It may be anybody's: nothing of it is changed.
    expect(isUnfinished(plan)).toBe(false);
  });

  it('a free port that an earlier attempt has made for it is taken, whatever the document says', () => {
    const holder = { portId: 'p', deviceId: '', name: `ecs-nics ${id(5)} some-run` };
    expect(planOf(saved(5), empty, holder, ask)).toMatchObject({ grade: 'new-mac', portId: 'p', why: null });
    for (const other of [
      { ...holder, deviceId: 'x' },
      { ...holder, name: `ecs-nics ${id(6)} some-run` },
    ])
      expect(planOf(saved(5), empty, other, ask).grade).toBe('no');
  });

  it('one that came back with another IP is known by its name, or by what the document says', () => {
    const port = { state: 'attached' as const, deviceId: SERVER };
    const other = { ...nic(7), port, ips: ['10.0.1.99'] };
    const named = { ...other, snapshot: snapshot({ name: `ecs-nics ${id(5)} run` }) };
    const seen = (it: typeof other) => inspection({ nics: [nic(0), it] });
    expect(planOf(saved(5), seen(named), null, ask)).toMatchObject({
      portId: id(7),
      grade: 'new-ip-and-mac',
    });
    expect(planOf(saved(5, { replacedBy: id(7) }), seen(other), null, ask).there?.id).toBe(id(7));
    expect(planOf(saved(5), seen(other), null, ask).there).toBeNull();
  });

  it('a NIC whose port says it is here, and the list does not, is still to be looked for', () => {
    const port = { state: 'attached' as const, deviceId: SERVER };
    const plan = planOf(saved(5), inspection({ nics: [nic(0)], absent: [{ id: id(5), port }] }), null, ask);
    expect([plan.grade, plan.there]).toEqual(['exact', null]);
  });

  it('one that is on the server with another flag, or under the name of its making, is unfinished', () => {
    const port = { state: 'attached' as const, deviceId: SERVER };
    const there = (more: Partial<NicSnapshot>) => ({ ...nic(5), port, snapshot: snapshot(more) });
    const plan = (more: Partial<NicSnapshot>) =>
      isUnfinished(planOf(saved(5), inspection({ nics: [nic(0), there(more)] }), null, ask));
    expect(plan({})).toBe(false);
    expect(plan({ deleteOnTermination: false })).toBe(true);
    expect(plan({ name: `ecs-nics ${id(5)} run` })).toBe(true);
  });

  it('“all” means what that run took off; a NIC that it did not know is refused by name', () => {
    const asked = { serverId: SERVER, nics: 'all' } as Parameters<typeof chosen>[0];
    const rows = [saved(1), saved(2, { outcome: 'still-attached' }), saved(3, { outcome: 'untouched' })];
    expect(chosen(asked, rows).nics.map((it) => it.id)).toEqual([id(1)]);
    expect(chosen({ ...asked, nics: [id(9)] }, rows).problems[0]).toContain(id(9));
    expect(chosen(asked, []).problems).toHaveLength(1);
  });

  it('only NICs without a port need their IP to be free', () => {
    const seen = inspection({ nics: [nic(0)], absent: [{ id: id(5), port: { state: 'free' } }] });
    expect(addressesOf([saved(5), saved(6)], seen).map(({ nic: of }) => of.id)).toEqual([id(6)]);
  });
});

describe('inputs', () => {
  const document = {
    serverId: SERVER,
    nics: [{ id: id(1), outcome: 'deleted', snapshot: snapshot(), replacedBy: null }],
  };
  const good = { serverId: SERVER, from: { document }, nics: 'all' };

  it('who and why are both required', () => {
    expect(checkByWhom({ by: 'a', reason: 'b' })).toEqual({ problems: [], who: { by: 'a', reason: 'b' } });
    for (const [argument, count] of [
      [undefined, 1],
      [{}, 2],
      [{ by: ' ', reason: 'b' }, 1],
      [{ by: 'a', reason: 7, more: 1 }, 2],
      [{ by: 'a', reason: 'x'.repeat(1_001) }, 1],
    ] as const)
      expect(checkByWhom(argument).problems, JSON.stringify(argument)).toHaveLength(count);
  });

  it.each<[string, object, RegExp]>([
    ['no source', { from: undefined }, /from: missing/],
    ['a run of another server', { from: { workflowId: 'nics/x', runId: id(1) } }, /from\.workflowId/],
    ['a run without id', { from: { workflowId: `nics/${SERVER}` } }, /from\.runId: missing/],
    [
      'a document of another server',
      { from: { document: { ...document, serverId: id(3) } } },
      /is about server/,
    ],
    ['a document that is none', { from: { document: 'x' } }, /result document/],
    [
      'a damaged snapshot',
      {
        from: {
          document: { ...document, nics: [{ ...document.nics[0], snapshot: { fixedIps: [{ ip: 'x' }] } }] },
        },
      },
      /nics\[0\]\.snapshot can't be read/,
    ],
    ['an unknown field', { allowNewIP: true }, /"allowNewIP": unknown field/],
    ['what is expected of a NIC', { nics: [{ id: id(1), ip: '10.0.0.1' }] }, /unknown field/],
  ])('%s is refused', (_what, change, problem) => {
    const { problems, request: checked } = checkRestoreInput({ ...good, ...change });
    expect(checked).toBeNull();
    expect(problems.join('; ')).toMatch(problem);
  });

  it('any input is answered, never thrown at, and only sane snapshots pass', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (anything, part) => {
        expect(checkRestoreInput(anything).request).toBeNull();
        const nics = [{ id: id(1), outcome: 'deleted', snapshot: { ...snapshot(), securityGroups: part } }];
        const read = readSavedResult({ serverId: SERVER, nics }, SERVER);
        for (const it of read.nics)
          expect(it.snapshot.securityGroups?.every((group) => typeof group === 'string') ?? true).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('a saved snapshot loses nothing on the way', () => {
    // Required: a field that is added has to be added here, too.
    const whole: Required<NicSnapshot> = {
      ...snapshot(),
      elasticIp: '203.0.113.1',
      elasticIps: ['203.0.113.1', '203.0.113.2'],
    };
    const saved = { serverId: SERVER, nics: [{ id: id(1), outcome: 'deleted', snapshot: whole }] };
    expect(readSavedResult(JSON.parse(JSON.stringify(saved)), SERVER).nics[0]?.snapshot).toEqual(whole);
    const rubbish = { ...saved, nics: [{ ...saved.nics[0], snapshot: { ...whole, elasticIps: ['x'] } }] };
    expect(readSavedResult(rubbish, SERVER).problems).toHaveLength(1);
  });

  it('the same restore: equal source, NICs and options', () => {
    expect(restoreKey({ ...good, reason: 'a' })).toBe(restoreKey({ ...good, requestedBy: 'b' }));
    for (const change of [{ allowNewIp: true }, { dryRun: true }, { nics: [{ id: id(1) }] }])
      expect(restoreKey({ ...good, ...change })).not.toBe(restoreKey(good));
  });
});
