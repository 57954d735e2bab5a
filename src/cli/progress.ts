/** The view while waiting: a block redrawn in place on a terminal, else one plain line per change. */
import type { NicRow, ResultDocument } from '../contract';
import { formatDuration } from '../contract';
import type { FollowState, View } from './follow';
import { clean, cut, plural, table } from './format';
import type { Colors, Output } from './output';
import { ipOf, isOpen, messageOf, phaseText, untilNextLook, verdictOf } from './wording';

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 200;
const MAX_WARNINGS = 2;

export interface ProgressView extends View {
  /** Leaves the terminal as if the block had never been there. */
  end(): void;
}

export function progressView(output: Output, startedAt: number): ProgressView {
  return output.live ? new LiveView(output, startedAt) : new PlainView(output);
}

/** Says each change once. */
export class PlainView implements ProgressView {
  private said = new Set<string>();
  private phase: string | null = null;

  constructor(private readonly output: { say(line: string): void }) {}

  show(state: FollowState): void {
    const { document, trouble } = state;
    if (document !== null) {
      const phase = phaseText(document);
      if (phase !== this.phase) {
        this.phase = phase;
        this.output.say(`phase: ${phase}`);
      }
      for (const line of changeLines(document)) this.once(line);
    }
    if (trouble === null) this.said.delete('trouble');
    else if (!this.said.has('trouble')) {
      this.said.add('trouble');
      this.output.say(troubleText(trouble));
    }
  }

  end(): void {}

  private once(line: string): void {
    if (this.said.has(line)) return;
    this.said.add(line);
    this.output.say(line);
  }
}

function changeLines(document: ResultDocument): string[] {
  const running = document.outcome === 'running';
  const lines = document.jobs.map((job) => `job ${clean(job.id)}: ${clean(job.status)}`);
  for (const nic of document.nics) {
    if (isOpen(nic, running)) continue;
    const why = messageOf(nic);
    lines.push(`NIC ${nic.id} (${ipOf(nic)}): ${nic.outcome}${why === '' ? '' : ` - ${why}`}`);
  }
  for (const warning of document.warnings) lines.push(`warning: ${clean(warning)}`);
  return lines;
}

export function troubleText(trouble: NonNullable<FollowState['trouble']>): string {
  const limit = `for ${formatDuration(trouble.forMs)}; waiting ends after ${formatDuration(trouble.limitMs)}`;
  return trouble.kind === 'no-worker'
    ? `no worker polls task queue ${trouble.queues.join(' and ')} (${limit})`
    : `Temporal does not answer (${limit}): ${clean(trouble.why)}`;
}

class LiveView implements ProgressView {
  private state: FollowState = { document: null, trouble: null };
  private drawn = 0;
  private frame = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly output: Output,
    private readonly startedAt: number,
  ) {
    this.draw();
    // Between two answers the countdown goes on.
    this.timer = setInterval(() => this.draw(), FRAME_MS);
  }

  show(state: FollowState): void {
    this.state = state;
    this.draw();
  }

  end(): void {
    clearInterval(this.timer);
    this.output.notes.write(this.erase());
    this.drawn = 0;
  }

  private draw(): void {
    const { columns = 80, rows = 24 } = this.output.notes;
    const spinner = SPINNER[this.frame++ % SPINNER.length] ?? '';
    const lines = progressLines(this.state, {
      now: Date.now(),
      startedAt: this.startedAt,
      columns,
      // A block higher than the screen could not be erased again.
      rows: rows - 1,
      spinner,
      colors: this.output.colors,
    });
    this.output.notes.write(`${this.erase()}${lines.join('\n')}\n`);
    this.drawn = lines.length;
  }

  private erase(): string {
    return this.drawn === 0 ? '' : `\u001b[${this.drawn}A\r\u001b[J`;
  }
}

export interface Frame {
  now: number;
  startedAt: number;
  columns: number;
  rows: number;
  spinner: string;
  colors: Colors;
}

/** The block: every line is shorter than the terminal is wide, since a wrapped one could not be erased. */
export function progressLines(state: FollowState, frame: Frame): string[] {
  const { colors: c } = frame;
  const width = Math.max(10, frame.columns - 1);
  const fit = (text: string) => cut(text, width);
  const { document, trouble } = state;
  const elapsed = formatDuration(Math.max(1_000, frame.now - frame.startedAt));
  const head = document === null ? 'waiting for the first word of the run' : phaseText(document);
  const lines = [c.bold(fit(`${frame.spinner} ${elapsed} · ${head}`))];
  if (document !== null) {
    const waiting = untilNextLook(document, frame.now);
    const next =
      waiting === null
        ? ''
        : waiting === 0
          ? 'looking now'
          : `next look in ${formatDuration(Math.ceil(waiting / 1_000) * 1_000)}`;
    const job = document.jobs.at(-1);
    // The id of a job is long; what changes comes first, so that a narrow terminal cuts the id.
    if (job !== undefined) {
      const words = [clean(job.status), plural(job.polls, 'poll'), next, `job ${clean(job.id)}`].filter(
        Boolean,
      );
      lines.push(fit(`  ${words.join(' · ')}`));
    } else if (next !== '') lines.push(fit(`  ${next}`));
    lines.push(...nicLines(document, width, c));
    for (const warning of document.warnings.slice(-MAX_WARNINGS)) {
      lines.push(c.yellow(fit(`  ! ${clean(warning)}`)));
    }
  }
  if (trouble !== null) lines.push(c.yellow(fit(`  ! ${troubleText(trouble)}`)));
  const hint = c.dim(fit('  Ctrl-C stops watching; the run goes on'));
  return [...lines.slice(0, Math.max(1, frame.rows - 1)), hint].slice(0, Math.max(1, frame.rows));
}

function nicLines(document: ResultDocument, width: number, c: Colors): string[] {
  const running = document.outcome === 'running';
  const rows = table(document.nics.map((nic) => [nic.id, ipOf(nic), verdictOf(nic, running)]));
  return document.nics.map((nic, i) => {
    const line = `  ${rows[i] ?? ''}`;
    return colorOf(nic, running, c)(cut(line, width));
  });
}

export function colorOf(nic: NicRow, running: boolean, c: Colors): (text: string) => string {
  if (isOpen(nic, running)) return c.dim;
  switch (nic.outcome) {
    case 'deleted':
    case 'detached':
    case 'already-absent':
      return c.green;
    case 'still-attached':
    case 'unknown':
      return c.red;
    case 'restored':
    case 'recreated':
      return c.cyan;
    case 'untouched':
      return c.dim;
  }
}
