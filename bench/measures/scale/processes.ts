/** Who takes the machine while a run goes on. */
import { cpus } from 'node:os';
import type { Bed } from '../../bed';
import { cpuMsOf, machineCpuMs } from '../../usage';

export const PROCESSES = ['worker', 'temporal', 'simulator', 'bench', 'others'] as const;
export type ProcessName = (typeof PROCESSES)[number];

/** CPU time since each began, in ms; `others`: all that the machine did. */
export type CpuTimes = Record<ProcessName, number> & { at: number };

/** @throws Error when the Temporal server is not one of ours */
export function readProcesses({ stack, subjects }: Bed): CpuTimes {
  const { pid } = stack.temporal;
  if (pid === undefined)
    throw new Error('CPU time of the server is not measurable: it is not ours (unset TEMPORAL_ADDRESS)');
  const { user, system } = process.cpuUsage();
  return {
    at: Date.now(),
    worker: cpuMsOf(subjects[0].worker.pid),
    temporal: cpuMsOf(pid),
    simulator: cpuMsOf(stack.simulator.pid),
    bench: (user + system) / 1_000,
    others: machineCpuMs(),
  };
}

/** CPU of each between two readings, in ms. */
export function spentBetween(before: CpuTimes, after: CpuTimes): Record<ProcessName, number> {
  const spent = (name: ProcessName) => after[name] - before[name];
  const known = { worker: spent('worker'), temporal: spent('temporal') };
  const around = { simulator: spent('simulator'), bench: spent('bench') };
  const ours = known.worker + known.temporal + around.simulator + around.bench;
  return { ...known, ...around, others: Math.max(0, spent('others') - ours) };
}

/** In percent of the whole machine. */
export function sharesOf(
  spent: Record<ProcessName, number>,
  ms: number,
  cores = cpus().length,
): Record<ProcessName, number> {
  const shares = PROCESSES.map((name) => [name, (100 * spent[name]) / (ms * cores)]);
  return Object.fromEntries(shares) as Record<ProcessName, number>;
}
