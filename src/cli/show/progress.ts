/** The display while the starter waits: a block redrawn in place on a terminal, otherwise one plain line per change. */
import type { NicRow, ResultDocument } from '../../contract';
import { formatDuration } from '../../contract';
import type { Whereabouts } from '../../client/explain/silence';
import { mainReason, pollersText, waitingText } from '../../client/explain/silence';
import type { FollowState, View } from '../../client/follow';
import { clean, cut, plural, table, widthOf } from '../format';
import { asTyped } from '../invocation';
import type { Colors, Output } from '../output';
import { uncolored } from '../output';
import { waitingOf } from './waiting';
import {
  ipOf,
  isInWindow,
  isLeftAlone,
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
/** Rows of a terminal that has room for more than the NICs. */
const ROOMY = 12;

export interface ProgressView<D = ResultDocument> extends View<D> {
  /** Removes the block from the terminal. */
  end(): void;
}

/** @param run identifies the run in the commands that the display suggests */
export function progressView(output: Output, startedAt: number, run: Whereabouts): ProgressView {
  if (output.isMuted) return new TroubleView(output, run);
  return output.live ? new LiveView(output, startedAt, run, progressLines) : new PlainView(output, run);
}

/** Prints each change once. */
export class PlainView implements ProgressView {
  private said = new Set<string>();
  private phase: string | null = null;
  private readonly trouble: TroubleLines;

  constructor(
    private readonly output: { say(line: string): void },
    run: Whereabouts,
  ) {
    this.trouble = new TroubleLines(output, run);
  }

  show(state: FollowState): void {
    const { document, trouble } = state;
    if (document !== null) {
      const phase = phaseText(document);
      if (phase !== this.phase) {
        this.phase = phase;
        this.output.say(`phase: ${phase}`);
        // A phase that comes again is waited for as before.
        if (!this.said.has(phase)) for (const line of waitingLines(document)) this.output.say(line);
        this.said.add(phase);
      }
      for (const line of changeLines(document)) this.once(line);
    }
    const pollers = waitingPollers(state);
    if (pollers !== '') this.once(pollers);
    this.trouble.show(trouble);
  }

  end(): void {}

  private once(line: string): void {
    if (this.said.has(line)) return;
    this.said.add(line);
    this.output.say(line);
  }
}

/** Prints what blocks a run, once for each trouble. */
export class TroubleLines {
  private said: string | null = null;

  constructor(
    private readonly output: { say(line: string): void },
    private readonly run: Whereabouts,
  ) {}

  show(trouble: FollowState['trouble']): void {
    // A longer duration of the same trouble is no change.
    const what = trouble === null ? null : troubleKey(trouble, this.run);
    if (trouble !== null && what !== this.said)
      for (const line of troubleLines(trouble, this.run)) this.output.say(line);
    this.said = what;
  }
}

/** Shows nothing but what blocks a run. */
export class TroubleView<D> implements ProgressView<D> {
  private readonly lines: TroubleLines;

  constructor(output: Pick<Output, 'warn'>, run: Whereabouts) {
    this.lines = new TroubleLines({ say: (line) => output.warn(line) }, run);
  }

  show({ trouble }: FollowState<D>): void {
    this.lines.show(trouble);
  }

  end(): void {}
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

/** In the undo window the phase itself says all. */
function waitingLines(document: ResultDocument): string[] {
  const waiting = isInWindow(document) ? null : waitingOf(document, Date.now());
  if (waiting === null || document.phase === 'inspecting' || document.phase === 'submitting') return [];
  const { until, can } = waiting;
  const missing = document.waitingFor ? [] : [`  waits for ${waiting.for}`];
  return [...missing, ...(until === null ? [] : [`  at most until ${until}`]), `  you can: ${can}`];
}

type Trouble = NonNullable<FollowState['trouble']>;

function troubleKey(trouble: Trouble, run: Whereabouts): string {
  if (trouble.kind === 'lost') return 'lost';
  // Neither is the time since a worker was last seen.
  const { kind } = mainReason(trouble.why);
  return kind === 'no-answer' ? kind : waitingText(trouble.why, run, run.namespace).join();
}

/** The fact comes first. People who read lines also get what helps. */
export function troubleLines(trouble: Trouble, run: Whereabouts): string[] {
  const { forMs, limitMs } = trouble;
  const ends = limitMs === null ? '' : `; waiting ends after ${formatDuration(limitMs)}`;
  const limit = `(for ${formatDuration(forMs)}${ends})`;
  if (trouble.kind === 'lost') return [`Temporal does not answer ${limit}: ${clean(trouble.why)}`];
  const [fact = '', ...more] = waitingText(trouble.why, run, run.namespace);
  return [`${fact} ${limit}`, ...more];
}

/** The workers that poll, when a run says that it waits for another worker. */
function waitingPollers({ document, pollers }: FollowState): string {
  return /\bworkers?\b/i.test(document?.waitingFor ?? '') ? pollersText(pollers) : '';
}

/** @typeParam D the document of the run */
export class LiveView<D> implements ProgressView<D> {
  private state: FollowState<D> = { document: null, trouble: null, pollers: [] };
  /** Widths of the lines that are on the screen. */
  private drawn: number[] = [];
  private frame = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly output: Output,
    private readonly startedAt: number,
    private readonly run: Whereabouts,
    /** The block, each line of it shorter than the terminal is wide. */
    private readonly block: (state: FollowState<D>, frame: Frame) => string[],
  ) {
    this.draw();
    // The countdown continues between two answers of the run.
    this.timer = setInterval(() => this.draw(), FRAME_MS);
  }

  show(state: FollowState<D>): void {
    this.state = state;
    this.draw();
  }

  end(): void {
    clearInterval(this.timer);
    this.output.redraw(this.erase(), []);
    this.drawn = [];
  }

  private draw(): void {
    const { columns = 80, rows = 24 } = this.output.notes;
    const spinner = SPINNER[this.frame++ % SPINNER.length] ?? '';
    const lines = this.block(this.state, {
      now: Date.now(),
      startedAt: this.startedAt,
      run: this.run,
      columns,
      // A block higher than the screen cannot be erased again.
      rows: rows - 1,
      spinner,
      colors: this.output.colors,
    });
    this.output.redraw(this.erase(), lines);
    this.drawn = lines.map((line) => widthOf(uncolored(line)));
  }

  private erase(): string {
    const { columns = 80 } = this.output.notes;
    // A terminal that was made narrower has wrapped the lines on it.
    const height = this.drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    return height === 0 ? '' : `\u001b[${height}A\r\u001b[J`;
  }
}

export interface Frame {
  now: number;
  startedAt: number;
  run: Whereabouts;
  columns: number;
  rows: number;
  spinner: string;
  colors: Colors;
}

/** The block. Every line is shorter than the terminal is wide, because a wrapped line could not be erased. */
export function progressLines(state: FollowState, frame: Frame): string[] {
  const { colors: c } = frame;
  const width = Math.max(10, frame.columns - 1);
  const fit = (text: string) => cut(text, width);
  const { document, trouble } = state;
  const head = [c.bold(fit(headText(document, frame)))];
  const job = document === null ? '' : jobLine(document, frame.now);
  if (job !== '') head.push(fit(`  ${job}`));
  const waiting = document === null || isInWindow(document) ? null : waitingOf(document, frame.now);
  // What does not fit here stands in `status`.
  if (waiting !== null && frame.rows > ROOMY) {
    if (document?.phase === 'verifying') head.push(fit(`  waits for ${waiting.for}`));
    if (waiting.until !== null) head.push(c.dim(fit(`  at most until ${waiting.until.replace(/;.*/, '')}`)));
    if (document?.waitingFor) head.push(c.dim(fit(`  you can: ${asTyped(waiting.can)}`)));
  }
  const foot = (document?.warnings ?? [])
    .slice(-MAX_WARNINGS)
    .map((warning) => c.yellow(fit(`  ! ${clean(warning)}`)));
  const pollers = waitingPollers(state);
  if (pollers !== '') foot.push(c.dim(fit(`    ${pollers}`)));
  if (trouble !== null)
    foot.push(
      ...troubleLines(trouble, frame.run).map((line, i) => c.yellow(fit(`  ${i === 0 ? '!' : ' '} ${line}`))),
    );
  foot.push(c.dim(fit('  Ctrl-C stops watching; the run goes on')));
  const room = frame.rows - head.length - foot.length;
  const unknown = document?.outcome === 'running' && document.nics.length === 0;
  const rows = unknown
    ? [c.dim(fit('  which NICs is not known yet'))]
    : document === null
      ? []
      : nicLines(document, width, room, c);
  const lines = [...head, ...rows, ...foot];
  return lines.slice(0, Math.max(1, frame.rows));
}

function headText(document: ResultDocument | null, frame: Frame): string {
  const words = [formatDuration(Math.max(1_000, frame.now - frame.startedAt))];
  if (document === null) words.push('waiting for the first answer of the run');
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
  // The id of a job is long. The parts that change come first, so that a narrow terminal cuts the id.
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
  // A cut id is useless, the address is not. The report at the end has both.
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
      return isLeftAlone(nic) ? c.yellow : c.green;
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
