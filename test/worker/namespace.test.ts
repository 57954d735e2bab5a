import { WorkflowNotFoundError } from '@temporalio/client';
import type { Logger } from '@temporalio/worker';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openNamespace } from '../../src/worker/temporal/namespace';
import type { Temporal } from '../../src/worker/temporal/connection';

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
  const server = {
    list: async (): Promise<Record<string, number>> => ALL,
    asked: 0,
    describe: async (): Promise<object> => ({}),
    /** What a query may name as Keywords. */
    queries: async (): Promise<string[]> => Object.keys(ALL),
    counted: 0,
  };
  const connection = {
    workflowService: {
      describeWorkflowExecution: () => server.describe(),
      countWorkflowExecutions: async ({ query }: { query: string }) => {
        server.counted += 1;
        const known = await server.queries();
        const named = [...query.matchAll(/(\w+) STARTS_WITH 'x'/g)].map(([, name = '']) => name);
        if (named.length === 0 || !named.every((name) => known.includes(name)))
          throw Object.assign(new Error('invalid query'), { code: 3 });
        return { count: 0 };
      },
    },
    operatorService: {
      listSearchAttributes: async () => {
        server.asked += 1;
        return { customAttributes: await server.list() };
      },
    },
  };
  const { workflowService } = connection;
  const temporal = {
    client: { connection, workflowService, ...client },
    namespace: 'prod',
    retentionMs,
    call: (_ms: number, work: () => unknown) => work(),
  } as unknown as Temporal;
  return { lines, server, open: (told?: string[]) => openNamespace(temporal, log, told) };
}

