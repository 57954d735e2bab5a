/** Every Update has reached somebody and got an answer, and each answer is judged by the run that gave it. */
import { expect } from 'vitest';
import type { DeleteServerNicsInput, ResultDocument } from '../../../src/contract';
import { CONTINUED_AS_NEW, DIFFERENT_REQUEST, FAILURE_TYPE } from '../../../src/contract/names';
import type { End, Played, UpdateAnswer, UpdatePlan } from '../engine/schedule';
import { RESOURCE_EXHAUSTED } from '../engine/server/mailbox';

/** An answer that is this run's own word. */
export interface Answered {
  plan: UpdatePlan;
  answer: Exclude<UpdateAnswer, { kind: 'closed' }>;
  played: Played;
  told: ResultDocument;
  /** For the message, when it is wrong. */
  what: string;
}

export type JudgeOfAnswer = (answered: Answered) => void;

export function judgeUpdates(all: Played[], judge: JudgeOfAnswer): void {
  for (const { plan, asked } of new Set(all.flatMap(({ waiting }) => waiting))) {
    const { name } = plan;
    expect(asked.length, `times that the Update ${name} has reached anybody`).toBeGreaterThan(0);
    for (const { runId, answer } of asked) {
      if (answer === null) expect.fail(`the Update ${name} was left without an answer by ${runId}`);
      const played = all.find(({ runIds }) => runIds.includes(runId));
      if (played === undefined) expect(answer.kind, 'answer of nobody').toBe('closed');
      else if (!isSentOn(runId, answer, played)) judgeAnswer(plan, runId, answer, played, judge);
    }
  }
}

function judgeAnswer(
  plan: UpdatePlan,
  runId: string,
  answer: UpdateAnswer,
  played: Played,
  judge: JudgeOfAnswer,
): void {
  const what = `the Update ${plan.name} of ${runId}, answered by ${JSON.stringify(answer).slice(0, 300)}`;
  if (answer.kind === 'closed') {
    expect(played.end.kind, what).toBe('terminated');
    return;
  }
  if (plan.request !== undefined && (plan.name === 'submitted' || plan.name === 'settled')) {
    const different = keyOf(plan.request) !== keyOf(played.input);
    expect(answer.kind === 'rejected' && answer.type === DIFFERENT_REQUEST, what).toBe(different);
    if (different) return;
  }
  judge({ plan, answer, played, told: played.status as ResultDocument, what });
}

/** Equal server, set of NICs and settings that change what is done (docs/contract.md §2.4); when it is to be over makes no other request. */
function keyOf(request: unknown): string {
  const { nics, dryRun, ...rest } = request as DeleteServerNicsInput;
  const ids = nics === 'all' ? nics : nics.map(({ id }) => id).sort();
  return JSON.stringify({ ...rest, nics: ids, dryRun: dryRun === true, deadline: null, timing: null });
}

/**
 * How a run has ended for those who waited for it. One that was terminated in its last moments, when all of them had their answer,
 * only failed to publish that: its document tells how it would have ended.
 */
export function endToldBy({ played: { end }, told }: Pick<Answered, 'played' | 'told'>): {
  kind: End['kind'];
  type: string | null;
} {
  if (end.kind === 'failed') return { kind: 'failed', type: end.type };
  if (end.kind !== 'terminated' || told.phase !== 'done') return { kind: end.kind, type: null };
  const type = Object.values(FAILURE_TYPE).find((each) => outcomeOf(each) === told.outcome) ?? null;
  if (type !== null) return { kind: 'failed', type };
  return { kind: told.outcome === 'cancelled' ? 'cancelled' : 'completed', type };
}

/** `CloudRefused` is the failure of a run whose outcome is `cloud-refused`, and so on. */
function outcomeOf(failureType: string): string {
  return failureType.replace(/\B[A-Z]/g, '-$&').toLowerCase();
}

/** Whoever asked was told to ask again, and has done so. */
function isSentOn(runId: string, answer: UpdateAnswer, { runIds, end, cancelledAt }: Played): boolean {
  if (answer.kind !== 'rejected') return false;
  // A crowd of readers at one moment: the server takes ten that wait. Who decides is judged apart (judges/bounds.ts).
  if (answer.type === RESOURCE_EXHAUSTED) return true;
  if (answer.type !== CONTINUED_AS_NEW) return false;
  const what = `runs that follow ${runId}, which said that it goes on`;
  // One that was about to can be ended from outside, or cancelled.
  if (end.kind !== 'terminated' && cancelledAt === null)
    expect(runIds.length - 1 - runIds.indexOf(runId), what).toBeGreaterThan(0);
  return true;
}
