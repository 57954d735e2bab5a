/** The report for the operator: the verdict first, then the NICs, the evidence, and the next steps. No IO. */
import type { Asker, NicOutcome, NicRow, RestoreGrade, ResultDocument } from '../../contract';
import { FAILURE_TYPE, formatDuration } from '../../contract';
import type { RunKind } from './asked';
import type { Beside } from './beside';
import { beforeText, NOTHING_BESIDE } from './beside';
import { differenceLines } from './field-differences';
import type { Ending, OpenSubmission } from '../../client/ending';
import { countsOf } from '../../client/ending';
import { clean, fitted, plural, widthOf } from '../format';
import { EXIT, exitCodeInWindow } from '../exit-codes';
import type { RunRef } from '../link';
import type { Step } from './lines';
import { fact, indent, runLines, stepLines } from './lines';
import type { Colors, ReportPage } from '../output';
import { colorOf } from './progress';
import type { SilentRun, Why } from '../../client/silent';
import type { Whereabouts } from '../../client/explain/silence';
import { pollersText, reasonText, waysOut } from '../../client/explain/silence';
import {
  GRADE_MEANS,
  agoText,
  askerText,
  countsText,
  decisionText,
  ipOf,
  isInWindow,
  isLeftAlone,
  isNeverSeen,
  jobText,
  messageOf,
  pendingText,
  phaseText,
  replacedText,
  serverOf,
  tookText,
  undoText,
  untilNextLook,
  utcText,
  verdictOf,
  witnessesText,
} from './wording';
import { waitingOf } from './waiting';

/** Report of a run that has ended. `run: null`: the run's ids are printed directly above. */
export function endReport(
  ending: Ending,
  run: RunRef | null,
  steps: Step[],
  page: ReportPage,
  kind: RunKind = 'delete',
  asker: Asker | null = null,
  beside = NOTHING_BESIDE,
): string[] {
  const { document } = ending;
  const before = beforeText(beside.before);
  return [
    '',
    headline(ending, page.colors, kind, beside),
    ...(document === null ? [] : [`  ${serverOf(document)}`]),
    ...(before === null ? [] : indent(before, page, '  ')),
    ...reasonLines(ending, page),
    ...(document === null
      ? totalsLines(ending, page, kind)
      : bodyLines(beside.takenOffBy === null ? document : withoutDoubts(document), page, kind)),
    ...(document === null ? askerLines(asker, page) : []),
    ...(run === null ? [] : runLines(run)),
    ...stepLines(steps, page),
  ];
}

/** State of a run that continues. `run: null`: the run's ids are printed directly above. */
export function openReport(
  document: ResultDocument,
  run: RunRef | null,
  steps: Step[],
  page: ReportPage,
): string[] {
  return [
    '',
    ...(isInWindow(document)
      ? windowHeadline(document, page)
      : [page.colors.bold(`${document.outcome} · ${phaseText(document)}`)]),
    `  ${serverOf(document)}`,
    ...bodyLines(document, page, 'delete'),
    ...(run === null ? [] : runLines(run)),
    ...stepLines(steps, page),
  ];
}

/** The verdicts stand, but an undo can still change the result. */
function windowHeadline(document: ResultDocument, page: ReportPage): string[] {
  const { colors: c } = page;
  const color = exitCodeInWindow(document) === EXIT.done ? c.green : c.red;
  const verdict = `${document.outcome}: ${totalsText(document)}`;
  const until = undoText(document, page.now) ?? 'undo possible';
  const line = `${verdict} · ${until}`;
  const lines = widthOf(line) < page.columns ? [line] : [verdict, `  ${until}`];
  return [
    ...lines.map((text) => c.bold(color(text))),
    '  then ports that are kept only for that are deleted',
  ];
}

