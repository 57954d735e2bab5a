/** The worker's looks at who shares its rate: how often, and what a failed one changes. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Temporal } from '../../src/client/connect';
import type { Share } from '../../src/ecs/limiter';
import { shareOf } from '../../src/worker/shares';
import { identityOf } from '../../src/worker/temporal/strangers';
import { watchShares } from '../../src/worker/temporal/watch-shares';

const CONFIG = { projectId: 'p1', region: 'r1', foreignHosts: [], taskQueue: 'q', cloudRps: 10 };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** @param failing the gRPC status with which the look of this number fails, counted from 1; `null`: it is answered */
function watched(failing: (look: number) => number | null) {
  const began = performance.now();
  const looks: number[] = [];
  const lines: string[] = [];
  const shares: Share[] = [];
  const describeTaskQueue = async () => {
    looks.push(performance.now() - began);
    const code = failing(looks.length);
    if (code !== null) throw Object.assign(new Error('matching is away'), { code });
    return { pollers: [{ identity: identityOf(CONFIG), lastAccessTime: { seconds: 1_700_000_000 } }] };
  };
  const temporal = {
    namespace: 'n',
    client: { workflowService: { describeTaskQueue } },
    call: async (_ms: number, work: () => Promise<unknown>) => work(),
  } as unknown as Temporal;
  const log = { info: (text: string) => lines.push(text), warn: (text: string) => lines.push(text) };
  watchShares(temporal, CONFIG, { share: (share) => shares.push(share) }, log);
  return { looks, lines, shares };
}

describe('the watch over the shares', () => {
  it('looks twice within the first half second, and then every 2 s', async () => {
    const { looks, shares, lines } = watched(() => null);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(looks).toEqual([0, 250, 2_250, 4_250]);
    expect(shares.slice(1)).toEqual([shareOf(10, 1), shareOf(10, 1), shareOf(10, 1)]);
    expect(lines).toEqual([]);
  });

  it('a look that fails says why, once, changes nothing, and is repeated after 2 s', async () => {
    const { looks, shares, lines } = watched((look) => (look <= 3 ? 14 : null));
    await vi.advanceTimersByTimeAsync(6_300);
    expect(looks).toEqual([0, 2_000, 4_000, 6_000, 6_250]);
    expect(shares).toHaveLength(2);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('matching is away');
  });

  it('without the permission the worker takes the part of one alone, and says so, once', async () => {
    const { looks, shares, lines } = watched(() => 7);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(looks).toEqual([0, 2_000, 4_000]);
    expect(shares).toEqual([shareOf(10, 1), shareOf(10, 1), shareOf(10, 1)]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('DescribeTaskQueue');
  });
});
