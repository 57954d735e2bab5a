/** Judges the answers to Updates: each one is right for the run that gave it, and nobody is left without one. */
import { expect } from 'vitest';
import type { DeleteServerNicsInput, ResultDocument } from '../../src/contract';
import { CANCELLED, CONTINUED_AS_NEW, DIFFERENT_REQUEST } from '../../src/contract/names';
import type { LedgerJob } from '../../simulator';
import { RESOURCE_EXHAUSTED } from './mailbox';
import type { Played, PlayedUpdate, UpdateAnswer } from './schedule-types';

export function judgeUpdates(all: Played[], jobs: readonly LedgerJob[]): void {
  judgeAnswers(all, (update, runId, answer, played) => judgeAnswer(update, runId, answer, played, jobs));
}

/** Every Update has reached somebody and got an answer, and each answer is judged by the run that gave it. */
export function judgeAnswers(
  all: Played[],
  judge: (update: PlayedUpdate, runId: string, answer: UpdateAnswer, played: Played) => void,
): void {
  for (const update of new Set(all.flatMap(({ waiting }) => waiting))) {
    const { name } = update.plan;
    expect(update.asked.length, `times that the Update ${name} has reached anybody`).toBeGreaterThan(0);
    for (const { runId, answer } of update.asked) {
      if (answer === null) expect.fail(`the Update ${name} was left without an answer by ${runId}`);
      const played = all.find(({ runIds }) => runIds.includes(runId));
      if (played === undefined) expect(answer.kind, 'answer of nobody').toBe('closed');
      else if (!isSentOn(runId, answer, played)) judge(update, runId, answer, played);
    }
  }
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

function judgeAnswer(
  { plan }: PlayedUpdate,
  runId: string,
  answer: UpdateAnswer,
  played: Played,
  jobs: readonly LedgerJob[],
): void {
  const { end } = played;
  const told = played.status as ResultDocument;
  const what = `the Update ${plan.name} of ${runId}, answered by ${JSON.stringify(answer).slice(0, 200)}`;
  if (answer.kind === 'closed') {
    expect(end.kind, what).toBe('terminated');
    return;
  }
  const different = plan.request !== undefined && !same(plan.request, played.input);
  expect(answer.kind === 'rejected' && answer.type === DIFFERENT_REQUEST, what).toBe(different);
  if (different) return;
  if (plan.name === 'submitted' && answer.kind === 'completed') {
    const { jobId } = answer.value as { jobId: string | null };
    if (jobId !== null) {
      expect(
        jobs.map((job) => job.jobId),
        what,
      ).toContain(jobId);
      expect(told.jobs[0]?.id, what).toBe(jobId);
      return;
    }
    expect([told.jobs.length, end.kind], what).toEqual([0, 'completed']);
    return;
  }
  if (answer.kind === 'rejected' && answer.type === CANCELLED) {
    expect([plan.name, end.kind, told.jobs.length], what).toEqual(['submitted', 'cancelled', 0]);
    return;
  }
  if (answer.kind === 'rejected') {
    expect([end.kind, end.kind === 'failed' ? [end.type, end.message] : null], what).toEqual([
      'failed',
      [answer.type, answer.message],
    ]);
    // Whoever waits for verdicts gets them, also where they are bad.
    if (plan.name === 'settled')
      expect(['InvalidInput', 'Refused', 'CloudRefused'], what).toContain(answer.type);
    else expect(told.jobs.length, what).toBe(0);
    return;
  }
  expect(answer.value, what).toEqual(told);
  expect([told.phase, end.kind === 'terminated'], what).toEqual(['done', false]);
  if (end.kind === 'failed') expect(['NotDeleted', 'OutcomeUnknown'], what).toContain(end.type);
}

/** Equal server, set of NICs and settings that change what is done (docs/contract.md §2.4). */
function same(a: unknown, b: unknown): boolean {
  const key = (request: unknown) => {
    const { serverId, nics, dryRun } = request as DeleteServerNicsInput;
    return JSON.stringify([
      serverId,
      nics === 'all' ? nics : nics.map(({ id }) => id).sort(),
      dryRun === true,
    ]);
  };
  return key(a) === key(b);
}
