/** The bench as a process, with numbers so small that its figures mean nothing. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../bench/figures';
import { until } from '../../dev/ports';
import { root } from '../../dev/root';

const RUN = join(root, 'scripts/run.mjs');

/** All that live below a process, its grandchildren too. */
function descendants(pid: number): number[] {
  const lines = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .stdout.trim()
    .split('\n');
  const rows = lines.map((line) => line.trim().split(/\s+/)).filter((row) => row[2] !== 'ps');
  const below = (parent: number): number[] =>
    rows
      .filter((row) => Number(row[1]) === parent)
      .flatMap((row) => [Number(row[0]), ...below(Number(row[0]))]);
  return below(pid);
}

/** What ended and waits for its parent to take note of it does nothing any more. */
const isAlive = (pid: number): boolean =>
  /^[^Z]/.test(spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim());

it('refuses a bad command line with exit code 2 and one message, and starts nothing', () => {
  const ended = spawnSync(process.execPath, [RUN, 'bench', '--runs', 'many', '--only', 'speed'], {
    encoding: 'utf8',
  });
  expect(ended).toMatchObject({ status: 2, stdout: '' });
  expect(ended.stderr).toMatch(/bench: .*"speed"[\s\S]*--runs must be a whole number/);
});

/** What it prints; it must end with exit code 0. */
async function outputOf(args: string[]): Promise<string> {
  const child = spawn(process.execPath, [RUN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  expect(code, out + err).toBe(0);
  return out;
}

describe('a small one', { timeout: 600_000 }, () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ecs-nics-bench-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('says on what machine, measures ours and naive side by side, and writes all of it as JSON', async () => {
    const file = join(folder, 'bench.json');
    const args = ['bench', '--quick', '--only', 'restart', '--only', 'memory', '--runs', '1', '--json', file];
    const out = await outputOf(args);
    expect(out.indexOf('Machine')).toBeLessThan(out.indexOf('restart ·'));
    expect(out).toMatch(/CPU +\S.* cores/);
    expect(out).toMatch(/Temporal +server \d+\.\d+/);
    expect(out).toMatch(/kill → next call of that run, s +\d.* \d/);

    const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
    expect(report).toMatchObject({
      format: 2,
      options: { only: ['restart', 'memory'], runs: 1, quick: true },
    });
    expect(report.machine).toMatchObject({ node: process.version, cores: expect.any(Number) });
    const [restart, memory] = report.measurements;
    expect(report.measurements).toHaveLength(2);
    for (const measurement of report.measurements) {
      expect(measurement.failure).toBeNull();
      for (const { ours, naive, ratio } of measurement.rows) {
        expect(ours.samples.length).toBeGreaterThan(0);
        expect(naive?.samples).toHaveLength(ours.samples.length);
        if (naive !== null && naive.median !== 0) expect(ratio).toBeCloseTo(ours.median / naive.median);
      }
    }
    const [next] = restart?.rows ?? [];
    expect(next?.ours.samples).toHaveLength(1);
    // Three seconds of the timer are left, and the new worker can't come before the second that it is down.
    for (const seconds of [next?.ours.min, next?.naive?.min]) expect(seconds).toBeGreaterThan(1);
    // The default sticky time-out of ten seconds, which only the naive worker has.
    expect(next?.naive?.min).toBeGreaterThan(10);
    const resident = memory?.rows.find((row) => row.unit === 'MiB');
    for (const mib of [resident?.ours.min, resident?.naive?.min]) expect(mib).toBeGreaterThan(50);
  });

  it('counts calls, carries out decommission runs of growing size, and tells what they get of one quota', async () => {
    const [file, plot] = [join(folder, 'several.json'), join(folder, 'scale.svg')];
    const names = ['calls', 'scale', 'shares'].flatMap((name) => ['--only', name]);
    const sizes = ['--servers', '4,8', '--kinds', 'plain', '--runs', '2'];
    // One command for all three: each has a stack of its own anyway, and the naive worker is built once.
    const out = await outputOf(['bench', '--quick', ...names, ...sizes, '--json', file, '--plot', plot]);
    const { measurements } = JSON.parse(readFileSync(file, 'utf8')) as Report;
    expect(measurements.map(({ failure }) => failure)).toEqual([null, null, null]);
    const [calls, scale, shares] = measurements;
    // Without a word on targets: these figures are none to be judged by.
    for (const { rows } of measurements)
      expect(rows.every(({ target, met }) => target === null && met === null)).toBe(true);

    // What one run does is always the same: its polls alone depend on the machine.
    expect(out).toMatch(/Calls of a run alone, 3 NICs: .*delete 1/);
    expect(out).toMatch(/Calls of a run alone, 3 NICs, exact with commit: .*flag 3.*port-delete 3/);
    const counted = (what: string) => calls?.rows.find((each) => each.what === what);
    for (const nics of ['1 NIC', '3 NICs', '11 NICs']) {
      const alone = counted(`a run alone, ${nics}: calls`);
      // A deletion and a poll at least, for naive as for ours.
      for (const least of [alone?.ours.min, alone?.naive?.min]) expect(least).toBeGreaterThanOrEqual(2);
    }
    const exact = counted('a run alone, 3 NICs, exact with commit: calls');
    expect(exact?.naive).toBeNull();
    expect(exact?.ours.min).toBeGreaterThan(counted('a run alone, 3 NICs: calls')?.ours.min ?? NaN);
    expect(counted('2 at once, 50 calls/s: calls per server')?.ours.min).toBeGreaterThanOrEqual(2);
    expect(counted('2 exact at once, 50 calls/s: calls per server')?.ours.samples).toHaveLength(1);

    expect(out).toMatch(/The engine’s ceiling \(plain\): empty workflows of \d+ events each/);
    const medianOf = (of: typeof scale, what: string) =>
      of?.rows.find((each) => each.what === what)?.ours.median ?? NaN;
    for (const size of [4, 8]) {
      expect(medianOf(scale, `${size} plain, no quota: calls per server, all in`)).toBeGreaterThan(2);
      expect(medianOf(scale, `${size} plain, no quota: history events per server`)).toBeGreaterThan(20);
    }
    expect(scale?.rows.filter(({ what }) => what.endsWith('pause → its answer'))).toHaveLength(1);
    expect(readFileSync(plot, 'utf8')).toMatch(/^<svg /);

    expect(medianOf(shares, 'speed, slower by faster run')).toBeLessThanOrEqual(1);
    expect(medianOf(shares, 'its median, busy by idle')).toBeGreaterThan(0);
    expect(medianOf(shares, 'calls per server, of all')).toBeGreaterThan(2);
  });

  it.skipIf(process.platform === 'win32')('leaves nothing behind on Ctrl-C', async () => {
    const child = spawn(process.execPath, [RUN, 'bench', '--only', 'restart'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.stdout.resume();
    expect(
      await until(
        async () => said.includes('round 1 of'),
        120_000,
        () => child.exitCode !== null,
      ),
    ).toBe(true);
    // Server, cloud, both workers, and the guard that outlives us by a moment.
    const started = descendants(child.pid ?? 0);
    expect(started.length).toBeGreaterThanOrEqual(4);
    child.kill('SIGINT');
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    expect([code, signal]).toEqual([null, 'SIGINT']);
    expect(said).not.toContain('not measured');
    const left = () => started.filter(isAlive);
    await until(async () => left().length === 0, 3_000);
    expect(left()).toEqual([]);
  });
});
