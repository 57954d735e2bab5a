/** Inputs of any shape, through the real bundle in the real sandbox: refused by name, and nothing else happens. */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { ResultDocument } from '../../../src/contract';
import { anyJson, nastyText, runs, TEST_TIMEOUT, unfit } from '../../support/rubbish';
import type { Played, Schedule } from '../engine/schedule';
import { play, TIMING } from '../engine/play';
import { judgeDeletions } from '../campaigns/delete/rules';
import { createWorld, serverOf } from '../engine/world';

vi.setConfig({ testTimeout: TEST_TIMEOUT });

const SERVER = '3f0b6f0e-2a53-4d59-9d1b-0a2a7e5f1c11';
const NIC = '6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e01';
const good = { serverId: SERVER, nics: [{ id: NIC }] };

const bytes = (text: string) => new TextEncoder().encode(text);
/** A payload as some client may make it. */
const payload = (encoding: string, data?: string) => ({
  metadata: { encoding: bytes(encoding) },
  ...(data === undefined ? {} : { data: bytes(data) }),
});
const json = (text: string) => [payload('json/plain', text)];

/** Plays a start that is to be refused; what was asked of the cloud is nothing. */
async function refused(schedule: Partial<Schedule>): Promise<string> {
  const world = createWorld(1);
  const whole = { input: good, serverId: SERVER, seed: 1, ...schedule };
  const played = await play(whole, world);
  const { end, activities } = played;
  if (end.kind !== 'failed') throw new Error(`the run ended as ${end.kind}`);
  expect([end.type, activities, world.simulator.ledger.requests]).toEqual(['InvalidInput', [], []]);
  expect(unfit(end.message, 20_000)).toBeNull();
  expectFitPage(played);
  const document = end.details as ResultDocument;
  expect([document.outcome, document.phase, document.submissions]).toEqual(['invalid-input', 'done', 0]);
  for (const { outcome } of document.nics) expect(outcome).toBe('untouched');
  return end.message;
}

/** The Web UI renders it: bounded, and no tag of a stranger's. */
function expectFitPage({ details }: Played): void {
  expect(unfit(details, 10_000)).toBeNull();
  expect(details).not.toMatch(/(?<!\\)<|(?<!\\)\]\(/);
}

const long = (length: number) => fc.integer({ min: length + 1, max: 3 * length }).map((n) => 'x'.repeat(n));
const noText = fc.oneof(fc.constantFrom('', ' \t ', 1, false, [], {}));
const noFlag = fc.oneof(fc.constantFrom(0, 1, 'true', '', [], {}), nastyText);
const noPolicy = fc.oneof(fc.constantFrom(1, [], {}, 'Keep', 'restored'), nastyText);
const noDuration = fc.oneof(
  fc.constantFrom(
    true,
    [],
    {},
    -1,
    0.5,
    1e300,
    '24',
    '1.5h',
    '',
    'soon',
    '-1h',
    '1 year',
    '1h 5m',
    '9'.repeat(200),
  ),
  nastyText,
);
const noId = fc.oneof(
  fc.constantFrom(null, 1, [], {}, SERVER.toUpperCase(), `${SERVER}\n`, ` ${SERVER}`, SERVER.slice(1)),
  nastyText,
);
const noNic = fc.oneof(
  fc.constantFrom(null, 1, 'x', NIC, [], {}, { id: NIC, ip: '10.0.0.256' }, { id: NIC, mac: 'x' }),
  fc.record({ id: noId }),
  fc.record({ id: fc.constant(NIC), ip: noId.filter((ip) => ip !== null) }),
  fc.record({ id: fc.constant(NIC), port: anyJson }),
);
/** What no value of each field may be. */
const WRONG: Record<string, fc.Arbitrary<unknown>> = {
  serverId: noId,
  nics: fc.oneof(
    fc.constantFrom(null, 1, {}, 'ALL', '', [], [{ id: NIC }, { id: NIC }], Array(33).fill({ id: NIC })),
    fc.array(noNic, { minLength: 1, maxLength: 3 }),
  ),
  projectId: fc.oneof(noText, long(64)),
  dryRun: noFlag,
  keepPort: noFlag,
  undoWindow: fc.oneof(noDuration, fc.constantFrom('31 days', 2_592_000_001, 1, 999)),
  onFailure: noPolicy,
  onCancel: noPolicy,
  allowElasticIp: noFlag,
  deadline: fc.oneof(noDuration, fc.constantFrom(0, '999ms', '21 hours')),
  requestedBy: fc.oneof(noText, long(200), fc.constant('YOU')),
  reason: fc.oneof(noText, long(1_000), fc.constant('<why>')),
  timing: fc.oneof(
    fc.constantFrom(1, true, [], '5s', { poll: '5s' }, { settle: '2h' }, { pollInterval: 0 }),
    fc.record({ settle: noDuration }),
    fc.record({ firstPoll: noDuration, busyWait: noDuration }),
  ),
  dryrun: anyJson,
};

