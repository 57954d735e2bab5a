/** Whether each run has told the truth: about its NICs, and about how it has ended. */
import type { NicRow } from '../../src/contract';
import { readDuration } from '../../src/contract/duration';
import { isRecord } from '../../src/contract/values';
import { placeAfter } from '../../simulator/world/places';
import type { Facts, RunFacts, Violation } from './facts';
import type { Case, Window } from './cases';
import { begunAt, Cases, isWithin, notWithin, placeAt, placesWithin } from './cases';
import { problemOf } from './rows';

const MAX_SUBMISSIONS = 3;

/** `result` by how the run closed (docs/contract.md §4.1). */
const OUTCOMES: Readonly<Partial<Record<RunFacts['end'], readonly string[]>>> = {
  completed: ['deleted', 'detached', 'nothing-to-do', 'undone', 'restored', 'recreated'],
  failed: [
    ...['refused', 'cloud-refused', 'not-deleted', 'rolled-back', 'restore-incomplete', 'outcome-unknown'],
    'invalid-input',
  ],
  cancelled: ['cancelled'],
};

export function judgeRuns(facts: Facts): Violation[] {
  return new Cases(facts).all.flatMap((one) =>
    one.runs.flatMap((run) =>
      run.document === null
        ? withoutWords(run)
        : [
            ...shape(run),
            ...rows(one, run),
            ...afterwards(one, run),
            ...doubts(facts, run),
            ...promises(one, run),
          ],
    ),
  );
}

function withoutWords(run: RunFacts): Violation[] {
  if (run.end === 'terminated' || run.end === 'open' || run.end === 'timed-out') return [];
  return [violation('no-document', run, `the run is ${run.end}, and has no document`)];
}

export const windowOf = ({ startedAt, closedAt }: RunFacts): Window => ({ from: startedAt, until: closedAt });

/** When it has spoken: the cloud may be changed by others before the server has closed the run. */
export function toldAt({ document, closedAt }: RunFacts): number {
  return document?.endedAt == null ? closedAt : Math.min(Date.parse(document.endedAt), closedAt);
}

function shape(run: RunFacts): Violation[] {
  const { document, input, end } = run;
  const problems: string[] = [];
  const ids = (document?.nics ?? []).map(({ id }) => id);
  if (new Set(ids).size < ids.length) problems.push('a NIC has two rows');
  const { nics } = input as { nics?: 'all' | { id: string }[] };
  if (
    Array.isArray(nics) &&
    [...ids].sort().join() !==
      nics
        .map(({ id }) => id)
        .sort()
        .join()
  )
    problems.push(`the rows are of ${ids.length} NICs, and ${nics.length} were asked for`);
  if (OUTCOMES[end]?.includes(document?.outcome ?? '') === false)
    problems.push(`the run is ${end}, and its document says ${document?.outcome}`);
  const worst = outcomeOf(run);
  if (worst !== null && worst !== document?.outcome)
    problems.push(`the document says ${document?.outcome}, and its rows say ${worst}`);
  if ((document?.submissions ?? 0) > MAX_SUBMISSIONS && run.type === 'deleteServerNics')
    problems.push(`${document?.submissions} submissions`);
  return problems.map((problem) => violation('document', run, problem));
}

/** What the rows of a run must have led to; `null`: several things. */
function outcomeOf({ document, end, type }: RunFacts): string | null {
  const has = (outcome: NicRow['outcome']) => document?.nics.some((row) => row.outcome === outcome) === true;
  if (end === 'completed' && (has('unknown') || (has('still-attached') && document?.outcome !== 'undone')))
    return has('unknown') ? 'outcome-unknown' : 'not-deleted';
  if (end === 'completed' && type === 'deleteServerNics' && document?.outcome !== 'undone')
    return has('deleted') ? 'deleted' : has('detached') ? 'detached' : 'nothing-to-do';
  return null;
}

function rows(one: Case, run: RunFacts): Violation[] {
  const isForeign = notWithin([windowOf(run)]);
  const until = toldAt(run);
  return (run.document?.nics ?? []).flatMap((row) => {
    const places = placesWithin(one, row.id, { from: run.startedAt, until }, isForeign);
    const problems = [problemOf(row, places, placeAt(one, row.id, run.startedAt))];
    const other = row.replacedBy?.id;
    if (row.outcome === 'recreated' && other !== undefined) {
      const placesOfOther = placesWithin(one, other, { from: run.startedAt, until }, isForeign);
      if (!placesOfOther.has('on-server'))
        problems.push(`NIC ${row.id} was told as recreated, and ${other} is not on the server`);
    }
    if (row.outcome === 'untouched' || row.outcome === 'already-absent') {
      const job = one.jobs.find(
        ({ acceptedAt, nicIds, what }) =>
          what === 'delete' && nicIds.includes(row.id) && isWithin(acceptedAt, windowOf(run)),
      );
      // Who was told that somebody else has reset the run can't know what the run before had sent.
      if (job !== undefined && !run.wasReset && run.document?.outcome !== 'undone')
        problems.push(`NIC ${row.id} was told as ${row.outcome}, and job ${job.jobId} was there for it`);
    }
    return problems.flatMap((problem) => (problem === null ? [] : [violation('truth', run, problem)]));
  });
}