/** State of a run that does not answer. */
export function silentReport(
  silent: SilentRun,
  run: RunRef & Whereabouts,
  steps: Step[],
  page: ReportPage,
  asker: Asker | null = null,
): string[] {
  const { phase, open, pollers } = silent;
  const facts: [string, string][] = [
    ['started', `${utcText(silent.startedAt)} (${agoText(silent.startedAt, page.now)})`],
  ];
  if (pollers.length > 0) facts.push(['worker', pollersText(pollers)]);
  // The list of pending activities says the same about them, and more.
  for (const reason of silent.reasons)
    if (reason.kind !== 'activity-fails') facts.push(['why', reasonText(reason)]);
  for (const activity of silent.pendingActivities) facts.push(['pending', pendingText(activity, page.now)]);
  return [
    '',
    page.colors.bold('running · no answer'),
    `  ${silent.serverId}`,
    '',
    ...(phase === null ? [] : fact('phase', `${clean(phase)}, as the run published it last`, page)),
    ...facts.flatMap(([name, text]) => fact(name, text, page)),
    ...askerLines(asker, page),
    ...(open === null ? [] : sentLines(open, page)),
    ...runLines(run),
    ...whyLines(silent, run, page),
    ...stepLines(steps, page),
  ];
}

/** The ways out of what blocks a run. */
export function whyLines(why: Why | null, run: Whereabouts, page: ReportPage): string[] {
  return why === null ? [] : stepLines(waysOut(why, run, run.namespace), page);
}

/** For a request to an open run. */
export function noticeLines(
  title: string,
  meaning: string,
  run: RunRef,
  steps: Step[],
  page: ReportPage,
): string[] {
  return [title, ...indent(meaning, page, '  '), ...runLines(run), ...stepLines(steps, page)];
}

export function headline(
  ending: Ending,
  c: Colors,
  kind: RunKind = 'delete',
  beside = NOTHING_BESIDE,
): string {
  const { document } = ending;
  const counts = document === null || document.nics.length === 0 ? '' : `: ${totalsText(document)}`;
  switch (ending.kind) {
    case 'completed':
      if (isUnclouded(document) && beside.before === null)
        return c.bold(c.green(`✔ ${completedText(document, counts, kind, beside)}`));
      return c.bold(
        c.yellow(`! ${completedText(document, counts, kind, beside)}${neverSeenText(document, beside)}`),
      );
    case 'failed':
      return c.bold(c.red(`✘ ${document?.outcome ?? ending.type}${counts}`));
    case 'cancelled':
      return c.bold(c.yellow(`■ cancelled${counts}`));
    case 'ended-from-outside': {
      const how = ending.type === 'Terminated' ? 'was terminated' : 'timed out';
      return c.bold(c.red(`✘ the run ${how}: its outcome was not observed`));
    }
  }
}

function totalsText(document: ResultDocument): string {
  const counts = countsOf(document);
  const all = counts[document.outcome as NicOutcome] === document.nics.length;
  return all ? plural(document.nics.length, 'NIC') : countsText(counts);
}

/** The document holds nothing that contradicts what the operator may have intended. */
function isUnclouded(document: ResultDocument | null): boolean {
  return document === null || !document.nics.some((nic) => isNeverSeen(nic, document) || isLeftAlone(nic));
}

function neverSeenText(document: ResultDocument | null, { takenOffBy }: Beside): string {
  const count = document?.nics.filter((nic) => isNeverSeen(nic, document)).length ?? 0;
  if (document === null || count === 0) return '';
  if (count === document.nics.length && document.outcome === 'nothing-to-do') return '';
  return takenOffBy === null
    ? `; of ${plural(count, 'NIC')} there is no such port`
    : `; for ${plural(count, 'NIC')} an earlier run has asked the cloud before`;
}

const NOTHING_TO_DO = {
  restore: 'nothing to do: the NICs are in their places',
  release: 'nothing to do: the ports were gone before',
};

/** A free port may have been on any server, or on none. */
function nothingToDeleteText(document: ResultDocument, { takenOffBy }: Beside): string {
  const { nics } = document;
  if (nics.length > 0 && nics.every((nic) => isNeverSeen(nic, document)))
    return takenOffBy === null
      ? 'nothing was deleted: there is no such port; check the id'
      : `nothing to do: run ${takenOffBy} has asked the cloud for it before`;
  const isFree = ({ snapshot, evidence }: NicRow) => snapshot === null && evidence.port === 'free';
  return nics.some(isFree)
    ? 'nothing was deleted: not on this server, and perhaps never; ports that are on no server stay'
    : 'nothing to do: the NICs were gone before';
}