describe('an input of the wrong kind', () => {
  it('is refused with every wrong field named', async () => {
    const wrong = fc
      .subarray(Object.keys(WRONG), { minLength: 1 })
      .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, WRONG[name]!]))));
    await fc.assert(
      fc.asyncProperty(wrong, async (fields) => {
        const message = await refused({ input: { ...good, ...fields } });
        for (const name of Object.keys(fields)) expect(message).toMatch(new RegExp(`\\b${name}\\b`));
        // What is right is not complained of; a longer name may contain it.
        for (const name of ['serverId', 'nics', 'deadline', 'reason']) {
          if (!(name in fields)) expect(message).not.toMatch(new RegExp(`(^|; |: )${name}(:|\\[)`));
        }
      }),
      runs(150),
    );
  });

  it('is refused whatever JSON it is', async () => {
    await fc.assert(
      fc.asyncProperty(anyJson, async (input) => {
        await refused({ input });
      }),
      runs(80),
    );
  });

  it.each<[string, Partial<Schedule>, RegExp]>([
    ['no argument', { payloads: [] }, /one JSON object, not undefined/],
    ['an encoding of somebody else', { payloads: [payload('binary/encrypted', 'x')] }, /send plain JSON/],
    ['no encoding', { payloads: [{ metadata: {}, data: bytes('{}') }] }, /can't be read/],
    ['half a JSON', { payloads: json('{"serverId":') }, /can't be read/],
    ['no data', { payloads: [payload('json/plain')] }, /can't be read/],
    ['bytes', { payloads: [payload('binary/plain', 'x'.repeat(100_000))] }, /not binary data/],
    [
      'a second argument that can’t be read',
      { input: 1, payloads: [...json('7'), payload('x')] },
      /a number/,
    ],
    ['lists in lists', { payloads: json('['.repeat(100_000) + ']'.repeat(100_000)) }, /not a list/],
    [
      'objects in objects',
      { payloads: json('{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000)) },
      /"a": unknown/,
    ],
    [
      'lists in a field',
      { payloads: json(`{"serverId":${'['.repeat(50_000)}${']'.repeat(50_000)}}`) },
      /a list/,
    ],
    ['a number without end', { payloads: json('{"deadline":1e999}') }, /deadline: Infinity/],
    ['a text of a megabyte', { input: { ...good, reason: 'x'.repeat(1_000_000) } }, /at most 1000/],
    [
      'a field with a name of a megabyte',
      { input: { ...good, ['x'.repeat(1_000_000)]: 1 } },
      /unknown field/,
    ],
    [
      'a hundred thousand NICs',
      {
        payloads: json(`{"serverId":"${SERVER}","nics":[${Array(100_000).fill(`{"id":"${NIC}"}`).join()}]}`),
      },
      /100000 entries/,
    ],
    [
      'a prototype',
      { payloads: json(`{"__proto__":${JSON.stringify(good)}}`) },
      /"__proto__": unknown field/,
    ],
    ['a character cut in half by us', { input: { ...good, serverId: `a${'😀'.repeat(60)}` } }, /serverId/],
  ])('%s', async (_name, schedule, expected) => {
    expect(await refused(schedule)).toMatch(expected);
  });

  it('says of many unknown fields how many there are, for every NIC', async () => {
    const fields = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`${'é'.repeat(100)}${n}`, 1]));
    const message = await refused({ input: { ...good, nics: Array(32).fill(fields) } });
    expect(message).toMatch(/nics\[0\]: 90 more unknown fields.*nics\[31\]: 100 more unknown fields/);
  });
});

