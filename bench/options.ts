import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Kind, Selection } from './measures/scale/cells';
import { KINDS } from './measures/scale/cells';

export const NAMES = [
  'cost',
  'restart',
  'in-flight',
  'memory',
  'undo',
  'calls',
  'fleet',
  'scale',
  'shares',
  'soak',
] as const;
export type Name = (typeof NAMES)[number];

/** They take more than a minute, however little is measured: time-outs, fixed polls, runs one after the other. */
const LONG: ReadonlySet<Name> = new Set([
  'in-flight',
  'undo',
  'calls',
  'fleet',
  'scale',
  'shares',
  'soak',
] as const);

export interface Options {
  only: Name[];
  /** Workflow runs per worker and round; `null`: each measurement's own number. */
  runs: number | null;
  /** How often ours and naive take turns; `null`: each measurement's own number. */
  rounds: number | null;
  quick: boolean;
  json: string | null;
  /** What `scale` and `shares` measure. */
  cells: Selection;
  /** A picture of how what a run takes grows. */
  plot: string | null;
}

export const HELP = `Usage: npm run bench [-- options]

Measures the worker beside a naive one (bench/naive), in turns, on an embedded
Temporal server and the simulated cloud. Some forty-five minutes on two quiet
cores, fourteen of them for calls, five for fleet, twenty for scale and four
for shares.

  --only <name>   one measurement; may be repeated:
                    cost       calls, history and CPU of a run
                    restart    back at work after kill -9 while waiting
                    in-flight  POSTs when the worker dies during one
                    memory     resident memory of a run that waits
                    undo       NICs put back, beside re-creating them
                    calls      calls of a run alone, and of --runs servers
                               (200) at once at 10 and 50 calls a second
                    fleet      a decommission run of --runs servers (300),
                               and plans of 1,000
                    scale      decommission runs of --servers, at --rates,
                               of --kinds, each with each
                    shares     two decommission runs of --servers (300) in one
                               quota (--rates, 50), and --runs single requests
                               (8) beside them
                    soak       a steady load of --runs runs (1,800 in an
                               hour): memory, handles, event loop; only when
                               it is named
  --runs <n>      workflow runs per worker and round, 1 to 10,000
  --rounds <n>    how often both take their turn, 1 to 100
  --servers <n,…> sizes for scale and shares, up to 100,000 (100,1000)
  --rates <q,…>   calls a second for scale, or none (50,none); 10,000 servers
                  at 10 take an hour
  --kinds <k,…>   for scale: plain, exact (both)
  --plot <file>   a picture (SVG) of how what a run takes grows with its size,
                  or of the soak
  --quick         fewer runs, short jobs, one round, no in-flight, undo, calls,
                  fleet, scale and shares (75 s): shows that the bench works;
                  judges no figure
  --json <file>   writes everything, raw samples too, to this file
  --help

Exit code 0: everything was measured, whatever the figures. 1: something could
not be measured, or a run did not end as it should. 2: bad command line.
`;

/** Thrown with every problem of the command line. */
export class UsageError extends Error {}

/** `null`: help was asked for. */
export function readOptions(args: string[]): Options | null {
  const values = parsed(args);
  if (values.help) return null;
  const problems: string[] = [];
  const whole = (name: 'runs' | 'rounds', most: number): number | null => {
    const text = values[name];
    if (text === undefined) return null;
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= 1 && value <= most) return value;
    problems.push(`--${name} must be a whole number from 1 to ${most.toLocaleString('en')}, not "${text}"`);
    return null;
  };
  const list = <T>(
    name: 'servers' | 'rates' | 'kinds',
    read: (text: string) => T | undefined,
    what: string,
  ) => {
    const text = values[name];
    if (text === undefined) return null;
    const found = text.split(',').map((each) => read(each.trim()));
    if (found.every((each) => each !== undefined)) return [...new Set(found)];
    problems.push(`--${name} must be ${what}, with commas between them, not "${text}"`);
    return null;
  };
  const wholeUpTo = (most: number) => (text: string) =>
    /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= most ? Number(text) : undefined;
  const rateOf = (text: string) => (text === 'none' ? null : wholeUpTo(1_000)(text));
  const kindOf = (text: string): Kind | undefined => KINDS.find((kind) => kind === text);
  const names = values.only ?? [];
  for (const name of names.filter((each) => !isName(each))) {
    problems.push(`--only "${name}" is no measurement; there are ${NAMES.join(', ')}`);
  }
  const quick = values.quick ?? false;
  const everything = NAMES.filter((name) => name !== 'soak' && (!quick || !LONG.has(name)));
  const options: Options = {
    only: names.length === 0 ? everything : NAMES.filter((name) => names.includes(name)),
    runs: whole('runs', 10_000),
    rounds: whole('rounds', 100),
    quick,
    json: values.json === undefined ? null : resolve(values.json),
    cells: {
      servers: list('servers', wholeUpTo(100_000), 'whole numbers up to 100,000'),
      rates: list('rates', rateOf, 'whole numbers up to 1,000, or none'),
      kinds: list('kinds', kindOf, KINDS.join(' and ')),
    },
    plot: values.plot === undefined ? null : resolve(values.plot),
  };
  // Found out now, not after five minutes.
  if (options.json !== null) problems.push(...unwritable('json', options.json));
  if (options.plot !== null) problems.push(...unwritable('plot', options.plot));
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  return options;
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        only: { type: 'string', multiple: true },
        runs: { type: 'string' },
        rounds: { type: 'string' },
        quick: { type: 'boolean' },
        json: { type: 'string' },
        servers: { type: 'string' },
        rates: { type: 'string' },
        kinds: { type: 'string' },
        plot: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

const isName = (text: string): text is Name => (NAMES as readonly string[]).includes(text);

function unwritable(option: string, file: string): string[] {
  try {
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) return [`--${option} ${file} is a folder`];
    accessSync(dirname(file), constants.W_OK);
    return [];
  } catch (error) {
    return [`--${option} ${file} can't be written: ${(error as Error).message}`];
  }
}
