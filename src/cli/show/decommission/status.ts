/** The state of a decommission run for people: the same lines in `status`, in answers, and in the live view. No IO. */
import type { DecommissionPhase, DecommissionStatus } from '../../../contract';
import { bar } from '../../../contract/text';
import { formatDuration } from '../../../contract';
import { clean, plural } from '../../format';
import type { Colors, ReportPage } from '../../output';
import { fact } from '../lines';
import { agoText, countsText, utcText } from '../wording';

const TITLE: Record<DecommissionPhase, string> = {
  loading: 'the list is being loaded; nothing is touched',
  planning: 'looking at every server; nothing is touched',
  planned: 'the plan waits for an approval; nothing is touched',
  running: 'deleting',
  paused: 'starts nothing more until resume',
  stopped: 'starts nothing more: too many servers have failed',
  'undo-window': 'all waves are over; the ports are kept for now',
  committing: 'deleting the kept ports',
  undoing: 'putting servers back',
  done: 'done',
};

/** After `abort`, which can't be taken back; an `undo` goes further. */
const ABORTED: Partial<Record<DecommissionPhase, string>> = {
  running: 'aborted: what is under way ends, and nothing more is started',
  'undo-window': 'aborted: the other servers stay as they are; the ports are kept for now',
  committing: 'aborted: deleting the kept ports',
};

/** Waves before and behind the present one that have a line of their own. */
const WAVES_AROUND = 2;
const BAR = 24;
const MOST_FAILURES = 5;

/** `cleanup · paused · starts nothing more until resume`. */
export function headText(status: DecommissionStatus): string {
  const { run, phase, outcome, controls, undone } = status;
  if (phase === 'done') return `${run} · ${outcome ?? phase}`;
  const isAborted = !undone && controls.some(({ what }) => what === 'abort');
  return [run, phase, (isAborted ? ABORTED[phase] : undefined) ?? TITLE[phase]].join(' · ');
}

/** Why it stands as it does, and by whom. */
export function reasonTextOf({ reason, by }: DecommissionStatus): string | null {
  return reason === null ? null : `${clean(reason)}${by === null ? '' : ` (${clean(by)})`}`;
}

/** Everything below the headline. */
export function statusLines(status: DecommissionStatus, page: ReportPage): string[] {
  const { phase, progress, digest } = status;
  const reason = reasonTextOf(status);
  const lines = reason === null ? [] : fact('why', reason, page);
  if (phase === 'loading') lines.push(...fact('loaded', plural(progress.listed, 'server'), page));
  if (digest === null && progress.listed > 0 && phase !== 'loading')
    lines.push(`  ${'inspected'.padEnd(12)}${bar(progress.inspected, progress.listed, BAR)}`);
  if (digest !== null) lines.push(...planFacts(status, page));
  lines.push(...waveLines(status, page.colors), ...runningFacts(status, page), ...failureLines(status, page));
  const last = status.controls.at(-1);
  if (last !== undefined)
    lines.push(
      ...fact(
        'last order',
        `${clean(last.what)} by ${clean(last.by)}, ${agoText(last.at, page.now)}: ${clean(last.reason)}`,
        page,
      ),
    );
  return lines;
}

function planFacts(
  { servers, nics, excluded, digest, expires, waves, wave }: DecommissionStatus,
  page: ReportPage,
): string[] {
  const left = excluded === 0 ? '' : `; ${plural(excluded, 'server')} left alone`;
  return [
    ...fact('plan', `${plural(servers, 'server')}, ${plural(nics, 'NIC')}${left}`, page),
    ...fact('digest', digest ?? '', page),
    ...(wave === null && waves.length > 0 ? fact('waves', waves.join(', '), page) : []),
    ...(expires === null ? [] : fact('expires', utcText(expires), page)),
  ];
}

function waveLines({ wave, waves, phase }: DecommissionStatus, c: Colors): string[] {
  if (wave === null) return [];
  const line = (name: string, done: number, of: number) => `  ${name.padEnd(12)}${bar(done, of, BAR)}`;
  const sizeOf = (n: number) => (waves[n - 1] ?? 0) - (waves[n - 2] ?? 0);
  const from = Math.max(1, wave.number - WAVES_AROUND);
  const to = Math.min(waves.length, wave.number + WAVES_AROUND);
  const lines = from > 1 ? [c.dim(`  ${'waves'.padEnd(12)}1 to ${from - 1} are done`)] : [];
  for (let n = from; n <= to; n++) {
    const done = n < wave.number ? sizeOf(n) : n === wave.number ? wave.done : 0;
    const color = n === wave.number && phase !== 'done' ? c.bold : n < wave.number ? c.green : c.dim;
    lines.push(color(line(`wave ${n}`, done, sizeOf(n))));
  }
  if (to < waves.length) lines.push(c.dim(`  ${'waves'.padEnd(12)}${to + 1} to ${waves.length} come later`));
  return lines;
}

function runningFacts(status: DecommissionStatus, page: ReportPage): string[] {
  const {
    counts,
    inFlight,
    effectiveConcurrency,
    failed,
    maxErrors,
    mayStillFail,
    wave,
    ratePerMinute,
    eta,
  } = status;
  const isOver = status.phase === 'done';
  const atRest = countsText(counts);
  const lines = atRest === '' ? [] : fact('servers', atRest, page);
  if (wave === null) return lines;
  if (!isOver)
    lines.push(
      ...fact(
        'under way',
        status.phase === 'running' || status.phase === 'undoing'
          ? `${inFlight} of at most ${effectiveConcurrency}`
          : String(inFlight),
        page,
      ),
    );
  const most =
    isOver || mayStillFail === 0 || status.undone
      ? ''
      : `; at most ${mayStillFail} more can fail before it stops`;
  if (status.back !== null)
    lines.push(`  ${'put back'.padEnd(12)}${bar(status.back.done, status.back.of, BAR)}`);
  const failing = fact('failed', `${failed}, tolerated ${maxErrors ?? 0}${most}`, page);
  lines.push(...(failed > 0 ? failing.map(page.colors.red) : failing));
  // A run that starts nothing has no pace, whatever it was a minute ago.
  if (ratePerMinute !== null && status.phase === 'running')
    lines.push(
      ...fact(
        'pace',
        `${ratePerMinute} servers a minute${eta === null ? '' : `; end about ${utcText(eta)}`}`,
        page,
      ),
    );
  if (status.undoUntil !== null)
    lines.push(
      ...fact('window', `until ${utcText(status.undoUntil)}, then the kept ports are deleted`, page),
    );
  if (status.endedAt !== null)
    lines.push(
      ...fact('took', formatDuration(Date.parse(status.endedAt) - Date.parse(status.startedAt)), page),
    );
  return lines;
}

function failureLines({ failures }: DecommissionStatus, page: ReportPage): string[] {
  const { colors: c } = page;
  const lines = failures
    .slice(0, MOST_FAILURES)
    .flatMap(({ serverId, errorCode, message }) =>
      fact('', `${serverId} ${[errorCode, message].filter(Boolean).join(': ')}`, page),
    );
  const more = failures.length - MOST_FAILURES;
  if (more > 0) lines.push(...fact('', `and ${more} more`, page));
  return lines.map(c.red);
}
