import type { Logger } from '@temporalio/worker';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openNamespace } from '../../src/worker/namespace';
import type { Temporal } from '../../src/worker/temporal';

const DAY = 86_400_000;
const ALL = { EcsServerId: 2, NicsPhase: 2, NicsOutcome: 2, DecommissionRun: 2 };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function stage(retentionMs: number | null = 30 * DAY, client: object = {}) {
  const lines: string[] = [];
  const tell = (level: string) => (text: string) => lines.push(`${level} ${text}`);
  const log = { info: tell('info'), warn: tell('warn') } as unknown as Logger;
  const server = { list: async (): Promise<Record<string, number>> => ALL, asked: 0 };
  const connection = {
    withDeadline: (_at: number, work: () => unknown) => work(),
    operatorService: {
      listSearchAttributes: async () => {
        server.asked += 1;
        return { customAttributes: await server.list() };
      },
    },
  };
  const temporal = { connection, client, namespace: 'prod', retentionMs } as unknown as Temporal;
  return { lines, server, open: () => openNamespace(temporal, log) };
}

describe('search attributes', () => {
  it('are those that the namespace has', async () => {
    const { open, lines } = stage();
    expect((await open()).searchAttributes).toEqual(Object.keys(ALL));
    expect(lines).toEqual(['info search attributes: all there']);
  });

  it('that are missing, or of a type that would wedge a run, are left out and named with the remedy', async () => {
    const { open, lines, server } = stage();
    server.list = async () => ({ EcsServerId: 2, NicsPhase: 1, Foreign: 2 });
    expect((await open()).searchAttributes).toEqual(['EcsServerId']);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/NicsOutcome, DecommissionRun not registered: run `ecs-nics setup`/);
    expect(lines[0]).toMatch(/NicsPhase not of type Keyword/);
  });

  it('are picked up without a restart once they are registered, and dropped when they are removed', async () => {
    const { open, lines, server } = stage();
    server.list = async () => ({});
    const namespace = await open();
    expect(namespace.searchAttributes).toEqual([]);
    server.list = async () => ALL;
    await vi.advanceTimersByTimeAsync(31_000);
    expect(namespace.searchAttributes).toEqual(Object.keys(ALL));
    server.list = async () => ({ EcsServerId: 2 });
    await vi.advanceTimersByTimeAsync(31_000);
    expect(namespace.searchAttributes).toEqual(['EcsServerId']);
    expect(lines).toEqual([
      expect.stringMatching(/EcsServerId, .* not registered/),
      'info search attributes: all there',
      expect.stringMatching(/: NicsPhase, .* not registered/),
    ]);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(lines).toHaveLength(3);
    expect(server.asked).toBeLessThan(25);
  });

  it('stay what they were while the namespace can’t be asked', async () => {
    const { open, lines, server } = stage();
    const namespace = await open();
    server.list = () => Promise.reject(new Error('gone'));
    await vi.advanceTimersByTimeAsync(120_000);
    expect(namespace.searchAttributes).toEqual(Object.keys(ALL));
    expect(lines).toHaveLength(1);
  });

  it('are none where the question is forbidden: said once, and not asked again', async () => {
    const { open, lines, server } = stage();
    server.list = () => Promise.reject(Object.assign(new Error('permission denied'), { code: 7 }));
    expect((await open()).searchAttributes).toEqual([]);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(lines).toEqual([
      'warn search attributes could not be listed: runs go without (permission denied)',
    ]);
    expect(server.asked).toBe(1);
  });

  it('come late when the first question was not answered', async () => {
    const { open, server } = stage();
    server.list = () => Promise.reject(new Error('too slow'));
    const namespace = await open();
    server.list = async () => ALL;
    await vi.advanceTimersByTimeAsync(31_000);
    expect(namespace.searchAttributes).toEqual(Object.keys(ALL));
  });
});

describe('how long the namespace remembers', () => {
  it.each([
    [DAY, true],
    [7 * DAY - 1, true],
    [7 * DAY, false],
    [90 * DAY, false],
    [null, false],
  ])('%s ms: warned of is %s', async (retentionMs, warned) => {
    const { open, lines } = stage(retentionMs);
    await open();
    const warnings = lines.filter((line) => line.startsWith('warn'));
    expect(warnings).toHaveLength(warned ? 1 : 0);
    if (warned) {
      expect(warnings[0]).toContain('temporal operator namespace update --namespace prod --retention 7d');
    }
  });
});

describe('the run before', () => {
  const NOW = Date.parse('2026-01-05T10:00:00Z');
  const OPEN = { nics: ['nic-1'], since: '2026-01-05T09:30:00.000Z', jobId: 'job-1' };
  interface Past {
    runId: string;
    open?: unknown;
    closedAgoMs?: number;
  }

  async function previousOf(runs: Past[]) {
    vi.setSystemTime(NOW);
    const described: string[] = [];
    const client = {
      workflow: {
        async *list() {
          yield* runs;
        },
        getHandle: (_id: string, runId: string) => ({
          describe: async () => {
            described.push(runId);
            const { open, closedAgoMs } = runs.find((run) => run.runId === runId)!;
            return {
              memo: open === undefined ? {} : { open },
              closeTime: closedAgoMs === undefined ? undefined : new Date(NOW - closedAgoMs),
            };
          },
        }),
      },
    };
    const { open } = stage(30 * DAY, client);
    const found = await (await open()).previousOpenRun({ workflowId: 'nics/x', runId: 'own' });
    return { found, described };
  }

  it('is the last one that has sent anything: those that sent nothing do not hide it', async () => {
    const { found, described } = await previousOf([
      { runId: 'own' },
      { runId: 'dry', closedAgoMs: 1_000 },
      { runId: 'refused', closedAgoMs: 2_000 },
      { runId: 'unknown', open: OPEN, closedAgoMs: 3_000 },
      { runId: 'older', open: { ...OPEN, jobId: 'job-0' }, closedAgoMs: 4_000 },
    ]);
    expect(found).toEqual({ runId: 'unknown', ...OPEN });
    expect(described).toEqual(['dry', 'refused', 'unknown']);
  });

  it('is none when what was sent last has come to rest', async () => {
    const { found } = await previousOf([
      { runId: 'dry', closedAgoMs: 1_000 },
      { runId: 'settled', open: 'settled', closedAgoMs: 2_000 },
      { runId: 'unknown', open: OPEN, closedAgoMs: 3_000 },
    ]);
    expect(found).toBeNull();
  });

  it('is not looked for further back than a day', async () => {
    const { found, described } = await previousOf([
      { runId: 'old', closedAgoMs: DAY + 1 },
      { runId: 'unknown', open: OPEN, closedAgoMs: DAY + 2 },
    ]);
    expect([found, described]).toEqual([null, ['old']]);
    const since = new Date(NOW - DAY - 1).toISOString();
    expect((await previousOf([{ runId: 'long', open: { ...OPEN, since } }])).found).toBeNull();
  });

  it('is read with care: a memo is whatever somebody wrote', async () => {
    for (const open of [7, 'open', [], true]) {
      expect((await previousOf([{ runId: 'odd', open }])).found).toBeNull();
    }
    const unread = { runId: 'unread', nics: [], since: '', jobId: null };
    expect((await previousOf([{ runId: 'unread', open: null }])).found).toEqual(unread);
    expect((await previousOf([{ runId: 'odd', open: { nics: [7, 'a'], jobId: 5 } }])).found).toEqual({
      runId: 'odd',
      nics: ['a'],
      since: '',
      jobId: null,
    });
  });
});
