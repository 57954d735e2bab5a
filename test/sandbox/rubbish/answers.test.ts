/**
 * The cloud's answers damaged on their way, in whole runs: cut off, of wrong types, with fields lost, huge, nested without
 * end, dripping, quoting what was sent. Every run ends, with the ledger's truth or `unknown`, and tells no secret.
 */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { accessKeys } from '../../../src/ecs/credentials';
import type { TransportRequest, TransportResponse } from '../../../src/ecs/transport';
import { DEFAULT_LIMITS, TransportError } from '../../../src/ecs/transport';
import { DEFAULTS } from '../../../simulator';
import { nastyText, runs, TEST_TIMEOUT, unfit } from '../../support/rubbish';
import { play, TIMING } from '../engine/play';
import { documentOf } from '../judges/judge';
import { judgeDeletions } from '../campaigns/delete/rules';
import { createWorld, serverOf } from '../engine/world';

vi.setConfig({ testTimeout: TEST_TIMEOUT });

/** Rewrites an answer; the number is for choosing a place in it. */
type Damage = (body: string, place: number, request: TransportRequest) => string;

const NESTED = '['.repeat(10_000) + ']'.repeat(10_000);
const HUGE = 'x'.repeat(200_000);
/** Of a type that was not there; never a text or list, which could be a lie instead of rubbish. */
const OTHERS = [true, 7, -1e308, {}, [[]], { a: { b: null } }, [1, 2]];

const DAMAGES: Record<string, Damage> = {
  'cut off': (body, place) => body.slice(0, place % Math.max(1, body.length)),
  empty: () => '',
  'not JSON': () => '<html><title>502</title></html>',
  'JSON of another kind': (_body, place) => JSON.stringify(OTHERS[place % OTHERS.length]),
  'a field of another type': (body, place) => edited(body, place, (old) => otherThan(old, place)),
  'a field lost': (body, place) => edited(body, place, () => undefined),
  'a field nested without end': (body, place) =>
    edited(body, place, () => 'NESTED').replace('"NESTED"', NESTED),
  'nested without end': () => NESTED,
  'a huge text more': (body) => body.replace(/^\{/, `{"padding":"${HUGE}",`),
  'odd bytes': (body, place) =>
    `${body.slice(0, place % 40)}\u0000\ufffd\u202e${body.slice((place % 40) + 3)}`,
  'twice after each other': (body) => body + body,
  'a byte order mark': (body) => `\ufeff${body}`,
  'what was sent, quoted': (_body, _place, { headers }) =>
    JSON.stringify({ error: { code: 'Ecs.9999', message: `refused: ${JSON.stringify(headers)}` } }),
};

/** The JSON text with one place, counted depth first, made into something else; `undefined` takes it away. */
function edited(body: string, place: number, change: (old: unknown) => unknown): string {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return body;
  }
  const holders: [Record<string, unknown>, string][] = [];
  const walk = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return;
    for (const [key, each] of Object.entries(part)) {
      // An entry that is missing from a list would be a lie, not rubbish.
      if (!Array.isArray(part)) holders.push([part as Record<string, unknown>, key]);
      walk(each);
    }
  };
  walk(value);
  const [holder, key] = holders[place % Math.max(1, holders.length)] ?? [];
  if (holder === undefined || key === undefined) return body;
  const made = change(holder[key]);
  if (made === undefined) delete holder[key];
  else holder[key] = made;
  return JSON.stringify(value);
}

function otherThan(old: unknown, place: number): unknown {
  const others = OTHERS.filter(
    (other) => typeof other !== typeof old || Array.isArray(other) !== Array.isArray(old),
  );
  return others[place % others.length];
}

const CLASSES = ['detail', 'list', 'port', 'job', 'delete'] as const;
type Class = (typeof CLASSES)[number];

function classOf({ method, path }: TransportRequest): Class | null {
  if (method === 'POST') return 'delete';
  if (path.includes('/os-interface')) return 'list';
  if (path.includes('/jobs/')) return 'job';
  if (/\/ports[/?]/.test(path)) return 'port';
  return path.includes('/cloudservers/') ? 'detail' : null;
}

interface Plan {
  seed: number;
  /** Which of the operations, from which call on, how often. */
  classes: Class[];
  after: number;
  times: number;
  how: string;
  /** For answers that are errors. */
  status: number | null;
  place: number;
}

const SLOW = ['drips', 'too large'] as const;
const plans: fc.Arbitrary<Plan> = fc.record({
  seed: fc.nat(1_000),
  classes: fc.subarray([...CLASSES], { minLength: 1, maxLength: 2 }),
  after: fc.nat(3),
  times: fc.constantFrom(1, 2, 5, 1_000),
  how: fc.constantFrom(...Object.keys(DAMAGES), ...SLOW),
  status: fc.constantFrom(null, null, null, 500, 502, 503, 599),
  place: fc.nat(10_000),
});

const secrets = [DEFAULTS.sk, 'a-security-token-of-tests'];

