/** Signals and Updates of any kind to an open run: each is answered or left alone, and the deletion goes its way. */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { anyJson, nastyText, runs, TEST_TIMEOUT, unfit } from '../../support/rubbish';
import type { Played, Schedule } from '../engine/schedule';
import { play, TIMING } from '../engine/play';
import { documentOf } from '../judges/judge';
import { judgeDeletions } from '../campaigns/delete/rules';
import { createWorld, serverOf } from '../engine/world';
import type { World } from '../engine/world';

vi.setConfig({ testTimeout: TEST_TIMEOUT });

const bytes = (text: string) => new TextEncoder().encode(text);
const payload = (encoding: string, data: string) => ({
  metadata: { encoding: bytes(encoding) },
  data: bytes(data),
});
const json = (value: unknown) => payload('json/plain', JSON.stringify(value));

/** Nobody can read it. */
const unreadable = fc
  .tuple(fc.constantFrom('binary/encrypted', 'json/plain', 'json/protobuf', '', '😀'), nastyText)
  .map(([encoding, text]) => payload(encoding, `{${text}`));
const deep = payload('json/plain', '['.repeat(20_000) + ']'.repeat(20_000));
const anything = fc.oneof(
  anyJson.filter((value) => value !== null).map(json),
  unreadable,
  fc.constant(deep),
  nastyText.map((text) => payload('binary/plain', text)),
);

type Messages = NonNullable<Schedule['messages']>;
const signal = (signalName: string, input: object[]) => ({ signalWorkflow: { signalName, input } });
const update = (id: string, name: string, input: object[]) => ({
  doUpdate: { id, protocolInstanceId: id, name, input, runValidator: true, meta: { updateId: id } },
});

async function playWith(
  messagesOf: (world: World, request: object) => Messages,
  change: Partial<Schedule> = {},
): Promise<Played> {
  const world = createWorld(1);
  const server = serverOf(world);
  const request = {
    serverId: server.id,
    nics: server.nics.slice(0, 2).map((id) => ({ id })),
    timing: TIMING,
  };
  const schedule = { input: request, serverId: server.id, seed: 1, ...change };
  const messages = messagesOf(world, request);
  const played = await play({ ...schedule, messages }, world);
  judgeDeletions(world, server.id, [played]);
  expect(documentOf(played).outcome).toBe('deleted');
  const { requests } = world.simulator.ledger.forServer(server.id);
  expect(requests.filter(({ requestClass }) => requestClass === 'delete')).toHaveLength(1);
  return played;
}

/** While the job of 12 s runs: every message is delivered. */
const when = fc.nat(15_000);

describe('signals', () => {
  it('of any name, with any arguments, hold nothing up', async () => {
    const name = fc.oneof({ weight: 3, arbitrary: fc.constant('pollNow') }, nastyText, fc.constant('status'));
    const one = fc.tuple(when, name, fc.array(anything, { maxLength: 3 }));
    await fc.assert(
      fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 4 }), async (signals) => {
        await playWith(() =>
          // The server takes no signal without a name.
          signals.map(([at, called, input]) => ({ at, job: signal(called.slice(0, 1_000) || 'x', input) })),
        );
      }),
      runs(40),
    );
  });

  it('pollNow with an argument that can’t be read still makes the run look', async () => {
    const slow = { ...TIMING, firstPoll: '15 minutes' };
    const played = await playWith((_world, request) => {
      Object.assign(request, { timing: slow });
      return [{ at: 13_000, job: signal('pollNow', [payload('binary/encrypted', 'x')]) }];
    });
    expect(played.virtualMs).toBeLessThan(60_000);
  });
});

describe('Updates', () => {
  it('are each answered once: the caller’s own request, another one, rubbish, names of no Update', async () => {
    const other = { serverId: '3f0b6f0e-2a53-4d59-9d1b-0a2a7e5f1c11', nics: 'all' };
    const kinds = ['none', 'null', 'same', 'other', 'rubbish'] as const;
    const one = fc.tuple(
      when,
      fc.constantFrom('submitted', 'settled', 'undo', 'commit', 'restore', '__proto__', 'toString'),
      fc.constantFrom(...kinds),
      anything,
    );
    const answers: Record<string, number> = {};
    await fc.assert(
      fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 6 }), async (updates) => {
        const played = await playWith((_world, request) =>
          updates.map(([at, name, kind, rubbish], index) => {
            const input = {
              none: [],
              null: [json(null)],
              same: [json(request), rubbish],
              other: [json(other)],
              rubbish: [rubbish],
            };
            return { at, job: update(`u${index}`, name, input[kind]) };
          }),
        );
        updates.forEach(([, name, kind], index) => {
          const got = played.updates.filter(({ id }) => id === `u${index}`);
          for (const { message } of got) expect(unfit(message, 20_000)).toBeNull();
          const told = got.map(({ answer, type }) => `${answer} ${type}`.trim()).join(', ');
          answers[told] = (answers[told] ?? 0) + 1;
          expect([name, kind, told]).toEqual([name, kind, expected(name, kind)]);
        });
      }),
      runs(40),
    );
    expect(Object.keys(answers)).toHaveLength(4);
  });
});

function expected(name: string, kind: string): string {
  // None of these says by whom and why.
  if (name === 'undo' || name === 'commit') return 'rejected InvalidInput';
  if (name !== 'submitted' && name !== 'settled') return 'rejected Error';
  if (kind === 'other') return 'rejected DifferentRequest';
  return kind === 'rubbish' ? 'rejected InvalidInput' : 'accepted, completed';
}

describe('what a caller hangs on a run', () => {
  it('a memo that can’t be read is left alone, and handed on as it came', async () => {
    const memo = { ticket: payload('binary/encrypted', 'x'), open: json(7), result: json([]) };
    const played = await playWith(() => [], { memo, continueAfter: 2 });
    expect(played.runs.length).toBeGreaterThan(1);
    expect(played.memo.ticket).toMatchObject({ payload: memo.ticket });
  });
});
