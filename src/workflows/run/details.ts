/**
 * The operator's page and the labels of timers and activities, built by pure functions from the document, so that page
 * and document always agree. The server bounds no text and the UI renders raw HTML (SECURITY.md), so these functions
 * bound and escape.
 */
import { formatDuration, formatTime } from '../../contract/duration';
import { TO_FILL_IN } from '../../contract/placeholders';
import { bounded, clean, cleanCode, escapeMarkdown } from '../../contract/text';
import type { JobRow, NicRow, Phase, ResultDocument } from '../../contract/types';

/** The timeline cuts labels at 120 characters and hides the start of long ones. Up to 80 characters stay readable. */
const LABEL_MAX = 80;
const TEXT_MAX = 300;

/** The label of a timer or an activity: one line, with the fact first. */
export function label(text: string): string {
  return bounded(plain(text), LABEL_MAX);
}

/** Text from outside, on one line and bounded. */
export function plain(text: string): string {
  return bounded(clean(text), TEXT_MAX);
}

/** The same, for Markdown that is rendered to HTML. */
export function escaped(text: string): string {
  return escapeMarkdown(plain(text));
}

/** `2 NICs`, `1 NIC`. */
export function nics(count: number): string {
  return count === 1 ? '1 NIC' : `${count} NICs`;
}

/** The server's name, or its id if the name is not known. */
export function serverLabel(document: ResultDocument): string {
  return document.serverName ?? document.serverId;
}

/** A headline in bold with a list below it; nothing without items. */
export function section(headline: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : ['', headline, '', ...items.map((item) => `- ${item}`)];
}

/** Status of a job and seconds since its submission: `RUNNING 14 s`. */
export function jobAge(job: JobRow, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(job.submittedAt)) / 1_000));
  return `${job.status} ${seconds === 0 ? '0 s' : formatDuration(seconds * 1_000)}`;
}

/** Label of the activity that makes a reading: which reading, of which server. */
export function readingLabel(look: number, document: ResultDocument, open: number): string {
  return label(`${ordinal(look)} reading of ${serverLabel(document)}: ${nics(open)} without verdict`);
}

/** `1st`, `22nd`, but `11th` to `13th`. */
function ordinal(n: number): string {
  const isTeen = Math.floor(n / 10) % 10 === 1;
  return n + (isTeen ? 'th' : (['st', 'nd', 'rd'][(n % 10) - 1] ?? 'th'));
}

const PHASE_TEXT: Record<Phase, string> = {
  inspecting: 'Looking at the server; nothing changed yet',
  waiting: 'Waiting; nothing is being sent',
  submitting: 'Asking the cloud to delete',
  polling: 'The cloud is working on it',
  verifying: 'Checking what really happened',
  restoring: 'Putting NICs back',
  'undo-window': 'Detached; ports kept for an undo',
  committing: 'Deleting the kept ports',
  done: 'Done',
};

export interface DetailsContext {
  workflowId: string;
  runId: string;
  cancelRequested: boolean;
  /** What the run's own submissions do. */
  job: JobRow['what'];
  /** Why the run failed; `null`: it has not. */
  failure: string | null;
}

/** The operator's page in the Web UI ("Current Details"). It uses lists, since tables have no padding there. */
export function currentDetails(document: ResultDocument, context: DetailsContext): string {
  const { phase, outcome } = document;
  const done = phase === 'done';
  const waitingFor = document.waitingFor === null ? '' : `: ${escaped(document.waitingFor)}`;
  const lines = [
    done ? `### Done: ${outcome}` : `### ${PHASE_TEXT[phase]}${waitingFor}`,
    '',
    ...(context.failure === null ? [] : [`**Why:** ${escaped(context.failure)}`, '']),
    `- Phase: **${phase}**`,
    `- Server: **${escaped(document.serverName ?? '(name not read yet)')}** \`${plainCode(document.serverId)}\``,
    ...document.jobs.map(jobLine),
  ];
  const unknown = document.submissions - document.jobs.filter(({ what }) => what === context.job).length;
  if (unknown > 0) lines.push(`- Submissions of unknown fate: ${unknown}`);
  const { undoUntil, decision, requestedBy, reason } = document;
  const asker = [requestedBy, reason].filter((text) => text !== null).map((text) => escaped(text));
  if (asker.length > 0) lines.push(`- Asked for by: ${asker.join(': ')}`);
  if (decision !== null) {
    lines.push(
      `- **${decision.what}** asked for by ${escaped(decision.by)}, ${when(decision.at)}: ${escaped(decision.reason)}`,
    );
  }
  if (!done) {
    if (undoUntil !== null)
      lines.push(`- Undo possible until **${when(undoUntil)}**; then ports kept only for that are deleted`);
    else {
      if (document.nextLookAt !== null) lines.push(`- Next look: **${when(document.nextLookAt)}**`);
      lines.push(`- Deadline: ${when(document.deadlineAt)}`);
    }
    if (context.cancelRequested)
      lines.push('- **Cancel requested**: the cloud cannot stop its job; this run follows it to its end');
  } else if (document.endedAt !== null) lines.push(`- Ended: ${when(document.endedAt)}`);
  if (document.nics.length > 0 || isSettledOutcome(outcome)) {
    lines.push('', `**${nics(document.nics.length)}**`, '');
    lines.push(
      ...(document.nics.length === 0
        ? ['- none but the primary one']
        : document.nics.flatMap((row) => nicLines(row, done))),
    );
    // No row does not mean no NIC: of `all` the first inspection makes the rows.
  } else lines.push('', done ? '**NICs**: never established' : '**NICs**: not known yet');
  lines.push(
    ...section(
      '**Warnings**',
      document.warnings.map((warning) => escaped(warning)),
    ),
  );
  const next = done ? afterwards(document, context) : commands(context, phase);
  if (next.length > 0) lines.push('', '**What can be done now**', '', ...next);
  return lines.join('\n');
}

