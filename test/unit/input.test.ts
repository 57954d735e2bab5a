/** Every problem of a request is named with its path and its remedy; what passes is sane; what "the same" means. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkDeleteInput, requestKey } from '../../src/contract';

const SERVER = '3f0b6f0e-2a53-4d59-9d1b-0a2a7e5f1c11';
const NIC = '6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e01';
const OTHER = 'c2a4e6d8-0b1c-4f3a-9e7d-5a6b7c8d9e02';
const good = { serverId: SERVER, nics: [{ id: NIC }] };
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

describe('a problem has a path and a remedy', () => {
  it.each<[string, unknown, string, RegExp]>([
    ['null', null, 'the input', /must be one JSON object, not null/],
    ['a text', 'x', 'the input', /must be one JSON object, not a string/],
    ['a server that is a number', { ...good, serverId: 7 }, 'serverId', /7 is not a lower-case UUID/],
    ['an upper-case NIC', { ...good, nics: [{ id: NIC.toUpperCase() }] }, 'nics[0].id', /lower-case UUID/],
    ['a NIC without id', { ...good, nics: [{ id: NIC }, {}] }, 'nics[1].id', /missing/],
    [
      'an unknown NIC field',
      { ...good, nics: [{ id: NIC, IP: 'x' }] },
      'nics[0]."IP"',
      /known are id, ip, mac/,
    ],
    ['nics as an object', { ...good, nics: {} }, 'nics', /a list of \{"id"\}, or "all"/],
    ['nics in other words', { ...good, nics: 'ALL' }, 'nics', /or "all"; it is "ALL"/],
    ['an empty list', { ...good, nics: [] }, 'nics', /never everything/],
    ['a repeated NIC', { ...good, nics: [{ id: OTHER }, { id: NIC }, { id: OTHER }] }, 'nics[2].id', /twice/],
    ['an IP out of range', { ...good, nics: [{ id: NIC, ip: '10.0.0.256' }] }, 'nics[0].ip', /not an IP/],
    [
      'a MAC with dashes',
      { ...good, nics: [{ id: NIC, mac: 'fa-16-3e-00-00-02' }] },
      'nics[0].mac',
      /fa:16:3e/,
    ],
    ['a project that is empty', { ...good, projectId: ' ' }, 'projectId', /left out/],
    ['a long reason', { ...good, reason: 'x'.repeat(1_001) }, 'reason', /at most 1000/],
    ['a flag as text', { ...good, allowElasticIp: 'yes' }, 'allowElasticIp', /true or false/],
    ['a policy unheard of', { ...good, onFailure: 'undo' }, 'onFailure', /"keep" or "restore"/],
    ['a deadline of nothing', { ...good, deadline: 0 }, 'deadline', /1 s to 20 h/],
    ['a deadline a day long', { ...good, deadline: '1 day' }, 'deadline', /1 s to 20 h/],
    ['a deadline in years', { ...good, deadline: '1y' }, 'deadline', /"90s" or "20 minutes"/],
    ['a window without a unit', { ...good, undoWindow: '24' }, 'undoWindow', /no unit; write "24 hours"/],
    ['a window as a number of hours', { ...good, undoWindow: 24 }, 'undoWindow', /24 ms; write "24 hours"/],
    ['a window of one and a half hours', { ...good, undoWindow: '1.5h' }, 'undoWindow', /write "90 minutes"/],
    ['a window with a fraction of a ms', { ...good, undoWindow: 1000.5 }, 'undoWindow', /fraction/],
    ['a deadline without a unit', { ...good, deadline: '20' }, 'deadline', /no unit; write "20 minutes"/],
    ['a deadline as a number of minutes', { ...good, deadline: 20 }, 'deadline', /write "20 minutes"/],
    [
      'a pause without a unit',
      { ...good, timing: { settle: '30' } },
      'timing.settle',
      /no unit; write "30 seconds"/,
    ],
    ['a negative window', { ...good, undoWindow: '-1h' }, 'undoWindow', /not a duration/],
    ['a list as timing', { ...good, timing: [] }, 'timing', /must be an object, not a list/],
    [
      'no pause between polls',
      { ...good, timing: { pollInterval: 0 } },
      'timing.pollInterval',
      /out of range/,
    ],
    ['two hours to settle', { ...good, timing: { settle: '2h' } }, 'timing.settle', /to 1 h/],
    ['a window of 31 days', { ...good, undoWindow: '31 days' }, 'undoWindow', /out of range.*720 h/],
  ])('%s', (_name, input, path, remedy) => {
    const { problems, request } = checkDeleteInput(input);
    expect(request).toBeNull();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(remedy);
    expect(problems[0]?.startsWith(path)).toBe(true);
  });

  it('all of them in one go, in the order of the fields', () => {
    const { problems } = checkDeleteInput({
      dryrun: true,
      serverId: SERVER.toUpperCase(),
      nics: [{ id: 'x' }, 'y', { id: NIC, ip: 'z', mac: 'z', port: 1 }],
      keepPort: 'no',
      deadline: '3 weeks',
      timing: { settle: 'a while', poll: 1 },
      onCancel: 'undo',
    });
    const paths = problems.map((problem) => problem.split(': ')[0]);
    expect([...paths].sort()).toEqual(
      [
        '"dryrun"',
        'serverId',
        'nics[0].id',
        'nics[1]',
        'nics[2]."port"',
        'nics[2].ip',
        'nics[2].mac',
        'keepPort',
        'deadline',
        'timing."poll"',
        'timing.settle',
        'onCancel',
      ].sort(),
    );
  });

  it('no value brings line breaks or unbounded text into a problem', () => {
    const long = `a\nb\u2028${'x'.repeat(10_000)}`;
    const fields = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`${long}${n}`, 1]));
    const { problems } = checkDeleteInput({ ...fields, serverId: long, nics: long, deadline: long });
    expect(problems.join('')).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
    expect(problems.join('').length).toBeLessThan(5_000);
  });

  it('20 hours, 30 days and 32 NICs are the last that pass', () => {
    const ids = Array.from({ length: 32 }, (_, n) => ({ id: NIC.slice(0, -2) + String(n).padStart(2, '0') }));
    expect(checkDeleteInput({ ...good, nics: ids, deadline: '20h' }).problems).toEqual([]);
    expect(checkDeleteInput({ ...good, nics: [...ids, { id: OTHER }] }).problems).toHaveLength(1);
    expect(checkDeleteInput({ ...good, undoWindow: '30 days' }).problems).toEqual([]);
  });
});

describe('any input at all', () => {
  it('is answered, never thrown at', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withObjectString: true,
      withSet: true,
      withSparseArray: true,
      withTypedArray: true,
    });
    const field = fc.oneof(anything, fc.func(anything), fc.constant(Symbol('s')));
    const shaped = fc.record(
      {
        serverId: field,
        nics: fc.oneof(field, fc.array(field)),
        deadline: field,
        timing: field,
        reason: field,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(anything, shaped), (input) => {
        const { problems, request } = checkDeleteInput(input);
        expect(problems.length === 0).toBe(request !== null);
        for (const problem of problems) expect(typeof problem).toBe('string');
      }),
      { numRuns: 500 },
    );
  });

  it('passes with sane values only', () => {
    // Mostly good, so that many of them pass.
    const mostly = (value: fc.Arbitrary<unknown>) =>
      fc.oneof({ weight: 12, arbitrary: value }, { weight: 1, arbitrary: fc.jsonValue() });
    const id = mostly(fc.uuid());
    const nics = fc.uniqueArray(fc.record({ id, ip: mostly(fc.ipV4()) }, { requiredKeys: ['id'] }), {
      minLength: 1,
      maxLength: 4,
      selector: ({ id: of }) => JSON.stringify(of),
    });
    const duration = mostly(fc.oneof(fc.nat(7_200_000), fc.constantFrom('1s', '30 minutes', '20h', '21h')));
    const flag = mostly(fc.boolean());
    const policy = mostly(fc.constantFrom('keep', 'restore'));
    const timing = fc.record({ settle: duration, pollInterval: duration }, { requiredKeys: [] });
    const input = fc.record(
      {
        serverId: id,
        nics: fc.oneof(nics, fc.constant('all')),
        deadline: duration,
        dryRun: flag,
        keepPort: flag,
        undoWindow: duration,
        onFailure: policy,
        onCancel: policy,
        allowElasticIp: flag,
        requestedBy: mostly(fc.constant('me')),
        timing,
      },
      { requiredKeys: ['serverId', 'nics'] },
    );
    let passed = 0;
    fc.assert(
      fc.property(input, (value) => {
        const { request } = checkDeleteInput(value);
        if (request === null) return;
        passed++;
        expect(request.serverId).toBe(value.serverId);
        expect(request.serverId).toMatch(UUID);
        const ids = request.nics === 'all' ? 'all' : request.nics.map((nic) => nic.id);
        expect(ids).toEqual(
          value.nics === 'all' ? 'all' : (value.nics as { id: unknown }[]).map((nic) => nic.id),
        );
        if (ids !== 'all') expect(new Set(ids).size).toBe(ids.length);
        for (const one of ids === 'all' ? [] : ids) expect(one).toMatch(UUID);
        expect(request.deadlineMs).toBeGreaterThanOrEqual(1_000);
        expect(request.deadlineMs).toBeLessThanOrEqual(20 * 3_600_000);
        expect([request.dryRun, request.allowElasticIp]).toEqual([
          value.dryRun ?? false,
          value.allowElasticIp ?? false,
        ]);
        expect(request.keepPort).toBe(value.keepPort ?? false);
        for (const policy of ['onFailure', 'onCancel'] as const)
          expect(request[policy]).toBe(value[policy] ?? 'keep');
        expect(request.undoWindowMs).toBeGreaterThanOrEqual(0);
        expect(request.undoWindowMs).toBeLessThanOrEqual(30 * 24 * 3_600_000);
        for (const ms of Object.values(request.timing)) {
          if (ms === null) continue;
          expect(Number.isSafeInteger(ms)).toBe(true);
          expect(ms).toBeGreaterThanOrEqual(0);
          expect(ms).toBeLessThanOrEqual(3_600_000);
        }
      }),
      { numRuns: 500 },
    );
    expect(passed).toBeGreaterThan(50);
  });
});

describe('the same request (docs/contract.md §2.4)', () => {
  const two = { serverId: SERVER, nics: [{ id: NIC }, { id: OTHER }] };
  it.each<[string, object]>([
    ['requestedBy', { requestedBy: 'a' }],
    ['reason', { reason: 'b' }],
    ['timing', { timing: { verifyFor: '5s', busyWait: '1s' } }],
    ['deadline', { deadline: '2h' }],
    ['the project', { projectId: 'p' }],
    [
      'what is expected of a NIC',
      {
        nics: [
          { id: OTHER, mac: 'fa:16:3e:00:00:02' },
          { id: NIC, ip: '10.0.0.1' },
        ],
      },
    ],
  ])('%s is irrelevant', (_name, change) => {
    expect(checkDeleteInput({ ...two, ...change }).problems).toEqual([]);
    expect(requestKey({ ...two, ...change })).toBe(requestKey(two));
  });

  it.each<[string, object]>([
    ['the server', { serverId: OTHER }],
    ['the set of NICs', { nics: [{ id: OTHER }] }],
    ['keepPort', { keepPort: true }],
    ['undoWindow', { undoWindow: '1h' }],
    ['onFailure', { onFailure: 'restore' }],
    ['onCancel', { onCancel: 'restore' }],
    ['allowElasticIp', { allowElasticIp: true }],
    ['dryRun', { dryRun: true }],
  ])('%s is relevant', (_name, change) => {
    expect(requestKey({ ...two, ...change })).not.toBe(requestKey(two));
  });

  it('the order of NICs never matters', () => {
    const shuffled = fc
      .uniqueArray(fc.uuid(), { minLength: 1, maxLength: 12 })
      .chain((ids) => fc.tuple(fc.constant(ids), fc.shuffledSubarray(ids, { minLength: ids.length })));
    const key = (ids: string[]) => requestKey({ serverId: SERVER, nics: ids.map((id) => ({ id })) });
    fc.assert(
      fc.property(shuffled, ([ids, others]) => {
        expect(key(others)).toBe(key(ids));
      }),
    );
  });

  it('an input that does not pass equals only itself', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        expect(requestKey(a)).not.toBe(requestKey(two));
        expect(requestKey(a) === requestKey(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });
});
