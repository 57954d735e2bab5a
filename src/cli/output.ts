/**
 * Decides where output goes: results to standard output, problems to standard error. With --json, standard output gets
 * only the document. This is the only place that writes, and it removes from every line what a foreign text may have
 * hidden in it.
 */
import { randomBytes } from 'node:crypto';
import type { WriteStream } from 'node:tty';
import pc from 'picocolors';
import { cleanJson, cleanLine } from '../contract/text';
import { valueOf } from '../contract/variables';
import type { CliError } from './cli-error';
import { wrap } from './format';
import { asTyped } from './invocation';

const PREFIX = 'ecs-nics:';
const ESC = '\u001b';
/**
 * Replaces the escape character in the starter's own colours until a line is cleaned. Random: foreign texts lack it.
 */
const OURS = `\uf8ff${randomBytes(8).toString('hex')}\uf8ff`;
const OUR_COLOR = new RegExp(`${OURS}\\[\\d+(?:;\\d+)*m`, 'g');

const COLOR_NAMES = ['bold', 'dim', 'red', 'green', 'yellow', 'cyan'] as const;
export type Colors = Record<(typeof COLOR_NAMES)[number], (text: string) => string>;

/** Colours that survive {@link Output}. Colours in a foreign text do not. */
export function colorsOf(enabled: boolean): Colors {
  const plain = pc.createColors(enabled);
  const color = (name: (typeof COLOR_NAMES)[number]) => (text: string) =>
    plain[name](text.replaceAll(ESC, ' ').replaceAll(OURS, ESC)).replaceAll(ESC, OURS);
  return Object.fromEntries(COLOR_NAMES.map((name) => [name, color(name)])) as Colors;
}

/** Makes a line safe to write. */
export function printable(line: string): string {
  return cleanLine(line).replaceAll(OURS, ESC);
}

/** Removes the colours of {@link colorsOf}: the result is as wide as the line looks. */
export function uncolored(line: string): string {
  return line.replace(OUR_COLOR, '');
}

/** The page for which lines are laid out. */
export interface ReportPage {
  colors: Colors;
  /** `Infinity`: the output is not a terminal. */
  columns: number;
  now: number;
  /** Says of each NIC what its witnesses say, as the Web UI does. */
  witnesses?: boolean;
}

export class Output {
  /** The stream for people. */
  readonly notes: WriteStream;
  /** `true`: the notes go to a terminal, so lines can be coloured and redrawn. */
  readonly live: boolean;
  readonly colors: Colors;

  constructor(
    readonly json: boolean,
    readonly quiet = false,
  ) {
    this.notes = json ? process.stderr : process.stdout;
    this.live = this.notes.isTTY === true && process.env.TERM !== 'dumb';
    this.colors = colorsOf(this.live && pc.isColorSupported);
  }

  /** A person at the terminal gets the document alone: the lines beside it are for a log. */
  private get isForDocument(): boolean {
    return this.json && this.notes.isTTY === true;
  }

  /** Nothing is shown of what a command does on the way. */
  get isMuted(): boolean {
    return this.quiet || this.isForDocument;
  }

  /** What a command is asked for. Each text is one line. */
  say(lines: string | readonly string[]): void {
    if (!this.isForDocument) this.warn(lines);
  }

  /** What it does on the way. */
  note(lines: string | readonly string[]): void {
    if (!this.isMuted) this.warn(lines);
  }

  /** Something is wrong: shown in any case. */
  warn(lines: string | readonly string[]): void {
    write(this.notes, typeof lines === 'string' ? [lines] : lines);
  }

  /** Draws `lines` in the space that `erase`, a terminal command, has cleared. */
  redraw(erase: string, lines: readonly string[]): void {
    this.notes.write(`${erase}${lines.map((line) => `${printable(asTyped(line))}\n`).join('')}`);
  }

  /** The terminal on which the operator is asked. */
  get screen(): WriteStream {
    return this.live ? this.notes : process.stderr;
  }

  ask(lines: readonly string[]): void {
    write(this.screen, lines);
  }

  /** What a command is asked for, a line of JSON for each value: on standard output, for programs and for files. */
  values(values: readonly unknown[]): void {
    process.stdout.write(values.map((value) => `${cleanJson(JSON.stringify(value))}\n`).join(''));
  }

  /** Beside {@link values}: on standard error. */
  aside(lines: readonly string[]): void {
    write(process.stderr, lines);
  }

  /** The one document on standard output. */
  document(value: unknown): void {
    if (!this.json) return;
    const json = JSON.stringify(value, null, process.stdout.isTTY ? 2 : 0);
    process.stdout.write(`${cleanJson(json)}\n`);
  }

  error(error: CliError): void {
    const { colors } = this;
    const prefix = process.stderr.isTTY ? colors.red(PREFIX) : PREFIX;
    const { isTTY, columns = 80 } = process.stderr;
    const lines = asTyped(error.message).split(LINE_END).map(cleanLine);
    // A pipe gets each line unwrapped.
    const [first = '', ...rest] = isTTY ? lines.flatMap((line) => wrapped(line, columns)) : lines;
    write(process.stderr, [`${prefix} ${first}`, ...rest, ...error.details]);
    if (valueOf(process.env, 'ECS_NICS_LOG_LEVEL')?.[1] === 'debug') {
      const cause = error.cause instanceof Error ? error.cause : error;
      write(process.stderr, `${cause.stack}`.split('\n'));
    }
    // A script that reads standard output gets exactly one document, also after an error.
    this.document({ ...error.known, error: { type: error.type, message: error.message } });
  }
}

/** Where a message breaks into lines: before the next problem of a list, and before a command for copying. */
const LINE_END = /\n(?= {2})/;

function write(stream: WriteStream, lines: readonly string[]): void {
  stream.write(lines.map((line) => `${printable(asTyped(line))}\n`).join(''));
}

/** Resolves when all output has left the process: `process.exit` would cut off what a pipe has not taken yet. */
export async function flushed(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.writableLength > 0) await new Promise((resolve) => stream.write('', resolve));
  }
}

/** Wraps a line of a message for a terminal. An indented line is for copying, so it stays whole. */
function wrapped(line: string, columns: number): string[] {
  return line === '' || line.startsWith('  ') ? [line] : wrap(line, columns - PREFIX.length - 2);
}
