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

function stage(retentionMs: number | null = 30 * DAY) {
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
  const temporal = { connection, namespace: 'prod', retentionMs } as unknown as Temporal;
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
