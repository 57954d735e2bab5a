/** Who gets what: results on standard output, problems on standard error, everything but the document there with --json. */
import type { WriteStream } from 'node:tty';
import pc from 'picocolors';
import type { CliError } from './errors';
import { wrap } from './format';

const PREFIX = 'ecs-nics:';

export type Colors = ReturnType<typeof pc.createColors>;

export class Output {
  /** Where people read along. */
  readonly notes: WriteStream;
  /** `true`: the notes go to a terminal, so they can be coloured and redrawn. */
  readonly live: boolean;
  readonly colors: Colors;

  constructor(readonly json: boolean) {
    this.notes = json ? process.stderr : process.stdout;
    this.live = this.notes.isTTY === true && process.env.TERM !== 'dumb';
    this.colors = pc.createColors(this.live && pc.isColorSupported);
  }

  say(lines: string | readonly string[]): void {
    const text = typeof lines === 'string' ? lines : lines.join('\n');
    this.notes.write(`${text}\n`);
  }

  /** The one document on standard output. */
  document(value: unknown): void {
    if (this.json) process.stdout.write(`${JSON.stringify(value, null, process.stdout.isTTY ? 2 : 0)}\n`);
  }

  error(error: CliError): void {
    const { colors } = this;
    const prefix = process.stderr.isTTY ? colors.red(PREFIX) : PREFIX;
    const { isTTY, columns = 80 } = process.stderr;
    const lines = error.message.split('\n');
    // A pipe gets each line as it is.
    const [first = '', ...rest] = isTTY ? lines.flatMap((line) => wrapped(line, columns)) : lines;
    process.stderr.write([`${prefix} ${first}`, ...rest, ...error.details].join('\n') + '\n');
    if (process.env.ECS_NICS_LOG_LEVEL === 'debug') {
      const cause = error.cause instanceof Error ? error.cause : error;
      process.stderr.write(`${cause.stack}\n`);
    }
    // A script that reads standard output gets its one document whatever happens.
    this.document({ ...error.known, error: { type: error.type, message: error.message } });
  }
}

/** Everything written has left the process: `process.exit` would cut what a pipe has not taken yet. */
export async function flushed(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.writableLength > 0) await new Promise((resolve) => stream.write('', resolve));
  }
}

/** A line of a message on a terminal; what is indented is there to be copied. */
function wrapped(line: string, columns: number): string[] {
  return line === '' || line.startsWith('  ') ? [line] : wrap(line, columns - PREFIX.length - 2);
}