describe('a state that a caller made up', () => {
  const state = { document: { nics: [] }, witnesses: [], rest: null };
  const made = { resumed: { input: good, state } };
  it.each<[string, Partial<Schedule>, RegExp]>([
    ['in a first run', {}, /"resumed": unknown field/],
    [
      'in a run that cron has started after another',
      { info: { continuedFromExecutionRunId: 'a', cronSchedule: '@daily' } },
      /"resumed": unknown field/,
    ],
    [
      'in a second try of a run that no worker has seen',
      { info: { continuedFromExecutionRunId: 'a', firstExecutionRunId: 'a', attempt: 2 } },
      /"resumed": unknown field/,
    ],
  ])('%s counts for nothing', async (_name, schedule, expected) => {
    expect(await refused({ input: made, ...schedule })).toMatch(expected);
  });
});

describe('the circumstances of a start', () => {
  it('any other workflow id is refused, and the right one named', async () => {
    const ids = fc.oneof(
      nastyText,
      nastyText.map((text) => `nics/${text}`),
      fc.constantFrom(SERVER, `nics/${SERVER}-2026-03-01T00:00:00Z`, `NICS/${SERVER}`, `nics/${NIC}`),
    );
    await fc.assert(
      fc.asyncProperty(ids, async (workflowId) => {
        expect(await refused({ info: { workflowId } })).toContain(`must be nics/${SERVER}`);
      }),
      runs(40),
    );
  });

  it('cron and time-outs are named together', async () => {
    const info = { cronSchedule: '* * * * *', executionTimeoutMs: 1_000, runTimeoutMs: 3_600_000 };
    const message = await refused({ info });
    expect(message).toMatch(
      /^3 problems.*cron.*an execution time-out of 1 s.*a run time-out of 1 h: .*1 h 20 min/,
    );
  });
});

describe('an input that is nearly right', () => {
  it('is refused, or does what it says; nothing in between', async () => {
    const changes = fc.array(fc.tuple(fc.nat(20), fc.oneof(anyJson, fc.constantFrom(true, '2h', 'keep'))), {
      minLength: 1,
      maxLength: 2,
    });
    const ends: Record<string, number> = {};
    await fc.assert(
      fc.asyncProperty(changes, async (places) => {
        const world = createWorld(1);
        const server = serverOf(world);
        const [a, b] = server.nics;
        const input = {
          serverId: server.id,
          nics: [{ id: a }, { id: b }],
          dryRun: false,
          keepPort: false,
          deadline: '20 minutes',
          requestedBy: 'ops',
          reason: 'T-1',
          allowElasticIp: false,
          timing: TIMING,
        };
        const changed = places.reduce((value: unknown, [at, other]) => replaced(value, at, other), input);
        const schedule = { input: changed, serverId: server.id, seed: 1 };
        const played = await play(schedule, world);
        const kind = played.end.kind === 'failed' ? played.end.type : played.end.kind;
        ends[kind] = (ends[kind] ?? 0) + 1;
        expectFitPage(played);
        if (kind === 'InvalidInput') expect(world.simulator.ledger.requests).toEqual([]);
        else judgeDeletions(world, server.id, [played]);
        for (const { summary } of played.activities) expect(unfit(summary, 80)).toBeNull();
      }),
      runs(80),
    );
    expect(ends.InvalidInput).toBeGreaterThan(20);
    expect(ends.completed).toBeGreaterThan(3);
  });
});

/** The value with the place of that number, counted depth first, filled with another. */
function replaced(value: unknown, at: number, other: unknown): unknown {
  let count = 0;
  const walk = (part: unknown): unknown => {
    if (count++ === at) return other;
    if (Array.isArray(part)) return part.map(walk);
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, each]) => [key, walk(each)]));
  };
  return walk(value);
}
