/** The rows of a page: what it tells its run, and the lines of the report. */
import { describe, expect, it } from 'vitest';
import type { ReportServer } from '../../../src/contract/decommission/types';
import type { ServerEnd } from '../../../src/workflows/policy/fleet/endings';
import { bounded } from '../../../src/workflows/policy/fleet/endings';
import type { Row } from '../../../src/workflows/fleet/page/rows';
import {
  end,
  failedCount,
  failuresOf,
  lineOf,
  neverBegun,
  rowsOf,
} from '../../../src/workflows/fleet/page/rows';

const FAILED: ServerEnd = { outcome: 'failed', errorCode: 'Ecs.0613', message: 'the cloud said no' };
const rows = (count: number): Row[] =>
  rowsOf(Array.from({ length: count }, (_, n) => ({ serverId: `server-${n}`, nics: [{ id: `nic-${n}` }] })));
const one = (more: Partial<Row> = {}): Row => ({ ...rows(1)[0]!, ...more });

describe('the end of a server', () => {
  it('that was taken up again and left alone is still what the last run has come to', () => {
    const row = one({ running: true, before: FAILED });
    end(row, neverBegun('aborted'));
    expect(row.end).toMatchObject({ outcome: 'failed', errorCode: 'Ecs.0613' });
    expect(row.end?.message).toMatch(/^the cloud said no; taken up again: /);
    expect(row.running).toBe(false);
  });

  it('that was taken up again and run is what that run has come to', () => {
    const row = one({ before: FAILED });
    end(row, { outcome: 'deleted', errorCode: null, message: null });
    expect(row.end).toEqual({ outcome: 'deleted', errorCode: null, message: null });
  });

  it('of a skipped server counts against nothing, and is told all the same', () => {
    const row = one({ skipped: true });
    end(row, FAILED);
    expect([failedCount([row]), lineOf(row).outcome]).toEqual([0, 'failed']);
  });
});

describe('what a page tells', () => {
  it('names no more than 20 failures, however many there are', () => {
    const all = rows(100);
    for (const row of all) end(row, { ...FAILED, message: 'x'.repeat(9_999) });
    expect(failedCount(all)).toBe(100);
    expect(failuresOf(all)).toHaveLength(20);
    expect(JSON.stringify(failuresOf(all)).length).toBeLessThan(10_000);
  });

  it('of a server under way says that nobody knows yet what its NICs are', () => {
    expect(lineOf(one({ running: true }))).toMatchObject({
      outcome: 'running',
      nics: [{ outcome: 'unknown' }],
    });
    expect(lineOf(one())).toMatchObject({ outcome: 'waiting', nics: [{ outcome: 'untouched' }] });
  });

  it('names NICs of the list that were not on the server when it was inspected', () => {
    const plannedNic = { id: 'nic-0', ip: null, mac: null, elasticIp: null, restore: 'exact' as const };
    const line = lineOf(one({ nics: [plannedNic], absent: ['nic-gone'] }));
    expect(line.nics.map(({ id, outcome }) => [id, outcome])).toEqual([
      ['nic-0', 'untouched'],
      ['nic-gone', 'already-absent'],
    ]);
  });

  it('of a server that the plan leaves alone has the addresses of its NICs, too', () => {
    const excluded = {
      serverId: 'server-0',
      serverName: 'web',
      code: 'Protected' as const,
      reason: 'its tag',
    };
    const seen = [{ id: 'nic-0', ip: '10.0.0.1', mac: 'fa:16:3e:00:00:01' }];
    const all = one({ listed: { serverId: 'server-0', nics: 'all' }, excluded, seen });
    for (const line of [lineOf(one({ excluded, seen })), lineOf(all)])
      expect(line).toMatchObject({ errorCode: 'Protected', nics: [{ ...seen[0], outcome: 'untouched' }] });
    // Before the look nothing is known of them.
    expect(lineOf(one()).nics).toMatchObject([{ id: 'nic-0', ip: null, mac: null }]);
  });

  it('stays below what draws a warning of Temporal; ids, outcomes and codes are kept whole', () => {
    const nic = {
      ip: '10.0.0.1',
      mac: 'fa:16:3e:00:00:01',
      restore: 'exact' as const,
      outcome: 'deleted' as const,
    };
    const line = (n: number): ReportServer => ({
      ...{ serverId: `server-${n}`, serverName: 'web', outcome: 'failed' as const, errorCode: 'Ecs.0613' },
      message: 'x'.repeat(300),
      nics: Array.from({ length: 5 }, (_, k) => ({
        ...{ ...nic, id: `nic-${n}-${k}`, errorCode: 'Ecs.0613', message: 'y'.repeat(300) },
        ...{ jobId: 'j'.repeat(36), requestId: 'r'.repeat(36) },
      })),
    });
    const full = Array.from({ length: 100 }, (_, n) => line(n));
    const told = bounded(full);
    const bare = (lines: ReportServer[]) =>
      lines.map(({ nics, ...line }) => [
        { ...line, message: null },
        nics.map((nic) => ({ ...nic, message: null })),
      ]);
    expect(JSON.stringify(full).length).toBeGreaterThan(262_144);
    expect(bare(told)).toEqual(bare(full));
    expect(JSON.stringify(told).length).toBeLessThan(JSON.stringify(full).length);
  });
});