describe('search attributes', () => {
  it('are those that the namespace has', async () => {
    const { open, lines } = stage();
    expect(await (await open()).searchAttributes()).toEqual(Object.keys(ALL));
    expect(lines).toEqual(['info search attributes: all registered']);
  });

  it('that are missing, or of a type that would wedge a run, are left out and named with the remedy', async () => {
    const { open, lines, server } = stage();
    server.list = async () => ({ EcsServerId: 2, NicsPhase: 1, Foreign: 2 });
    expect(await (await open()).searchAttributes()).toEqual(['EcsServerId']);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/NicsOutcome, DecommissionRun not registered: run `ecs-nics setup`/);
    expect(lines[0]).toMatch(/NicsPhase not of type Keyword/);
  });

  it('are picked up without a restart once they are registered, and dropped when they are removed', async () => {
    const { open, lines, server } = stage();
    server.list = async () => ({});
    const namespace = await open();
    expect(await namespace.searchAttributes()).toEqual([]);
    server.list = async () => ALL;
    await vi.advanceTimersByTimeAsync(31_000);
    expect(await namespace.searchAttributes()).toEqual(Object.keys(ALL));
    server.list = async () => ({ EcsServerId: 2 });
    await vi.advanceTimersByTimeAsync(31_000);
    expect(await namespace.searchAttributes()).toEqual(['EcsServerId']);
    expect(lines).toEqual([
      expect.stringMatching(/EcsServerId, .* not registered/),
      'info search attributes: all registered',
      expect.stringMatching(/: NicsPhase, .* not registered/),
    ]);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(lines).toHaveLength(3);
    expect(server.asked).toBeLessThan(30);
  });

  it('are known at once when one is removed: a run that sets it afterwards would be wedged', async () => {
    const { open, server } = stage();
    const namespace = await open();
    expect(await namespace.searchAttributes()).toEqual(Object.keys(ALL));
    server.list = async () => ({ EcsServerId: 2 });
    expect(await namespace.searchAttributes()).toEqual(['EcsServerId']);
  });

  it('are not known while the namespace can’t be asked, and nothing is said of what they were', async () => {
    const { open, lines, server } = stage();
    const namespace = await open();
    server.list = () => Promise.reject(new Error('gone'));
    await vi.advanceTimersByTimeAsync(120_000);
    expect(await namespace.searchAttributes()).toBeNull();
    expect(lines).toHaveLength(1);
  });

  it('are none where the question is forbidden: said once, and not asked again', async () => {
    const { open, lines, server } = stage();
    server.list = () => Promise.reject(Object.assign(new Error('permission denied'), { code: 7 }));
    expect(await (await open()).searchAttributes()).toEqual([]);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(lines).toEqual([
      'warn search attributes: could not be listed (permission denied): runs work without them; ECS_NICS_SEARCH_ATTRIBUTES tells the worker which there are',
    ]);
    expect([server.asked, server.counted]).toEqual([1, 0]);
  });

  describe('where the question is forbidden', () => {
    const forbid = ({ server }: ReturnType<typeof stage>, code = 7) => {
      server.list = () => Promise.reject(Object.assign(new Error('permission denied'), { code }));
    };
    const NAMES = Object.keys(ALL);

    it.each([7, 12])('(%s) are those that the operator tells and one query confirms', async (code) => {
      const it = stage();
      forbid(it, code);
      expect(await (await it.open(NAMES)).searchAttributes()).toEqual(NAMES);
      expect(it.server.counted).toBe(1);
      expect(it.lines).toEqual([
        'info search attributes: EcsServerId, NicsPhase, NicsOutcome, DecommissionRun, as ECS_NICS_SEARCH_ATTRIBUTES says',
      ]);
    });

    it('are none when the operator says so, and nobody is asked', async () => {
      const it = stage();
      forbid(it);
      expect(await (await it.open([])).searchAttributes()).toEqual([]);
      await vi.advanceTimersByTimeAsync(120_000);
      expect(it.lines).toEqual(['info search attributes: none, as ECS_NICS_SEARCH_ATTRIBUTES says']);
      expect(it.server.counted).toBe(0);
    });

    it('leave out what no query knows, until there is one', async () => {
      const it = stage();
      forbid(it);
      it.server.queries = async () => ['EcsServerId'];
      const namespace = await it.open(NAMES);
      expect(await namespace.searchAttributes()).toEqual(['EcsServerId']);
      expect(it.lines).toEqual([
        expect.stringMatching(
          /^warn .* names NicsPhase, NicsOutcome, DecommissionRun, but the namespace takes no query/,
        ),
      ]);
      it.server.queries = async () => NAMES;
      await vi.advanceTimersByTimeAsync(31_000);
      expect(await namespace.searchAttributes()).toEqual(NAMES);
      it.server.queries = async () => ['EcsServerId', 'NicsPhase'];
      await vi.advanceTimersByTimeAsync(31_000);
      expect(await namespace.searchAttributes()).toEqual(['EcsServerId', 'NicsPhase']);
      await vi.advanceTimersByTimeAsync(600_000);
      expect(it.lines).toHaveLength(3);
    });

    it('are as the operator says while no query is answered, but what one has denied stays out', async () => {
      const it = stage();
      forbid(it);
      it.server.queries = () => Promise.reject(Object.assign(new Error('gone'), { code: 14 }));
      const namespace = await it.open(NAMES);
      expect(await namespace.searchAttributes()).toEqual(NAMES);
      expect(it.lines).toEqual([expect.stringMatching(/^warn .*which no query could confirm \(gone\)/)]);
      it.server.queries = async () => ['EcsServerId'];
      await vi.advanceTimersByTimeAsync(31_000);
      it.server.queries = () => Promise.reject(Object.assign(new Error('gone'), { code: 14 }));
      await vi.advanceTimersByTimeAsync(31_000);
      expect(await namespace.searchAttributes()).toEqual(['EcsServerId']);
    });

    it('do not count where they can be listed', async () => {
      const it = stage();
      expect(await (await it.open([])).searchAttributes()).toEqual(NAMES);
    });
  });

  it('come late when the first question was not answered', async () => {
    const { open, server } = stage();
    server.list = () => Promise.reject(new Error('too slow'));
    const namespace = await open();
    server.list = async () => ALL;
    await vi.advanceTimersByTimeAsync(31_000);
    expect(await namespace.searchAttributes()).toEqual(Object.keys(ALL));
  });
});

