/** Durations, as callers write them and people read them. */
import { shown } from './values';

/** Whole numbers of milliseconds, or texts with a unit: `"90s"`, `"20 minutes"`. */
export type Duration = number | string;

/** From long to short, as the TypeScript SDK names them; the first two of each are for messages. */
const UNITS = [
  [604_800_000, 'week weeks w'],
  [86_400_000, 'day days d'],
  [3_600_000, 'hour hours hrs hr h'],
  [60_000, 'minute minutes mins min m'],
  [1_000, 'second seconds secs sec s'],
  [1, 'ms ms milliseconds millisecond msecs msec'],
] as const;

const UNIT_MS = new Map(UNITS.flatMap(([ms, names]) => names.split(' ').map((name) => [name, ms] as const)));

const PATTERN = /^(\d+(?:\.\d+)?|\.\d+) *([a-z]+)?$/i;

/** What one field takes, in ms, and what its messages suggest. */
export interface DurationRule {
  min?: number;
  max?: number;
  /** The unit that the caller most likely left out. */
  unit?: 'seconds' | 'minutes' | 'hours';
  /** Numbers below 1,000, other than 0, are refused: in this field they are a forgotten unit, and dangerous. */
  noSmallNumbers?: boolean;
}

/**
 * The one reading of a duration. A text without a unit is refused, since 24 ms are no undo window, and so is a fraction.
 * Years are left out on purpose: no run lasts that long, and a mistyped unit must not pass.
 *
 * @returns the ms, or what is wrong with the value and the remedy, to stand behind the name of the field
 */
export function readDuration(value: unknown, rule: DurationRule = {}): number | { problem: string } {
  const { min = 0, max = Number.MAX_SAFE_INTEGER, unit = 'seconds', noSmallNumbers = false } = rule;
  const fits = (ms: number) => Number.isSafeInteger(ms) && ms >= min && ms <= max;
  const wrong = (what: string, ...meant: string[]): { problem: string } => {
    const text = meant.find((each) => fits(parseDuration(each) ?? NaN));
    const remedy = text === undefined ? 'a text such as "90s" or "20 minutes"' : `"${text}"`;
    return { problem: `${shown(value)} ${what}; write ${remedy}` };
  };
  const { amount, factor, isWhole } = partsOf(value);
  const usual = UNIT_MS.get(unit) ?? 1;
  if (amount === null || (typeof value === 'number' && value < 0)) return wrong('is not a duration');
  if (typeof value === 'number') {
    if (!isWhole) return wrong('is a fraction, and a number counts whole ms');
    if (noSmallNumbers && value > 0 && value < 1_000)
      return wrong(`as a number means ${value} ms`, inUnits(value, usual), `${value} ms`);
  } else if (factor === null) {
    return wrong('has no unit', inUnits(amount, usual), `${amount} ms`);
  } else if (!isWhole) return wrong('is a fraction', inUnits(amount, factor));
  const ms = amount * (factor ?? 1);
  if (fits(ms)) return ms;
  const range = `${formatDuration(min)} to ${formatDuration(max)}`;
  return { problem: `${shown(value)} is out of range; allowed are ${range}` };
}

/** Milliseconds of a duration; `undefined` when the value is not a duration. */
export function parseDuration(value: unknown): number | undefined {
  const ms = readDuration(value);
  return typeof ms === 'number' ? ms : undefined;
}

/** `amount: null`: nothing like a duration. `factor: null`: no unit. */
function partsOf(value: unknown): { amount: number | null; factor: number | null; isWhole: boolean } {
  const none = { amount: null, factor: null, isWhole: false };
  if (typeof value === 'number')
    return Number.isFinite(value)
      ? { amount: value, factor: null, isWhole: Number.isSafeInteger(value) }
      : none;
  if (typeof value !== 'string' || value.length > 100) return none;
  const [, amount, name] = PATTERN.exec(value) ?? [];
  if (amount === undefined) return none;
  const factor = name === undefined ? null : UNIT_MS.get(name.toLowerCase());
  return factor === undefined ? none : { amount: Number(amount), factor, isWhole: !amount.includes('.') };
}

/** As a text without a fraction, in that unit or the next shorter one in which it has none. */
function inUnits(amount: number, factor: number): string {
  const ms = Math.round(amount * factor);
  // A larger rounding error would suggest another duration than the one written.
  if (Math.abs(ms - amount * factor) > 1e-6) return '';
  const [unitMs, names] = UNITS.find(([length]) => length <= factor && ms % length === 0) ?? UNITS[5];
  const [one, many] = names.split(' ');
  const count = ms / unitMs;
  return `${count} ${count === 1 ? one : many}`;
}

/** The one form of a time for people: `2026-11-26 20:50:07 UTC`. A text that is no time stays as it is. */
export function formatTime(time: string): string {
  const [, date, clock] = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/.exec(time) ?? [];
  return date === undefined ? time : `${date} ${clock} UTC`;
}

/** Shortest exact wording for people: `90 s`, `20 min`, `2 h 5 min`. Under a second in ms. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}