/** The server was looked at, so that no row means no NIC. */
function isSettledOutcome(outcome: ResultDocument['outcome']): boolean {
  return outcome === 'planned' || outcome === 'nothing-to-do';
}

/** `2026-11-24 02:06:56 UTC`. A time of the cloud in another format is shown as it is. */
export function when(time: string): string {
  const text = formatTime(time);
  return text === time ? escaped(time) : text;
}

function jobLine(job: JobRow): string {
  const ended = job.endedAt === null ? '' : `, ended ${when(job.endedAt)}`;
  const what = job.what === 'attach' ? ' (back to the server)' : '';
  return `- Job \`${plainCode(job.id)}\`${what}: **${escaped(job.status)}**, submitted ${when(job.submittedAt)}${ended}, polls: ${job.polls}`;
}

function nicLines(row: NicRow, done: boolean): string[] {
  const { list, port, subJob } = row.evidence;
  const open = !done && (row.outcome === 'untouched' || row.outcome === 'unknown');
  const verdict = open ? 'no verdict yet' : row.outcome;
  const said = row.message === null ? '' : `: ${escaped(row.message)}`;
  const code = row.errorCode === null ? '' : ` (${escaped(row.errorCode)})`;
  const by =
    row.replacedBy === null
      ? ''
      : ` → \`${plainCode(row.replacedBy.id)}\` ${escaped(row.replacedBy.ip ?? '')}`;
  return [
    `- **${verdict}** \`${plainCode(row.id)}\` ${escaped(row.ip ?? '')}${by}${code}${said}` +
      ` · list ${list}, port ${port}, sub-job ${escaped(subJob)}`,
    ...row.differences.map(
      ({ field, before, after }) =>
        `- \`${plainCode(row.id)}\` ${field}: was ${escaped(JSON.stringify(before))}, is ${escaped(JSON.stringify(after) ?? 'unknown')}`,
    ),
    ...(row.remedy === null ? [] : [`- \`${plainCode(row.id)}\` by hand: \`${plainCode(row.remedy)}\``]),
  ];
}

function plainCode(text: string): string {
  return cleanCode(plain(text));
}

function commands({ workflowId, cancelRequested }: DetailsContext, phase: Phase): string[] {
  const of = (verb: string) => `\`temporal workflow ${verb} --workflow-id ${plainCode(workflowId)}\``;
  const lines: string[] = [];
  if (phase === 'undo-window') {
    for (const [text, name] of [
      ['Put everything back', 'undo'],
      ['Delete the ports now', 'commit'],
    ] as const) {
      const input = JSON.stringify({ by: TO_FILL_IN.who, reason: TO_FILL_IN.why });
      lines.push(`- ${text}: ${of(`update execute --name ${name} --input '${input}'`)}`);
    }
    if (!cancelRequested)
      lines.push(`- End the window, ports stay unless the request says otherwise: ${of('cancel')}`);
    return lines;
  }
  if (phase === 'restoring' || phase === 'committing') return [];
  if (phase === 'polling' || phase === 'waiting' || phase === 'verifying') {
    lines.push(`- Look at once: ${of('signal --name pollNow')}`);
  }
  if (!cancelRequested) {
    lines.push(
      phase === 'inspecting' || phase === 'waiting'
        ? `- Stop before anything is sent: ${of('cancel')}`
        : `- Cancel (the run first follows what was sent to its end): ${of('cancel')}`,
    );
  }
  return lines;
}

/** A new run inspects the server before it sends anything, so the command is safe whatever has happened meanwhile. */
function afterwards(document: ResultDocument, { job, runId }: DetailsContext): string[] {
  const { outcome, serverId, nics: rows } = document;
  const lines: string[] = [];
  if (outcome === 'not-deleted') {
    const left = rows
      // Whoever has put a NIC back wants it there.
      .filter((row) => row.outcome === 'still-attached' && row.errorCode !== 'PortInUse')
      .map(({ id }) => ` --nic ${plainCode(id)}`);
    if (left.length > 0)
      lines.push(
        `- Delete what is left, once the cause is removed: \`ecs-nics delete ${plainCode(serverId)}${left.join('')}\``,
      );
  }
  const off = rows.filter(canReturn).length;
  if (job === 'delete' && off > 0)
    lines.push(
      `- Put back ${off === 1 ? 'the NIC that is' : `the ${nics(off)} that are`} off: ` +
        `\`ecs-nics restore ${plainCode(serverId)} --run-id ${plainCode(runId)} --by ${TO_FILL_IN.who} --reason ${TO_FILL_IN.why}\``,
    );
  return lines;
}

/** As the starter offers it: the NIC is off the server, nobody else uses its port, and what it was is known. */
function canReturn({ outcome, errorCode, snapshot, restore }: NicRow): boolean {
  const isLeft = errorCode === 'PortInUse' || errorCode === 'PortChanged';
  return (
    (outcome === 'deleted' || (outcome === 'detached' && !isLeft)) && snapshot !== null && restore !== 'no'
  );
}
