/** The bench's pure parts: statistics, tables, and what is read from the system and the ledger. */
import { describe, expect, it } from 'vitest';
import { byClass, callsOf, mostWithin, notDeletedOnce } from '../../bench/targets';
import type { CpuReading } from '../../bench/cpu';
import { turnCpu } from '../../bench/cpu';
import { factsOf } from '../../bench/history';
import { figure, row, table } from '../../bench/figures';
import type { Point, Series } from '../../bench/measures/scale/growth';
import { growthPlot, growthTable } from '../../bench/measures/scale/growth';
import { sharesOf, spentBetween } from '../../bench/measures/scale/processes';
import { middleSpeed } from '../../bench/measures/scale/watch';
import { checkNoFallbacks } from '../../bench/metrics';
import { summarise } from '../../bench/stats';
import { wrongResult } from '../../bench/subjects';
import { cpuMsOf, cpuTicks, msOfPs, rssKiBOf, rssOfRollup } from '../../bench/usage';

describe('statistics', () => {
  it('takes the middle of an odd number of samples, and the mean of both middles of an even one', () => {
    expect(summarise([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3, samples: [3, 1, 2] });
    expect(summarise([10, 4, 1, 2])).toMatchObject({ min: 1, median: 3, max: 10 });
    expect(summarise([7])).toMatchObject({ min: 7, median: 7, max: 7 });
  });

  it('makes no figure of nothing, or of a sample that is none', () => {
    expect(() => summarise([])).toThrow('not measurable');
    expect(() => summarise([1, NaN])).toThrow('not measurable');
  });

  it('judges by the median of ours, and compares medians', () => {
    const samples = { ours: [5, 6, 30], naive: [13, 12, 14] };
    expect(row('x', 's', samples, 6)).toMatchObject({ target: 6, met: true, ratio: 6 / 13 });
    expect(row('x', 's', samples, 5.9)).toMatchObject({ met: false });
    expect(row('x', 's', samples)).toMatchObject({ target: null, met: null });
    expect(row('x', 's', { ours: [1], naive: [0] }).ratio).toBeNull();
  });
});

describe('the table', () => {
  it.each([
    [62, '62'],
    [0.234, '0.23'],
    [5.678, '5.68'],
    [56.78, '56.8'],
    [567.8, '568'],
    [-40.16, '-40.2'],
  ])('shows %d as %s', (value, text) => expect(figure(value)).toBe(text));

  it('shows both, their ratio, the target and whether it is met, in columns', () => {
    const lines = table([
      row('kill → next call', 's', { ours: [4.5, 5.5, 5], naive: [13, 13.5, 12.5] }, 6),
      row('POSTs', '', { ours: [2, 2, 2], naive: [4, 4, 4] }, 1),
    ]);
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatch(
      /^kill → next call, s +4\.50 \/ 5 \/ 5\.50 +12\.5 \/ 13 \/ 13\.5 +0\.38 +≤ 6 met$/,
    );
    expect(lines[2]).toMatch(/^POSTs +2 +4 +0\.50 +≤ 1 MISSED$/);
    expect(lines[1]?.indexOf('≤')).toBe(lines[2]?.indexOf('≤'));
    expect(lines[0]?.indexOf('target')).toBe(lines[1]?.indexOf('≤'));
  });
});

describe('a row with a figure from before', () => {
  const cells = (line = '') => line.split(/ {2,}/);

  it('shows it beside ours, and a dash where there is none, or where naive does nothing of the kind', () => {
    const lines = table([
      row('calls', '', { ours: [10], naive: [4] }, 10, 14),
      row('exact', '', { ours: [17] }),
    ]);
    expect(cells(lines[0])).toEqual(['', 'ours', 'before', 'naive', 'ratio', 'target']);
    expect(cells(lines[1])).toEqual(['calls', '10', '14', '4', '2.50', '≤ 10 met']);
    expect(cells(lines[2])).toEqual(['exact', '17', '–', '–', '–']);
    expect(lines[1]?.indexOf('≤')).toBe(lines[0]?.indexOf('target'));
  });

  it('takes no column where no row has one', () => {
    expect(table([row('calls', '', { ours: [1], naive: [2] })])[0]).not.toContain('before');
  });
});

describe('CPU and memory of a process', () => {
  it('finds the ticks behind a name with brackets and spaces', () => {
    const stat =
      '42 (a ) b (c) S 1 42 42 0 -1 4194560 900 0 0 0 150 50 7 8 20 0 12 0 1234 1000 200 18446744073709551615';
    expect(cpuTicks(stat)).toBe(200);
  });

  it('reads the resident memory', () => {
    expect(
      rssOfRollup('00400000-7ff [rollup]\nRss:               66804 kB\nPss:               4000 kB\n'),
    ).toBe(66_804);
  });

  it.each([
    ['0:01.25', 1_250],
    ['2:03.50', 123_500],
    ['01:02:03', 3_723_000],
    ['1-00:00:10', 86_410_000],
  ])('reads the time %s of ps', (text, ms) => expect(msOfPs(text)).toBe(ms));

  it('sees this very process work and remember', () => {
    const before = cpuMsOf(process.pid);
    const until = performance.now() + 200;
    while (performance.now() < until);
    const spent = cpuMsOf(process.pid) - before;
    expect(spent).toBeGreaterThan(0);
    // Other threads of ours may work meanwhile; and a tick is 10 ms.
    expect(spent).toBeLessThan(2_000);
    const { rss } = process.memoryUsage();
    expect(rssKiBOf(process.pid) / (rss / 1_024)).toBeGreaterThan(0.8);
    expect(rssKiBOf(process.pid) / (rss / 1_024)).toBeLessThan(1.25);
  });

  it('tells runs, idling and other programs apart', () => {
    const at = (
      seconds: number,
      worker: number,
      server: number,
      rest: number,
      machine: number,
    ): CpuReading => ({
      at: seconds * 1_000,
      ...{ worker, server, rest, machine },
    });
    // Idle for 2 s: 20 ms of the worker, 40 ms of the server. Then 10 s in which idling takes five times that.
    const cpu = turnCpu(at(0, 0, 0, 0, 0), at(2, 20, 40, 0, 500), at(12, 1_120, 2_240, 640, 9_500), 10, 2);
    expect(cpu.worker).toBeCloseTo((1_100 - 100) / 10);
    expect(cpu.server).toBeCloseTo((2_200 - 200) / 10);
    expect(cpu.idle).toBeCloseTo(30);
    // 9,000 ms of 20,000 were spent, 3,940 of them by ours.
    expect(cpu.foreign).toBeCloseTo(25.3);
  });
});

describe("the cloud's ledger", () => {
  const a = { serverId: 'a', nicIds: ['a1', 'a2'] };
  const b = { serverId: 'b', nicIds: ['b1'] };

  it('counts the calls of each server by class, and no one else’s', () => {
    const requests = [
      { at: 1, class: 'delete', serverId: 'a' },
      { at: 2, class: 'job', serverId: 'a' },
      { at: 3, class: 'job', serverId: 'a' },
      { at: 4, class: 'job', serverId: 'c' },
      { at: 5, class: 'other' },
    ];
    expect(callsOf([a, b], { requests })).toEqual([
      { total: 3, byClass: { delete: 1, job: 2 } },
      { total: 0, byClass: {} },
    ]);
  });

  it('divides a call for several servers among them, and one for the whole project among all', () => {
    const requests = [
      { at: 1, class: 'ports', serverIds: ['a', 'b', 'c', 'd'] },
      { at: 2, class: 'ports', serverIds: ['a'] },
      { at: 3, class: 'elastic-ips' },
    ];
    expect(callsOf([a, b], { requests })).toEqual([
      { total: 1.75, byClass: { ports: 1.25, 'elastic-ips': 0.5 } },
      { total: 0.75, byClass: { ports: 0.25, 'elastic-ips': 0.5 } },
    ]);
    expect(byClass(requests)).toEqual({ ports: 2, 'elastic-ips': 1 });
  });

  it('finds the busiest stretch of time, whatever the order of the calls', () => {
    const at = (...times: number[]) => times.map((time) => ({ at: time }));
    expect(mostWithin(10, at())).toBe(0);
    // 5 to 14; a call 10 ms later than the first is not within 10 ms of it.
    expect(mostWithin(10, at(30, 14, 5, 6, 15, 0))).toBe(3);
    expect(mostWithin(10, at(3, 3, 3, 12, 13))).toBe(4);
  });

  it('finds NICs that stayed, were taken off twice, or whose port was not deleted once', () => {
    const off = (portId: string, by = 'job') => ({ kind: 'nic-detached', by, portId });
    const gone = (portId: string) => ({ kind: 'port-deleted', by: 'job', portId });
    const all = [off('a1'), gone('a1'), off('a2'), gone('a2'), off('b1'), gone('b1')];
    expect(notDeletedOnce([a, b], { effects: all })).toEqual([]);
    expect(notDeletedOnce([a, b], { effects: all.slice(2) })).toEqual([
      expect.stringMatching(/a1 .* 0 times/),
    ]);
    expect(notDeletedOnce([a, b], { effects: [...all, off('a2')] })).toEqual([
      expect.stringMatching(/a2 .* 2 times/),
    ]);
    expect(notDeletedOnce([b], { effects: [off('b1')] })).toEqual([
      expect.stringMatching(/b1 .* port was deleted 0 times/),
    ]);
    expect(notDeletedOnce([a, b], { effects: [...all, gone('a2')] })).toEqual([
      expect.stringMatching(/a2 .* port was deleted 2 times/),
    ]);
    // Somebody else's hand is not the run's work.
    expect(notDeletedOnce([b], { effects: [off('b1', 'control'), gone('b1')] })).toHaveLength(1);
  });
});

describe('reads by sets that fell short', () => {
  const text = (servers: string, ports: string) => `# TYPE ecs_nics_set_read_fallbacks_total counter
ecs_nics_set_read_fallbacks_total{operation="listServers"} ${servers}
ecs_nics_set_read_fallbacks_total{operation="listPorts"} ${ports}
ecs_nics_set_read_size_sum{operation="listPorts"} 12
`;

  it('fail the measurement, even a single one', () => {
    expect(() => checkNoFallbacks(text('0', '0'))).not.toThrow();
    expect(() => checkNoFallbacks(text('0', '1'))).toThrow(/fell short: .*"listPorts"\} 1$/);
    expect(() => checkNoFallbacks(text('2', '1'))).toThrow(/listServers.*listPorts/);
  });

  it('must not go unnoticed because the worker does not count them', () => {
    expect(() => checkNoFallbacks('ecs_nics_set_read_size_sum 12\n')).toThrow('has no metric');
  });
});