/** What was told must not be overtaken by something that the run itself has set going. */
function afterwards(one: Case, run: RunFacts): Violation[] {
  const at = toldAt(run);
  const { serverId } = one.server;
  return (run.document?.nics ?? []).flatMap((row) => {
    if (row.outcome === 'unknown') return [];
    const late = one.effects.filter((effect) => {
      const begun = begunAt(one, effect);
      const isOwn = begun !== null && isWithin(begun, { from: run.startedAt, until: at });
      return isOwn && effect.portId === row.id && effect.at > at && placeAfter(effect, serverId) !== null;
    });
    return late.map(({ kind, at: when }) =>
      violation(
        'late-effect',
        run,
        `NIC ${row.id} was told as ${row.outcome}; ${kind} ${when - at} ms later`,
      ),
    );
  });
}

/** `unknown` is for what nobody could see. */
function doubts(facts: Facts, run: RunFacts): Violation[] {
  const unknown = (run.document?.nics ?? []).filter(({ outcome }) => outcome === 'unknown');
  if (unknown.length === 0 || reasonOfDoubt(facts, run) !== null) return [];
  return [
    violation(
      'unknown',
      run,
      `${unknown.length} NICs were told as unknown, without a reason that can be seen`,
    ),
  ];
}

/** Why a run may not know, by what others can see; `null`: there is no such reason. */
export function reasonOfDoubt(
  { ledger, troubles }: Pick<Facts, 'ledger' | 'troubles'>,
  run: RunFacts,
): string | null {
  const { document } = run;
  if (document === null) return null;
  if (run.wasReset) return 'reset';
  if (run.end === 'cancelled') return 'cancelled';
  // The whole patience was used up; a workflow task may come a little late.
  if (toldAt(run) >= deadlineOf(run) - 1_000) return 'deadline';
  if (document.submissions >= MAX_SUBMISSIONS) return 'three submissions';
  if (document.credentialsRefused === true) return 'credentials';
  // Whoever is told to undo sends nothing more, and so never learns what becomes of a submission without an answer.
  const known = document.jobs.filter(({ what }) => what === 'delete').length;
  if (document.decision?.what === 'undo' && document.submissions > known) return 'undone after a lost answer';
  const posts = ledger.requests.filter(
    (request) =>
      request.class === 'delete' && request.serverId === run.serverId && isWithin(request.at, windowOf(run)),
  );
  const last = posts.at(-1);
  if (
    last !== undefined &&
    last.status >= 400 &&
    last.status < 500 &&
    last.accepted !== true &&
    posts.length > 1
  )
    return 'refused after a submission';
  if (document.jobs.some(({ what }) => what === 'attach')) return 'way back';
  const isUnread = document.nics.every(
    ({ outcome, evidence }) =>
      outcome !== 'unknown' || evidence.list === 'unknown' || evidence.port === 'unknown',
  );
  const failed = ledger.requests.some(
    (request) =>
      READS.has(request.class) &&
      ![200, 404].includes(request.status) &&
      [request.serverId, ...(request.serverIds ?? [])].includes(run.serverId) &&
      isWithin(request.at, windowOf(run)),
  );
  // What was lost on its way stands in no ledger.
  const isCut = troubles.some(
    ({ what, from, until }) =>
      what.startsWith('worker-cloud') && from <= run.closedAt && until >= run.startedAt,
  );
  return isUnread && (failed || isCut) ? 'a witness that could not be read' : null;
}

/** What is put back after the deadline has a later one, which the document names then. */
function deadlineOf({ input, startedAt, document }: RunFacts): number {
  const given = isRecord(input) ? readDuration(input.deadline) : null;
  const named = Date.parse(document?.deadlineAt ?? '');
  return typeof given === 'number' ? Math.min(named, startedAt + given) : named;
}

const READS: ReadonlySet<string> = new Set(['list', 'detail', 'servers', 'port', 'ports']);

/** A run that has put everything back has done so. */
function promises(one: Case, run: RunFacts): Violation[] {
  const { document } = run;
  if (document === null || run.wasReset) return [];
  if (document.outcome !== 'undone' && document.outcome !== 'rolled-back') return [];
  const may = new Set(['restored', 'recreated', 'still-attached', 'untouched', 'already-absent']);
  return document.nics
    .filter(({ outcome }) => !may.has(outcome))
    .filter((row) => !isLeft(one, row))
    .map((row) =>
      violation(
        'undone',
        run,
        `the run is ${document.outcome}, and NIC ${row.id} was told as ${row.outcome}`,
      ),
    );
}

/** Somebody else has the port. */
function isLeft(one: Case, { id }: NicRow): boolean {
  return one.effects.some(({ portId, by }) => portId === id && by === 'control');
}

export function violation(
  rule: string,
  { workflowId, serverId, runIds }: RunFacts,
  message: string,
): Violation {
  return {
    rule,
    serverId,
    workflowIds: [workflowId],
    message: `${workflowId} (${runIds.join(', ')}): ${message}`,
  };
}
