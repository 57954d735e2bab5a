/** `null` counts as left out: encoders of other languages write it for every field that their caller has not set. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkByWhom,
  checkDeleteInput,
  checkRestoreInput,
  readSavedResult,
  requestKey,
  restoreKey,
} from '../../src/contract';

const SERVER = '3f0b6f0e-2a53-4d59-9d1b-0a2a7e5f1c11';
const NIC = '6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e01';
const RUN = 'c2a4e6d8-0b1c-4f3a-9e7d-5a6b7c8d9e02';

interface Pair {
  /** Without the fields that are not set. */
  absent: unknown;
  /** With `null` in each of them. */
  nulled: unknown;
}
type Fields = Record<string, fc.Arbitrary<unknown>>;

const plain = (value: fc.Arbitrary<unknown>): fc.Arbitrary<Pair> =>
  value.map((each) => ({ absent: each, nulled: each }));

/** An object whose optional fields are set or not, in both spellings of "not". */
function pairOf(
  required: Record<string, fc.Arbitrary<Pair>>,
  optional: Record<string, fc.Arbitrary<Pair>>,
): fc.Arbitrary<Pair> {
  const names = Object.keys(optional);
  return fc.tuple(fc.record(required), fc.record(optional), fc.subarray(names)).map(([must, may, set]) => {
    const build = (side: keyof Pair, otherwise: object) => ({
      ...Object.fromEntries(Object.entries(must).map(([name, pair]) => [name, pair[side]])),
      ...otherwise,
      ...Object.fromEntries(set.map((name) => [name, may[name]![side]])),
    });
    return {
      absent: build('absent', {}),
      nulled: build('nulled', Object.fromEntries(names.map((name) => [name, null]))),
    };
  });
}

const listOf = (one: fc.Arbitrary<Pair>): fc.Arbitrary<Pair> =>
  one.map(({ absent, nulled }) => ({ absent: [absent], nulled: [nulled] }));
const plainAll = (fields: Fields): Record<string, fc.Arbitrary<Pair>> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plain(value)]));

const flag = fc.boolean();
const policy = fc.constantFrom('keep', 'restore');
const duration = fc.constantFrom('90s', '20 minutes', 5_000);
const timing = pairOf(
  {},
  plainAll({
    firstPoll: duration,
    pollInterval: duration,
    settle: duration,
    verifyFor: duration,
    busyWait: duration,
  }),
);
const words = plainAll({ requestedBy: fc.constant('ops'), reason: fc.constant('T-1') });
const serverId = plain(fc.constant(SERVER));
const all = plain(fc.constant('all'));

const deletion = pairOf(
  {
    serverId,
    nics: fc.oneof(
      all,
      listOf(
        pairOf(
          plainAll({ id: fc.constant(NIC) }),
          plainAll({ ip: fc.constant('10.0.0.1'), mac: fc.constant('fa:16:3e:00:00:02') }),
        ),
      ),
    ),
  },
  {
    ...plainAll({
      projectId: fc.constant('p'),
      dryRun: flag,
      keepPort: flag,
      undoWindow: duration,
      onFailure: policy,
      onCancel: policy,
      allowElasticIp: flag,
      deadline: duration,
    }),
    ...words,
    timing,
  },
);

const snapshot = pairOf(
  {
    ...plainAll({ position: fc.constant(1) }),
    fixedIps: listOf(
      pairOf(plainAll({ ip: fc.constant('10.0.0.1') }), plainAll({ subnetId: fc.constant('s') })),
    ),
  },
  {
    ...plainAll({
      networkId: fc.constant('n'),
      mac: fc.constant('fa:16:3e:00:00:02'),
      deleteOnTermination: flag,
      name: fc.constant('x'),
      securityGroups: fc.constant(['g']),
      portSecurityEnabled: flag,
      elasticIp: fc.constant('1.2.3.4'),
    }),
    allowedAddressPairs: listOf(
      pairOf(plainAll({ ip: fc.constant('10.0.0.9') }), plainAll({ mac: fc.constant('m') })),
    ),
    dhcpOptions: listOf(
      pairOf(plainAll({ name: fc.constant('51') }), plainAll({ value: fc.constant('24h') })),
    ),
  },
);
const saved = pairOf(
  {
    serverId,
    nics: listOf(
      pairOf(plainAll({ id: fc.constant(NIC), outcome: fc.constant('deleted') }), {
        snapshot,
        replacedBy: plain(fc.constant({ id: RUN, mac: null, ip: null })),
      }),
    ),
  },
  plainAll({ serverName: fc.constant('web-01') }),
);
const fromRun = plain(fc.constant({ workflowId: `nics/${SERVER}`, runId: RUN })).map(({ absent }) => ({
  absent,
  nulled: { ...(absent as object), document: null },
}));
const fromDocument = saved.map(({ absent, nulled }) => ({
  absent: { document: absent },
  nulled: { document: nulled, workflowId: null, runId: null },
}));
const restore = pairOf(
  {
    serverId,
    from: fc.oneof(fromRun, fromDocument),
    nics: fc.oneof(all, plain(fc.constant([{ id: NIC }]))),
  },
  { ...plainAll({ projectId: fc.constant('p'), allowNewIp: flag, dryRun: flag }), ...words, timing },
);