function completedText(
  document: ResultDocument | null,
  counts: string,
  kind: RunKind,
  beside: Beside,
): string {
  if (document === null) return 'completed';
  const words: Record<string, string> = {
    planned: 'dry run: nothing was changed',
    'nothing-to-do': kind !== 'delete' ? NOTHING_TO_DO[kind] : nothingToDeleteText(document, beside),
  };
  return words[document.outcome] ?? `${document.outcome}${counts}`;
}

function reasonLines(ending: Ending, page: ReportPage): string[] {
  if (ending.kind !== 'failed' && ending.kind !== 'ended-from-outside') return [];
  // These messages repeat what the rows of the NICs below say.
  const inRows = ending.type === FAILURE_TYPE.notDeleted || ending.type === FAILURE_TYPE.outcomeUnknown;
  return ending.message === '' || (inRows && ending.document !== null)
    ? []
    : indent(inFlagWords(ending.message), page, '  ');
}

/** The run names a permission as its request does. */
function inFlagWords(message: string): string {
  return message.replace(/\ballowElasticIp\b/g, '--allow-elastic-ip');
}

function totalsLines(ending: Ending, page: ReportPage, kind: RunKind): string[] {
  if (ending.kind === 'ended-from-outside' && ending.open !== null) {
    const text =
      kind !== 'restore'
        ? `A deletion was under way (since ${sinceText(ending.open)}); the cloud may still take these NICs:`
        : `A restore was under way (since ${sinceText(ending.open)}); the cloud may still be working on these NICs:`;
    return ['', ...indent(text, page, '  '), ...submissionLines(ending.open), ''];
  }
  if (ending.kind !== 'cancelled') return [''];
  const text = countsText(ending.counts ?? {});
  return [
    '',
    `  ${text === '' ? 'the run left no totals' : `NICs: ${text}`} (no worker could show the rows)`,
  ];
}

function sentLines(open: OpenSubmission, page: ReportPage): string[] {
  return [...fact('sent', `${sinceText(open)}; there is no verdict yet on`, page), ...submissionLines(open)];
}

function sinceText({ since }: OpenSubmission): string {
  return since === null ? 'an unknown time' : utcText(since);
}

function submissionLines({ nics, jobId }: OpenSubmission): string[] {
  const job = jobId === null ? 'its job id is not known' : `job ${clean(jobId)}`;
  return [...nics.map((id) => `    ${clean(id)}`), `    (${job})`];
}

/** Where it is known what became of a port nobody has to check its id. */
function withoutDoubts(document: ResultDocument): ResultDocument {
  const warnings = document.warnings.filter(
    (warning) => !document.nics.some(({ id }) => warning.startsWith(`NIC ${id}: no such port`)),
  );
  return { ...document, warnings };
}

function bodyLines(document: ResultDocument, page: ReportPage, kind: RunKind): string[] {
  return ['', ...nicTable(document, page, kind), '', ...factLines(document, page)];
}

export function nicTable(document: ResultDocument, page: ReportPage, kind: RunKind): string[] {
  const running = document.outcome === 'running';
  const { nics } = document;
  if (nics.length === 0) return indent(noRowsText(document), page, '  ');
  const planned = document.outcome === 'planned';
  const header = planned ? ['NIC', 'IP', 'OUTCOME', 'WAY BACK'] : ['NIC', 'IP', 'OUTCOME'];
  const rows = nics.map((nic) =>
    planned ? planRow(nic, kind) : [nic.id, ipOf(nic), verdictOf(nic, running)],
  );
  const { head, body } = fitted(header, rows, page.columns - 3);
  const lines = head === null ? [] : [page.colors.dim(`  ${head}`)];
  nics.forEach((nic, i) => {
    lines.push(...(body[i] ?? []).map((line) => `  ${colorOf(nic, running, page.colors)(line)}`));
    const messages = [replacedText(nic), messageOf(nic), ...differenceLines(nic)];
    if (planned && kind !== 'restore' && nic.elasticIp !== null)
      messages.unshift(`carries the elastic IP ${nic.elasticIp}`);
    if (page.witnesses === true && !planned) messages.push(witnessesText(nic));
    for (const message of messages) if (message !== '') lines.push(...indent(message, page, '      '));
  });
  if (planned && kind === 'delete') lines.push(...legendLines(nics, page));
  return lines;
}