describe('what a run ended as', () => {
  const result = (outcome: string, ...nics: string[]) => ({
    outcome,
    nics: nics.map((each) => ({ outcome: each })),
  });

  it('takes nothing but deleted for an answer of ours', () => {
    expect(wrongResult('ours', result('deleted', 'deleted', 'deleted'))).toBeUndefined();
    expect(wrongResult('ours', result('deleted', 'deleted', 'already-absent'))).toContain('already-absent');
    expect(wrongResult('ours', result('nothing-to-do'))).toContain('nothing-to-do');
    expect(wrongResult('ours', 'a job id')).toBeDefined();
    expect(wrongResult('naive', 'a job id')).toBeUndefined();
    expect(wrongResult('naive', null)).toBeDefined();
  });

  it('reads from a history what it cost, and when the last poll was answered', () => {
    const time = (seconds: number) => ({ eventTime: { seconds, nanos: 500_000_000 } });
    const scheduled = (eventId: number, name: string) =>
      ({
        eventId,
        ...time(eventId),
        activityTaskScheduledEventAttributes: { activityType: { name } },
      }) as never;
    const completed = (eventId: number, scheduledEventId: number) =>
      ({ eventId, ...time(eventId), activityTaskCompletedEventAttributes: { scheduledEventId } }) as never;
    const task = (eventId: number) =>
      ({ eventId, ...time(eventId), workflowTaskCompletedEventAttributes: {} }) as never;
    const events = [
      task(1),
      scheduled(2, 'getJobStatus'),
      completed(3, 2),
      scheduled(4, 'getJobStatus'),
      scheduled(5, 'listNics'),
      completed(6, 4),
      completed(7, 5),
      task(8),
    ];
    expect(factsOf(events)).toEqual({
      events: 8,
      workflowTasks: 2,
      lastPollAt: 6_500,
      startedAt: 1_500,
      closedAt: 8_500,
    });
    expect(factsOf([task(1)]).lastPollAt).toBeNaN();
  });
});

