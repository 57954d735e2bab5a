/** A program on a pseudo terminal, which Python has in its library, and the screen that its output makes. */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { widthOf } from '../../src/cli/format';

export const hasPython = spawnSync('python3', ['-c', 'import pty']).status === 0;

const ESC = '\u001b';

export class Terminal {
  /** Everything the program wrote, as it wrote it. */
  written = '';
  readonly exitCode: Promise<number | null>;
  private readonly child: ChildProcess;

  constructor(
    readonly columns: number,
    readonly rows: number,
    command: string[],
    env: NodeJS.ProcessEnv,
  ) {
    const script = join(__dirname, 'terminal.py');
    this.child = spawn('python3', [script, String(columns), String(rows), ...command], {
      env: { TERM: 'xterm-256color', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.written += text));
    this.exitCode = new Promise((resolve) => this.child.once('close', resolve));
  }

  type(text: string): void {
    this.child.stdin?.write(text);
  }

  resize(columns: number, rows: number): void {
    this.type(`${ESC}]resize ${columns} ${rows}\n`);
  }

  /** Waits until the program has written this; the time-out is the test's. */
  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.written)) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  /** What is on the screen and above it, line by line. */
  screen(): string[] {
    return screenOf(this.written, this.columns);
  }

  /** Each picture of the live view, as its lines. */
  frames(): string[][] {
    // Erased by going up as many lines as it has.
    // eslint-disable-next-line no-control-regex
    const erase = /\u001b\[(\d+)A\r\u001b\[J/g;
    const frames: string[][] = [];
    for (const match of this.written.matchAll(erase)) {
      const lines = withoutCodes(this.written.slice(0, match.index)).split('\r\n').slice(0, -1);
      frames.push(lines.slice(-Number(match[1])).map((line) => line.slice(line.lastIndexOf('\r') + 1)));
    }
    return frames;
  }
}

/** The cursor stays as it was found: whatever hides it, shows it again. */
export function hidesCursor(written: string): boolean {
  return written.lastIndexOf(`${ESC}[?25l`) > written.lastIndexOf(`${ESC}[?25h`);
}

export function withoutCodes(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, '');
}

/** Just enough of a terminal: lines, wrapping, and the moves that the starter and Node's readline make. */
export function screenOf(written: string, columns: number): string[] {
  const lines: string[][] = [[]];
  let row = 0;
  let column = 0;
  // eslint-disable-next-line no-control-regex
  const codes = /\u001b\[([0-9;?]*)([@-~])|[^]/gu;
  for (const [text, argument = '', move] of written.matchAll(codes)) {
    const count = Number(argument) || 1;
    if (move === 'A') row = Math.max(0, row - count);
    else if (move === 'B') row += count;
    else if (move === 'G') column = count - 1;
    else if (move === 'D') column = Math.max(0, column - count);
    else if (move === 'J') {
      lines.length = row + 1;
      lines[row]?.splice(column);
    } else if (move === 'K') lines[row]?.splice(column);
    else if (move !== undefined || text === '\u0007') continue;
    else if (text === '\r') column = 0;
    else if (text === '\n') row += 1;
    else {
      if (column >= columns) {
        row += 1;
        column = 0;
      }
      const line = (lines[row] ??= []);
      while (line.length < column) line.push(' ');
      line[column] = text;
      if (widthOf(text) === 2) line[column + 1] = '';
      column += widthOf(text);
    }
    while (lines.length <= row) lines.push([]);
  }
  return lines.map((line) => line.join('').trimEnd());
}
