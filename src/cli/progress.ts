/** The view while waiting: a block redrawn in place on a terminal, else one plain line per change. */
import { stripVTControlCharacters } from 'node:util';
import type { NicRow, ResultDocument } from '../contract';
import { formatDuration } from '../contract';
import type { FollowState, View } from './follow';
import { clean, cut, plural, table, widthOf } from './format';
import type { Colors, Output } from './output';
import {
  ipOf,
  isInWindow,
  isOpen,
  messageOf,
  phaseText,
  replacedText,
  undoText,
  untilNextLook,
  verdictOf,
} from './wording';

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
    const verdict = [nic.outcome, replacedText(nic)].filter(Boolean).join(' ');
    const why = messageOf(nic);
    lines.push(`NIC ${nic.id} (${ipOf(nic)}): ${verdict}${why === '' ? '' : ` - ${why}`}`);
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
  /** Widths of the lines on the screen. */
  private drawn: number[] = [];
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
    this.drawn = [];
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
    this.drawn = lines.map((line) => widthOf(stripVTControlCharacters(line)));
  }

  private erase(): string {
    const { columns = 80 } = this.output.notes;
    // A terminal that has become narrower has wrapped what it shows.
    const height = this.drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    return height === 0 ? '' : `\u001b[${height}A\r\u001b[J`;
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
  const head = [c.bold(fit(headText(document, frame)))];
  const job = document === null ? '' : jobLine(document, frame.now);
  if (job !== '') head.push(fit(`  ${job}`));
  const foot = (document?.warnings ?? [])
    .slice(-MAX_WARNINGS)
    .map((warning) => c.yellow(fit(`  ! ${clean(warning)}`)));
  if (trouble !== null) foot.push(c.yellow(fit(`  ! ${troubleText(trouble)}`)));
  foot.push(c.dim(fit('  Ctrl-C stops watching; the run goes on')));
  const room = frame.rows - head.length - foot.length;
  const lines = [...head, ...(document === null ? [] : nicLines(document, width, room, c)), ...foot];
  return lines.slice(0, Math.max(1, frame.rows));
}

function headText(document: ResultDocument | null, frame: Frame): string {
  const words = [formatDuration(Math.max(1_000, frame.now - frame.startedAt))];
  if (document === null) words.push('waiting for the first word of the run');
  else
    words.push(
      clean(document.serverName ?? ''),
      isInWindow(document) ? 'undo window open' : phaseText(document),
    );
  return `${frame.spinner} ${words.filter(Boolean).join(' · ')}`;
}

function jobLine(document: ResultDocument, now: number): string {
  if (isInWindow(document)) return undoText(document, now) ?? '';
  const waiting = untilNextLook(document, now);
  const next =
    waiting === null
      ? ''
      : waiting === 0
        ? 'looking now'
        : `next look in ${formatDuration(Math.ceil(waiting / 1_000) * 1_000)}`;
  const job = document.jobs.at(-1);
  if (job === undefined) return next;
  // The id of a job is long; what changes comes first, so that a narrow terminal cuts the id.
  return [clean(job.status), plural(job.polls, 'poll'), next, `job ${clean(job.id)}`]
    .filter(Boolean)
    .join(' · ');
}

function nicLines(document: ResultDocument, width: number, room: number, c: Colors): string[] {
  const { nics } = document;
  const running = document.outcome === 'running';
  const verdict = (nic: NicRow) => verdictOf(nic, running);
  const margin = 2;
  let cells = table(nics.map((nic) => [nic.id, ipOf(nic), verdict(nic)]));
  // Half an id helps nobody, the address does; the report at the end has both.
  if (cells.some((cell) => widthOf(cell) + margin > width)) {
    cells = table(nics.map((nic) => [nic.ip === null ? nic.id : ipOf(nic), verdict(nic)]));
  }
  const shown = nics.length <= room ? nics.length : Math.max(0, room - 1);
  const lines = nics
    .slice(0, shown)
    .map((nic, i) => colorOf(nic, running, c)(cut(`  ${cells[i] ?? ''}`, width)));
  return shown === nics.length
    ? lines
    : [...lines, c.dim(cut(`  and ${plural(nics.length - shown, 'more NIC')}`, width))];
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
