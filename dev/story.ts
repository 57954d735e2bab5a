/** How demo and dev stack talk to people: 80 columns, the same on a terminal, in a pipe and in CI. */
import { createColors, isColorSupported } from 'picocolors';

/** A log keeps no colours; `FORCE_COLOR` is for those who want them there. */
export const pc = createColors(isColorSupported && Boolean(process.stdout.isTTY || process.env.FORCE_COLOR));

export const say = (line = ''): void => void process.stdout.write(`${line}\n`);

export function heading(text: string): void {
  say();
  say(pc.bold(text));
}

/** `  label       value`, for a block of facts. */
export function fact(label: string, value: string): void {
  say(`  ${pc.dim(label.padEnd(10))}  ${value}`);
}

export function command(line: string): void {
  say(`  ${pc.cyan('$')} ${line}`);
}

/** First block of an id: enough to tell things apart, short enough for a line. */
export const short = (id: string): string => id.slice(0, 8);

export function verdict(text: string): string {
  const word = text.split(' ')[0] ?? '';
  if (word === 'deleted') return pc.green(text);
  if (word === 'unknown' || word === 'still-attached') return pc.red(text);
  return text;
}

/** What the story claims, checked against the cloud's own record. Counts, so that nobody has to take it on trust. */
export class Checks {
  passed = 0;
  failed = 0;

  /** `detail` is shown when the claim does not hold. */
  that(claim: string, holds: boolean, detail?: unknown): void {
    if (holds) this.passed++;
    else this.failed++;
    say(`  ${holds ? pc.green('✔') : pc.red('✘')} ${claim}`);
    if (!holds && detail !== undefined) say(pc.red(`    ${JSON.stringify(detail)}`));
  }
}
