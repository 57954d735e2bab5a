/** CPU time of a turn, told apart by who took it. */
import { cpus } from 'node:os';
import type { Bed, Subject } from './bed';
import { cpuMsOf, machineCpuMs } from './usage';

/** Milliseconds of CPU since each began. */
export interface CpuReading {
  /** Epoch ms. */
  at: number;
  worker: number;
  server: number;
  /** The simulated cloud, the worker that is not measured, and the bench itself. */
  rest: number;
  /** All that the machine did. */
  machine: number;
}

/** @throws Error when the Temporal server is not one of ours */
export function readCpu({ stack, subjects }: Bed, { worker }: Subject): CpuReading {
  const { pid } = stack.temporal;
  if (pid === undefined) {
    throw new Error('CPU time of the server is not measurable: it is not ours (unset TEMPORAL_ADDRESS)');
  }
  const others = subjects.map((each) => each.worker.pid).filter((each) => each !== worker.pid);
  const { user, system } = process.cpuUsage();
  return {
    at: Date.now(),
    worker: cpuMsOf(worker.pid),
    server: cpuMsOf(pid),
    rest: [...others, stack.simulator.pid].reduce(
      (sum, each) => sum + cpuMsOf(each),
      (user + system) / 1_000,
    ),
    machine: machineCpuMs(),
  };
}

export interface TurnCpu {
  /** Per run, in ms, without what idling for the same time costs. */
  worker: number;
  server: number;
  /** What idling would add per run, both together, in ms. */
  idle: number;
  /** Share of the machine that programs of others took, in percent. */
  foreign: number;
}

/**
 * @param before begin of a while in which nothing was asked of worker and server
 * @param began its end, and the begin of the runs
 * @param ended when all runs were closed
 */
export function turnCpu(
  before: CpuReading,
  began: CpuReading,
  ended: CpuReading,
  runs: number,
  cores = cpus().length,
): TurnCpu {
  const ms = ended.at - began.at;
  const idle = (key: 'worker' | 'server') => ((began[key] - before[key]) * ms) / (began.at - before.at);
  const spent = (key: 'worker' | 'server' | 'rest' | 'machine') => ended[key] - began[key];
  const foreign = spent('machine') - spent('worker') - spent('server') - spent('rest');
  return {
    worker: (spent('worker') - idle('worker')) / runs,
    server: (spent('server') - idle('server')) / runs,
    idle: (idle('worker') + idle('server')) / runs,
    foreign: (100 * Math.max(0, foreign)) / (ms * cores),
  };
}
