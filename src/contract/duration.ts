/** Numbers of milliseconds, or the strings that the TypeScript SDK takes: `"90s"`, `"20 minutes"`, `"1.5h"`. */
export type Duration = number | string;

const UNIT_MS: Record<string, number> = {};
for (const [ms, names] of [
  [1, 'milliseconds millisecond msecs msec ms'],
  [1_000, 'seconds second secs sec s'],
  [60_000, 'minutes minute mins min m'],
  [3_600_000, 'hours hour hrs hr h'],
  [86_400_000, 'days day d'],
  [604_800_000, 'weeks week w'],
] as const) {
  for (const name of names.split(' ')) UNIT_MS[name] = ms;
}

const PATTERN = /^(\d+(?:\.\d+)?|\.\d+) *([a-z]+)?$/i;

/**
 * Milliseconds of a duration; `undefined` when the value isn't one.
 * Whole numbers from 0 on; years are left out on purpose (no run lasts that long, and a mistyped unit must not pass).
 */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  if (typeof value !== 'string' || value.length > 100) return undefined;
  const match = PATTERN.exec(value);
  if (!match) return undefined;
  const factor = match[2] === undefined ? 1 : UNIT_MS[match[2].toLowerCase()];
  if (factor === undefined) return undefined;
  const ms = Math.round(Number(match[1]) * factor);
  return Number.isSafeInteger(ms) ? ms : undefined;
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
