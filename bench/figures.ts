/** What a measurement says: rows of figures side by side, for people and as JSON. Pure. */
import type { Machine } from './machine';
import type { Options } from './options';
import type { Summary } from './stats';
import { ratio, summarise } from './stats';

export type SubjectName = 'ours' | 'naive';
/** Raw figures of one row, by subject. */
export type Samples = Record<SubjectName, number[]>;

export interface Row {
  what: string;
  unit: string;
  ours: Summary;
  /** `null`: naive does nothing of the kind. */
  naive: Summary | null;
  /** What ours was before a change, as one figure; `null`: nobody measured it. */
  before: number | null;
  /** Median of ours by median of naive. */
  ratio: number | null;
  /** Our median is to be at most that; `null`: nobody set a target. */
  target: number | null;
  met: boolean | null;
}

export interface Measurement {
  name: string;
  title: string;
  seconds: number;
  rows: Row[];
  /** What one must know to read the rows. */
  notes: string[];
  /** Why it could not be measured, or why what was measured does not count. */
  failure: string | null;
}

export interface Report {
  /** Counts up when the shape changes. */
  format: 2;
  startedAt: string;
  seconds: number;
  machine: Machine;
  options: Pick<Options, 'only' | 'runs' | 'rounds' | 'quick'>;
  measurements: Measurement[];
}

/** Without samples of naive: of ours alone. */
export function row(
  what: string,
  unit: string,
  samples: Pick<Samples, 'ours'> & Partial<Samples>,
  target: number | null = null,
  before: number | null = null,
): Row {
  const ours = summarise(samples.ours);
  const naive = samples.naive === undefined ? null : summarise(samples.naive);
  return {
    what,
    unit,
    ours,
    naive,
    before,
    ratio: naive === null ? null : ratio(ours, naive),
    target,
    met: target === null ? null : ours.median <= target,
  };
}

/** Without a word on the target: for figures that are none to be judged by. */
export const unjudged = (judged: Row): Row => ({ ...judged, target: null, met: null });

/** Three figures that matter, without an exponent. */
export function figure(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits);
}

/** Min, median and max; one figure where all samples say the same. */
function shown({ min, median, max }: Summary): string {
  const figures = [min, median, max].map(figure);
  return new Set(figures).size === 1 ? figure(median) : figures.join(' / ');
}

const HEADS = ['', 'ours', 'before', 'naive', 'ratio', 'target'];
const BEFORE = HEADS.indexOf('before');

/** Lines of a table; the first column to the left, figures to the right. Without figures from before: without their column. */
export function table(rows: readonly Row[]): string[] {
  const isShown = (_: unknown, i: number) => i !== BEFORE || rows.some(({ before }) => before !== null);
  const heads = HEADS.filter(isShown);
  const cells = rows.map(({ what, unit, ours, naive, before, ratio: share, target, met }) =>
    [
      unit === '' ? what : `${what}, ${unit}`,
      shown(ours),
      before === null ? '–' : figure(before),
      naive === null ? '–' : shown(naive),
      share === null ? '–' : share.toFixed(2),
      target === null ? '' : `≤ ${figure(target)} ${met ? 'met' : 'MISSED'}`,
    ].filter(isShown),
  );
  const widths = heads.map((head, i) =>
    Math.max(head.length, ...cells.map((line) => (line[i] ?? '').length)),
  );
  const line = (texts: readonly string[]) =>
    texts
      .map((text, i) =>
        i === 0 || i === heads.length - 1 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [line(heads), ...cells.map(line)];
}
