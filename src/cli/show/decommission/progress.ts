/** The display while a decommission run is followed: one screen, redrawn in place; without a terminal a line a change. */
import type { DecommissionStatus } from '../../../contract';
import { formatDuration } from '../../../contract';
import type { FollowState } from '../../../client/follow';
import { clean, cut, plural } from '../../format';
import type { Output } from '../../output';
import type { Frame, ProgressView } from '../progress';
import { LiveView, TroubleLines, TroubleView, troubleLines } from '../progress';
import type { Whereabouts } from '../../../client/explain/silence';
import { countsText } from '../wording';
import { headText, reasonTextOf, statusLines } from './status';
import { COMMAND_OF } from './steps';

type State = FollowState<DecommissionStatus>;

export function decommissionView(
  output: Output,
  startedAt: number,
  run: Whereabouts,
): ProgressView<DecommissionStatus> {
  if (output.isMuted) return new TroubleView(output, run);
  return output.live ? new LiveView(output, startedAt, run, screenLines) : new PlainDecommission(output, run);
}

/** Prints each change once. Counts change with every server of ten thousand, so they are told at every tenth of a wave. */
export class PlainDecommission implements ProgressView<DecommissionStatus> {
  private said = '';
  private readonly failures = new Set<string>();
  private readonly controls = new Set<string>();
  private readonly trouble: TroubleLines;

  constructor(
    private readonly output: { say(line: string): void },
    run: Whereabouts,
  ) {
    this.trouble = new TroubleLines(output, run);
  }

  show({ document, trouble }: State): void {
    if (document !== null) this.changes(document);
    this.trouble.show(trouble);
  }

  end(): void {}

  private changes(status: DecommissionStatus): void {
    for (const { what, by, reason, at } of status.controls) {
      if (this.controls.has(at + what)) continue;
      this.controls.add(at + what);
      this.output.say(`order: ${clean(what)} by ${clean(by)}: ${clean(reason)}`);
    }
    for (const { serverId, errorCode, message } of status.failures) {
      if (this.failures.has(serverId)) continue;
      this.failures.add(serverId);
      this.output.say(`failed: ${serverId}: ${clean([errorCode, message].filter(Boolean).join(': '))}`);
    }
    const line = stateLine(status);
    if (line.key === this.said) return;
    this.said = line.key;
    this.output.say(line.text);
  }
}

/** `key`: equal for states that need no line of their own. */
function stateLine(status: DecommissionStatus): { key: string; text: string } {
  const { phase, wave, progress, counts } = status;
  const tenth = (done: number, of: number) => (of === 0 ? 10 : Math.floor((10 * done) / of));
  const reason = reasonTextOf(status);
  const why = reason === null ? '' : `: ${reason}`;
  const head = `phase: ${phase}${why}`;
  if (phase === 'planning' && progress.listed > 0) {
    const { inspected, listed } = progress;
    return {
      key: `${head} ${tenth(inspected, listed)}`,
      text: `${head}, ${inspected} of ${listed} inspected`,
    };
  }
  if (phase === 'undoing' && status.back !== null) {
    const { done, of } = status.back;
    return { key: `${head} ${tenth(done, of)}`, text: `${head}, ${done} of ${of} servers put back` };
  }
  if (phase === 'planned' || wave === null) return { key: head, text: head };
  const where = `wave ${wave.number} of ${wave.of}`;
  const text = `${head}, ${where}, ${wave.done} of ${wave.size} done${countsText(counts) === '' ? '' : ` (${countsText(counts)})`}`;
  return { key: `${head} ${where} ${tenth(wave.done, wave.size)}`, text };
}

/** The screen. Every line is shorter than the terminal is wide. */
export function screenLines({ document, trouble }: State, frame: Frame): string[] {
  const { colors: c, columns, now, spinner } = frame;
  const width = Math.max(10, columns - 1);
  const fit = (text: string) => cut(text, width);
  const age = formatDuration(Math.max(1_000, now - frame.startedAt));
  const head = document === null ? 'waiting for the first answer of the run' : headText(document);
  const foot: string[] = [];
  if (trouble !== null)
    foot.push(
      ...troubleLines(trouble, frame.run).map((line, i) => c.yellow(fit(`  ${i === 0 ? '!' : ' '} ${line}`))),
    );
  if (document !== null) {
    const can = document.next.flatMap((what) => COMMAND_OF[what as keyof typeof COMMAND_OF] ?? []);
    if (can.length > 0) foot.push(c.dim(fit(`  now: ${can.join(', ')} (decommission … ${document.run})`)));
    if (document.excluded > 0 && document.digest === null)
      foot.push(c.dim(fit(`  ${plural(document.excluded, 'server')} left alone`)));
  }
  foot.push(c.dim(fit('  Ctrl-C stops watching; the run goes on')));
  // Whole lines are coloured, and cut before: a cut within a colour would leave it on.
  const body =
    document === null ? [] : statusLines(document, { colors: PLAIN, columns: width, now }).map(fit);
  const room = Math.max(0, frame.rows - 1 - foot.length);
  return [c.bold(fit(`${spinner} ${age} · ${head}`)), ...body.slice(0, room), ...foot].slice(
    0,
    Math.max(1, frame.rows),
  );
}

const same = (text: string) => text;
const PLAIN = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };
