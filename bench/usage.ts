/** What a process has used so far: its CPU time and its resident memory, from outside. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

const LINUX = process.platform === 'linux';

/**
 * User and system time of all threads of a process, in ms.
 *
 * @throws Error when the process is gone, or on a system that tells neither by /proc nor by ps
 */
export function cpuMsOf(pid: number): number {
  return LINUX ? cpuTicks(readFileSync(`/proc/${pid}/stat`, 'utf8')) * tickMs() : msOfPs(ps('time=', pid));
}

/** Resident memory of a process, in KiB. Throws as {@link cpuMsOf} does. */
export function rssKiBOf(pid: number): number {
  // The exact count: the one in /proc/<pid>/status lags behind by up to 256 KiB a thread.
  return LINUX ? rssOfRollup(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) : Number(ps('rss=', pid));
}

function ps(column: string, pid: number): string {
  if (process.platform === 'win32')
    throw new Error('CPU and memory of a process are not measurable on Windows');
  return execFileSync('ps', ['-o', column, '-p', String(pid)], { encoding: 'utf8' }).trim();
}

/** `utime` and `stime` of /proc/<pid>/stat. The name before them may hold spaces and brackets. */
export function cpuTicks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** `Rss` of /proc/<pid>/smaps_rollup, in KiB. */
export function rssOfRollup(rollup: string): number {
  return Number(/^Rss:\s+(\d+) kB$/m.exec(rollup)?.[1]);
}

/** `[[days-]hours:]minutes:seconds` as ps says it, in ms. */
export function msOfPs(time: string): number {
  const [rest = '', days = '0'] = time.split('-').reverse();
  const seconds = rest.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return (Number(days) * 86_400 + seconds) * 1_000;
}

let tick: number | undefined;

/** Milliseconds of a clock tick; 10 on every system seen. */
function tickMs(): number {
  tick ??= 1_000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return tick;
}

/** CPU time that the whole machine has spent at work, in ms; all cores together. */
export function machineCpuMs(): number {
  // On Linux `irq` holds hardware interrupts only; what is left out is small.
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}