describe('an optional field that is null', () => {
  it('of a deletion asks for the same as one that is left out', () => {
    fc.assert(
      fc.property(deletion, ({ absent, nulled }) => {
        const expected = checkDeleteInput(absent);
        expect(expected.problems).toEqual([]);
        expect(checkDeleteInput(nulled)).toEqual(expected);
        expect(requestKey(nulled)).toBe(requestKey(absent));
      }),
    );
  });

  it('of a restore, its source and its saved document asks for the same as one that is left out', () => {
    fc.assert(
      fc.property(restore, ({ absent, nulled }) => {
        const expected = checkRestoreInput(absent);
        expect(expected.problems).toEqual([]);
        expect(checkRestoreInput(nulled)).toEqual(expected);
        expect(restoreKey(nulled)).toBe(restoreKey(absent));
      }),
    );
    fc.assert(
      fc.property(saved, ({ absent, nulled }) => {
        expect(readSavedResult(nulled, SERVER)).toEqual(readSavedResult(absent, SERVER));
      }),
    );
  });
});

describe('a required field that is null', () => {
  const good = { serverId: SERVER, nics: [{ id: NIC }] };
  const run = { workflowId: `nics/${SERVER}`, runId: RUN };
  it.each<[string, () => { problems: string[] }, RegExp]>([
    ['serverId', () => checkDeleteInput({ ...good, serverId: null }), /^serverId: missing$/],
    ['nics', () => checkDeleteInput({ ...good, nics: null }), /^nics: missing;/],
    ['nics[].id', () => checkDeleteInput({ ...good, nics: [{ id: null }] }), /^nics\[0\]\.id: missing$/],
    ['from', () => checkRestoreInput({ ...good, from: null }), /^from: missing;/],
    ['all of from', () => checkRestoreInput({ ...good, from: { document: null } }), /^from: missing;/],
    [
      'from.runId',
      () => checkRestoreInput({ ...good, from: { ...run, runId: null } }),
      /^from\.runId: missing$/,
    ],
    [
      'from.workflowId',
      () => checkRestoreInput({ ...good, from: { ...run, workflowId: null } }),
      /^from\.workflowId: missing;/,
    ],
    ['by', () => checkByWhom({ by: null, reason: 'T-1' }), /^by: missing$/],
    ['reason', () => checkByWhom({ by: 'ops', reason: null }), /^reason: missing$/],
  ])('%s is missing', (_name, check, problem) => {
    expect(check().problems).toEqual([expect.stringMatching(problem)]);
  });

  it('a NIC that is null is no NIC', () => {
    expect(checkDeleteInput({ ...good, nics: [null] }).problems).toEqual([
      'nics[0]: must be an object {"id"}, not null',
    ]);
  });
});

describe('an unknown field that is null', () => {
  const good = { serverId: SERVER, nics: [{ id: NIC }] };
  it.each<[string, () => { problems: string[] }]>([
    ['keepport', () => checkDeleteInput({ ...good, keepport: null })],
    ['MAC', () => checkDeleteInput({ ...good, nics: [{ id: NIC, MAC: null }] })],
    ['poll', () => checkDeleteInput({ ...good, timing: { poll: null } })],
    [
      'runID',
      () =>
        checkRestoreInput({
          ...good,
          from: { workflowId: `nics/${SERVER}`, runId: RUN, runID: null },
        }),
    ],
    ['who', () => checkByWhom({ by: 'ops', reason: 'T-1', who: null })],
  ])('%s stays an error: it may be a mistyped safety option', (name, check) => {
    expect(check().problems).toEqual([expect.stringContaining(`"${name}": unknown field`)]);
  });
});

it('a source has a run or a document, not both', () => {
  const from = { workflowId: `nics/${SERVER}`, runId: RUN, document: { serverId: SERVER, nics: [] } };
  expect(checkRestoreInput({ serverId: SERVER, nics: 'all', from }).problems).toEqual([
    expect.stringMatching(/^from: .*not both/),
  ]);
});
