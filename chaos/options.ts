import { randomInt } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { SEEDS } from './plan';

export interface Options {
  /** How long faults, kills and messages go on; runs are given time to end afterwards. */
  minutes: number;
  seed: number;
  /** The naive worker (bench/naive) instead of ours. */
  naive: boolean;
  json: string | null;
  /** Where the evidence is put in any case. `null`: that of violations, in a new folder among the temporary ones. */
  evidence: string | null;
}

/** A night. */
const MOST_MINUTES = 720;
/** In less than 15 s hardly anything has begun. */
const LEAST_MINUTES = 0.25;

export const HELP = `Usage: npm run chaos -- [options]

A real Temporal server on a database file, three workers and the simulated cloud,
while workers and server are killed, connections are cut, calls of the cloud fail,
and people cancel, undo, pause, abort, terminate and reset. Then all of that ends,
every run comes to its end, and all that was reported is judged by the cloud's
ledger (docs/chaos.md).

  --minutes <n>     how long it goes on, ${LEAST_MINUTES} to ${MOST_MINUTES}; default 3
  --seed <n>        the same plan again; default: drawn, and printed
  --naive           the naive worker of bench/naive, by the same rules
  --json <file>     writes the figures and every violation to this file
  --evidence <dir>  keeps ledger, histories and logs there, also without a violation;
                    default: those of violations, in a new temporary folder
  --help

Exit code 0: no violation. 1: violations, or it could not be played. 2: bad
command line.
`;

/** Thrown with every problem of the command line. */
export class UsageError extends Error {}

/** `null`: help was asked for. */
export function readOptions(args: string[]): Options | null {
  const values = parsed(args);
  if (values.help) return null;
  const problems: string[] = [];
  const minutes = Number(values.minutes ?? 3);
  if (!(minutes >= LEAST_MINUTES && minutes <= MOST_MINUTES))
    problems.push(
      `--minutes must be a number from ${LEAST_MINUTES} to ${MOST_MINUTES}, not "${values.minutes}"`,
    );
  const seed = values.seed === undefined ? randomInt(SEEDS) : Number(values.seed);
  if (values.seed !== undefined && !(/^\d+$/.test(values.seed) && seed < SEEDS))
    problems.push(`--seed must be a whole number below ${SEEDS.toLocaleString('en')}, not "${values.seed}"`);
  const json = values.json === undefined ? null : resolve(values.json);
  // Found out now, not after the minutes.
  if (json !== null) problems.push(...unwritable(json));
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  const evidence = values.evidence === undefined ? null : resolve(values.evidence);
  return { minutes, seed, naive: values.naive ?? false, json, evidence };
}

function parsed(args: string[]) {
  try {
    const text = { type: 'string' } as const;
    return parseArgs({
      args,
      options: {
        minutes: text,
        seed: text,
        naive: { type: 'boolean' },
        json: text,
        evidence: text,
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function unwritable(file: string): string[] {
  try {
    accessSync(dirname(file), constants.W_OK);
    return [];
  } catch (error) {
    return [`--json ${file} can't be written: ${(error as Error).message}`];
  }
}