async function playPlan(plan: Plan): Promise<string> {
  const world = createWorld(
    plan.seed,
    () => accessKeys({ ak: DEFAULTS.ak, sk: DEFAULTS.sk, securityToken: secrets[1]! }),
    { auth: 'none', answered },
  );
  let seen = 0;
  const signatures = new Set<string>();
  /** Hides from the run what the simulated cloud has really answered. */
  function answered(request: TransportRequest, answer: TransportResponse): TransportResponse {
    const signature = /Signature=(\w+)/.exec(request.headers.authorization ?? '')?.[1];
    if (signature !== undefined) signatures.add(signature);
    const kind = classOf(request);
    if (kind === null || !plan.classes.includes(kind)) return answer;
    seen++;
    if (seen <= plan.after || seen > plan.after + plan.times) return answer;
    if (plan.how === 'drips') {
      world.clock.advance(DEFAULT_LIMITS.connectMs + DEFAULT_LIMITS.headersMs + DEFAULT_LIMITS.bodyMs);
      throw new TransportError('timeout', 'maybe', 'not finished within 25000 ms', answer);
    }
    if (plan.how === 'too large') {
      throw new TransportError('too-large', 'maybe', 'the answer exceeds 1048576 bytes', answer);
    }
    const body = DAMAGES[plan.how]!(answer.body.toString('utf8'), plan.place, request);
    return { ...answer, body: Buffer.from(body), status: plan.status ?? answer.status };
  }
  // The judges learn from it that reads of ports are struck: what damages them here is none of the cloud's faults.
  if (plan.classes.includes('port'))
    world.simulator.control.addFault({ match: { class: ['port', 'ports'] }, what: { kind: 'delay', ms: 0 } });
  const server = serverOf(world);
  const nics = server.nics.slice(0, 2).map((id) => ({ id }));
  const input = { serverId: server.id, nics, timing: TIMING, deadline: '4 minutes' };
  const heard: unknown[] = [];
  const { clock, restarted } = world;
  const played = await play(
    { input, serverId: server.id, seed: plan.seed },
    { clock, restarted, activities: overheard(world.activities, heard) },
  );
  judgeDeletions(world, server.id, [played]);
  const told = documentOf(played);
  const message = played.end.kind === 'failed' ? played.end.message : '';
  expect(unfit(message, 5_000)).toBeNull();
  expect(unfit(played.details, 20_000)).toBeNull();
  for (const { summary } of played.activities) expect(unfit(summary, 80)).toBeNull();
  // All that can come into a history, a log or a page.
  const all = JSON.stringify([played, told, heard]);
  expect(all.length).toBeLessThan(500_000);
  for (const secret of [...secrets, ...signatures]) expect(all).not.toContain(secret);
  return told.outcome;
}

/** Keeps what the activities answer, and how they fail. */
function overheard<T extends object>(activities: T, heard: unknown[]): T {
  const listen = (work: (input: unknown) => Promise<unknown>) => async (input: unknown) => {
    try {
      const result = await work(input);
      heard.push(result);
      return result;
    } catch (error) {
      const failure = error as Error & { details?: unknown };
      heard.push([failure.message, failure.details, failure.stack, String(failure.cause)]);
      throw error;
    }
  };
  return Object.fromEntries(
    Object.entries(activities).map(([name, work]) => [name, listen(work as never)]),
  ) as T;
}

describe('damaged answers', () => {
  it.each([...Object.keys(DAMAGES), ...SLOW])('%s, for each operation for ever', async (how) => {
    for (const kind of CLASSES) {
      const plan = { seed: 1, classes: [kind], after: 0, times: 1_000, how, status: null, place: 3 };
      const outcome = await playPlan(plan);
      const ends = ['deleted', 'outcome-unknown', 'refused', 'cloud-refused', 'not-deleted'];
      expect(ends, `${kind}: ${outcome}`).toContain(outcome);
    }
  });

  it('of any kind, at any time: the run ends with the truth, or with `unknown`', async () => {
    const ends: Record<string, number> = {};
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const outcome = await playPlan(plan);
        ends[outcome] = (ends[outcome] ?? 0) + 1;
      }),
      runs(80),
    );
    expect(ends.deleted).toBeGreaterThan(20);
    console.log('runs with damaged answers:', ends);
  });
});

describe('texts of the cloud', () => {
  it('that are nasty stay bounded and escaped wherever they are shown', async () => {
    await fc.assert(
      fc.asyncProperty(nastyText, async (text) => {
        const world = createWorld(1);
        const server = serverOf(world, { name: `n${text}` });
        world.simulator.control.addFault({
          match: { class: 'job' },
          what: { kind: 'edit', merge: { fail_reason: text, error_code: text, status: text } },
        } as never);
        const nics = server.nics.slice(0, 1).map((id) => ({ id }));
        const input = { serverId: server.id, nics, timing: TIMING, deadline: '3 minutes' };
        const schedule = { input, serverId: server.id, seed: 1 };
        const played = await play(schedule, world);
        judgeDeletions(world, server.id, [played]);
        expect(unfit(played.details, 20_000)).toBeNull();
        expect(played.details).not.toMatch(/(?<!\\)<|(?<!\\)\]\(/);
        for (const { summary } of played.activities) expect(unfit(summary, 80)).toBeNull();
        expect(JSON.stringify(documentOf(played)).length).toBeLessThan(50_000);
      }),
      runs(25),
    );
  });
});