describe('decommission runs of growing size', () => {
  const point = (servers: number): Point => ({
    servers,
    ...{ calls: 3 * servers, cpuSeconds: servers / 10, events: 60 * servers, seconds: servers / 8 },
    memoryMB: 300,
  });
  const series: Series[] = [
    { kind: 'plain', rate: 50, points: [point(100), point(1_000)] },
    { kind: 'exact', rate: null, points: [point(1_000)] },
  ];

  it('tell what they take, all in and a server', () => {
    const [first, , third] = growthTable(series);
    expect(first).toMatch(/^plain, 50 calls\/s · 100 servers: calls 300 \(3\) · .*MB 300$/);
    expect(third).toMatch(/^exact, no quota · 1,000 servers: .*history events 60000 \(60\)/);
  });

  it('are drawn on linear axes, a panel for each quantity and a line for each kind and rate', () => {
    const svg = growthPlot(series);
    expect(svg.match(/<g /g)).toHaveLength(5);
    expect(svg.match(/<polyline /g)).toHaveLength(10);
    // A tenth of the servers and of the calls: a tenth of the way along, and of the way up.
    const [, x, y] = /points="([\d.]+),([\d.]+) /.exec(svg) ?? [];
    expect([Number(x), Number(y)]).toEqual([expect.closeTo(84.4, 0), expect.closeTo(170, 0)]);
  });

  it('go at the speed of their middle, not of their beginning and end', () => {
    // Ten a second, after a minute in which a tenth of them ends.
    const ends = Array.from({ length: 1_000 }, (_, n) => (n < 100 ? n * 600 : 60_000 + n * 100));
    expect(middleSpeed(ends)).toBeCloseTo(10);
    expect(middleSpeed(ends.slice(0, 900))).toBeNull();
  });

  it('leave to other programs what none of the bench’s processes has taken', () => {
    const none = { at: 0, worker: 0, temporal: 0, simulator: 0, bench: 0, others: 0 };
    const spent = spentBetween(none, { at: 1, worker: 10, temporal: 20, simulator: 5, bench: 1, others: 40 });
    expect(spent).toEqual({ worker: 10, temporal: 20, simulator: 5, bench: 1, others: 4 });
    expect(sharesOf(spent, 50, 2)).toMatchObject({ worker: 10, temporal: 20, others: 4 });
  });
});