describe('whether the server still waits for an attempt', () => {
  const ATTEMPT = { workflowId: 'nics/x', runId: 'run', activityId: '7', attempt: 2 };
  const refusal = (code: number, message: string) => () =>
    Promise.reject(Object.assign(new Error(message), { code }));
  const pending = (activityId: string, attempt: number) => async () => ({
    pendingActivities: [{ activityId, attempt }],
  });

  it.each([
    ['it waits for this very one', pending('7', 2), true],
    ['it waits for the next one', pending('7', 3), false],
    ['it waits for another activity', pending('8', 2), false],
    ['it waits for nothing', async () => ({}), false],
    ['it does not know the run any more', refusal(5, 'not found'), false],
  ])('%s', async (_, answer, awaited) => {
    const { open, server, lines } = stage();
    const namespace = await open();
    server.describe = answer;
    expect(await namespace.awaits(ATTEMPT)).toBe(awaited);
    expect(lines).toHaveLength(1);
  });

  it('can’t be told: the run hears why each time, the log once for each cause', async () => {
    const { open, server, lines } = stage();
    const namespace = await open();
    lines.length = 0;
    server.describe = refusal(7, 'Request unauthorized.');
    for (let n = 0; n < 3; n++)
      await expect(namespace.awaits(ATTEMPT)).rejects.toThrow(
        'Temporal could not be asked whether it still waits for the call (Request unauthorized; allow the worker DescribeWorkflowExecution)',
      );
    expect(lines).toEqual([
      expect.stringMatching(
        /^warn .*Request unauthorized; allow.*: without that the worker sends nothing to the cloud$/,
      ),
    ]);
    server.describe = refusal(14, 'gone');
    for (let n = 0; n < 3; n++) await expect(namespace.awaits(ATTEMPT)).rejects.toThrow('(gone)');
    expect(lines).toHaveLength(2);
    // Another outage, perhaps.
    await vi.advanceTimersByTimeAsync(3_600_000);
    await expect(namespace.awaits(ATTEMPT)).rejects.toThrow('(gone)');
    expect(lines.slice(2)).toEqual([expect.stringMatching(/^warn .*gone/)]);
  });

  it('is tried at start: a worker that may not ask says so before any run waits for it', async () => {
    const { open, server, lines } = stage();
    server.describe = refusal(7, 'Request unauthorized.');
    await open();
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^warn the worker can't read runs.*Request unauthorized; allow the worker DescribeWorkflowExecution/,
      ),
    );
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
    /** `undefined`: it is still running. */
    closedAgoMs?: number;
    /** The list shows it as it was before its end, and before it sent anything. */
    lags?: boolean;
    /** Only the list still has it. */
    forgotten?: boolean;
  }

  async function previousOf(runs: Past[] | (() => Promise<never>)) {
    vi.setSystemTime(NOW);
    const described: string[] = [];
    let listed = 0;
    const memoOf = ({ open }: Past) => (open === undefined ? {} : { open });
    const closeTimeOf = ({ closedAgoMs }: Past) =>
      closedAgoMs === undefined ? undefined : new Date(NOW - closedAgoMs);
    const client = {
      workflow: {
        async *list() {
          if (typeof runs === 'function') await runs();
          else
            for (const run of runs) {
              listed += 1;
              yield run.lags === true
                ? { runId: run.runId, memo: {}, closeTime: undefined }
                : { runId: run.runId, memo: memoOf(run), closeTime: closeTimeOf(run) };
            }
        },
        getHandle: (workflowId: string, runId: string) => ({
          describe: async () => {
            described.push(runId);
            const run = (runs as Past[]).find((each) => each.runId === runId)!;
            if (run.forgotten === true) throw new WorkflowNotFoundError('not found', workflowId, runId);
            return { memo: memoOf(run), closeTime: closeTimeOf(run) };
          },
        }),
      },
    };
    const { open, lines } = stage(30 * DAY, client);
    const { run: found, notLooked } = await (
      await open()
    ).previousOpenRun({ workflowId: 'nics/x', runId: 'own' });
    return { found, notLooked, described, listed, lines };
  }

  const nothingSent = (count: number, more: object = {}): Past[] =>
    Array.from({ length: count }, (_, n) => ({ runId: `dry-${n}`, closedAgoMs: 1_000 + n, ...more }));

  it('is the last one that has sent anything: those that sent nothing do not hide it', async () => {
    const { found, described } = await previousOf([
      { runId: 'own' },
      { runId: 'dry', closedAgoMs: 1_000 },
      { runId: 'refused', closedAgoMs: 2_000 },
      { runId: 'unknown', open: OPEN, closedAgoMs: 3_000 },
      { runId: 'older', open: { ...OPEN, jobId: 'job-0' }, closedAgoMs: 4_000 },
    ]);
    expect(found).toEqual({ runId: 'unknown', ...OPEN });
    expect(described).toEqual([]);
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
    expect([found, described]).toEqual([null, []]);
    const since = new Date(NOW - DAY - 1).toISOString();
    expect((await previousOf([{ runId: 'long', open: { ...OPEN, since } }])).found).toBeNull();
  });

  it('is found behind hundreds that sent nothing without a single question about one of them', async () => {
    const { found, described, listed, notLooked } = await previousOf([
      { runId: 'own' },
      ...nothingSent(600),
      { runId: 'unknown', open: OPEN, closedAgoMs: 9_000 },
      ...nothingSent(300),
    ]);
    expect([found?.runId, notLooked, described]).toEqual(['unknown', null, []]);
    expect(listed).toBe(602);
  });

  it('is asked about where the list lags, and only there', async () => {
    const { found, described } = await previousOf([
      { runId: 'own' },
      { runId: 'dry', closedAgoMs: 1_000, lags: true },
      { runId: 'refused', closedAgoMs: 2_000 },
      { runId: 'unknown', open: OPEN, closedAgoMs: 3_000, lags: true },
      { runId: 'older', open: OPEN, closedAgoMs: 4_000, lags: true },
    ]);
    expect([found?.runId, described]).toEqual(['unknown', ['dry', 'unknown']]);
  });

  it('is looked up later when the list lags so far that it is of no use', async () => {
    await expect(previousOf(nothingSent(600, { lags: true }))).rejects.toMatchObject({
      type: 'CloudUnavailable',
      message: expect.stringMatching(/could not be looked up.*lags/) as string,
    });
  });

  it('may be forgotten by all but the list', async () => {
    const { found } = await previousOf([
      { runId: 'ghost', forgotten: true },
      { runId: 'unknown', open: OPEN, closedAgoMs: 3_000 },
    ]);
    expect(found?.runId).toBe('unknown');
  });

  it('costs no more than a thousand entries, and says where it stopped', async () => {
    const { found, described, listed, notLooked } = await previousOf(nothingSent(5_000));
    expect([found, described, listed]).toEqual([null, [], 1_001]);
    expect(notLooked).toMatch(/the last 1000 runs sent nothing/);
  });

  it.each([7, 12])('is not known where listing is forbidden (%s): the answer says so', async (code) => {
    const { found, notLooked, lines } = await previousOf(() =>
      Promise.reject(Object.assign(new Error('no permission to list'), { code })),
    );
    expect(found).toBeNull();
    expect(notLooked).toBe('the worker may not list runs in this namespace (no permission to list)');
    expect(lines).toContain(
      'warn the worker may not list runs of this namespace: runs before this one are not looked up',
    );
  });

  it('is looked up later when Temporal does not answer', async () => {
    const failing = previousOf(() => Promise.reject(Object.assign(new Error('gone'), { code: 14 })));
    await expect(failing).rejects.toMatchObject({ type: 'CloudUnavailable' });
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