/** No row does not mean no NIC: of `all` the first inspection makes the rows. */
function noRowsText({ outcome }: ResultDocument): string {
  if (outcome === 'running') return 'which NICs is not known yet: the first look at the server tells';
  return outcome === 'planned' || outcome === 'nothing-to-do'
    ? 'no NICs but the primary one'
    : 'which NICs was never established';
}

/** What the words of the column `WAY BACK` mean, as far as they occur. */
function legendLines(nics: readonly NicRow[], page: ReportPage): string[] {
  const found = new Set(nics.filter(({ outcome }) => outcome === 'untouched').map(({ restore }) => restore));
  const grades = (Object.keys(GRADE_MEANS) as RestoreGrade[]).filter((grade) => found.has(grade));
  if (grades.length === 0) return [];
  const lines = grades.flatMap((grade) => indent(`${grade}: ${GRADE_MEANS[grade]}`, page, '    '));
  return ['', '  Way back:', ...lines].map(page.colors.dim);
}

/** In a plan the outcome says little. What would happen to the NIC, and how well it could be put back, matters more. */
function planRow(nic: NicRow, kind: RunKind): string[] {
  if (nic.outcome !== 'untouched') return [nic.id, ipOf(nic), nic.outcome, ''];
  const fates = {
    delete: 'would go',
    restore: nic.restore === 'no' ? 'stays off' : 'would return',
    // Left: its message says why.
    release: nic.message === null ? 'would go' : 'would stay',
  };
  const fate = fates[kind];
  return [nic.id, ipOf(nic), fate, nic.restore];
}

function askerLines(asker: Partial<Asker> | null, page: ReportPage): string[] {
  const text = askerText(asker);
  return text === '' ? [] : fact('asked by', text, page);
}

function factLines(document: ResultDocument, page: ReportPage): string[] {
  const facts: [string, string][] = document.jobs.map((job) => ['job', jobText(job)]);
  const unaccounted = document.submissions - document.jobs.length;
  if (unaccounted > 0) facts.push(['sent', `${plural(unaccounted, 'submission')} of unknown fate`]);
  const took = tookText(document);
  if (took !== null) facts.push(['took', took]);
  const next = untilNextLook(document, page.now);
  if (document.outcome === 'running' && next !== null) {
    facts.push([
      'next',
      next === 0 ? 'looking at the cloud now' : `look at the cloud in ${formatDuration(next)}`,
    ]);
  }
  const waiting = waitingOf(document, page.now);
  if (waiting !== null && !isInWindow(document)) {
    facts.push(['waits for', waiting.for]);
    if (waiting.until !== null) facts.push(['at most', `until ${waiting.until}`]);
    facts.push(['you can', waiting.can]);
  }

  // In an open undo window this text is the headline already.
  const undo = isInWindow(document) || document.endedAt !== null ? null : undoText(document, page.now);
  if (undo !== null) facts.push(['undo', undo.replace(/^undo /, '')]);
  if (document.decision) facts.push(['decision', decisionText(document.decision, page.now)]);
  const lines = [...facts.flatMap(([name, text]) => fact(name, text, page)), ...askerLines(document, page)];
  return [...lines, ...warningLines(document, page)];
}

export function warningLines(document: ResultDocument, page: ReportPage): string[] {
  return document.warnings
    .flatMap((warning) => fact('warning', warning, page))
    .map((line) => page.colors.yellow(line));
}
