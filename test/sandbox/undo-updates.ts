/** Judges the answers to Updates of runs that can be undone: exactly one decision wins, and everybody gets an answer. */
import { expect } from 'vitest';
import type { ResultDocument } from '../../src/contract';
import { CANCELLED, DIFFERENT_REQUEST, NOT_APPLICABLE } from '../../src/contract/names';
import { judgeAnswers } from './judge-updates';
import type { Played, PlayedUpdate, UpdateAnswer } from './schedule-types';
import { WHO } from './undo-schedule';

export function judgeUndoUpdates(all: Played[]): void {
  judgeAnswers(all, judgeAnswer);
}

function judgeAnswer({ plan }: PlayedUpdate, runId: string, answer: UpdateAnswer, played: Played): void {
  const { end } = played;
  const told = played.status as ResultDocument;
  const what = `the Update ${plan.name} of ${runId}, answered by ${JSON.stringify(answer).slice(0, 300)}`;
  if (answer.kind === 'closed') {
    expect(end.kind, what).toBe('terminated');
    return;
  }
  if (plan.request !== undefined && (plan.name === 'submitted' || plan.name === 'settled')) {
    const different = keyOf(plan.request) !== keyOf(played.input);
    expect(answer.kind === 'rejected' && answer.type === DIFFERENT_REQUEST, what).toBe(different);
    if (different) return;
  }
  const failedAs = end.kind === 'failed' ? end.type : null;
  switch (plan.name) {
    case 'undo':
    case 'commit': {
      if (plan.request !== WHO) {
        expect(answer, what).toMatchObject({ kind: 'rejected', type: 'InvalidInput' });
        return;
      }
      if (answer.kind === 'rejected' && answer.type === NOT_APPLICABLE) {
        expect(answer.message, what).toMatch(/^nothing was changed by this: ./);
        return;
      }
      expect(told.decision, what).toMatchObject({ what: plan.name, ...WHO });
      if (answer.kind === 'rejected') expect(failedAs, what).toBe(answer.type);
      else {
        expect(answer.value, what).toEqual(told);
        if (plan.name === 'undo') expect(failedAs, what).toBeNull();
        else expect(failedAs, what).not.toBe('RestoreIncomplete');
      }
      return;
    }
    case 'submitted':
      if (answer.kind === 'completed') {
        // Jobs that put NICs back are none that a deletion was submitted for.
        const asked = 'from' in (played.input as object) ? 'attach' : 'delete';
        const job = told.jobs.find((it) => it.what === asked);
        expect(answer.value, what).toEqual({ jobId: job?.id ?? null });
      } else if (answer.type === CANCELLED)
        expect([end.kind, told.jobs.length], what).toEqual(['cancelled', 0]);
      else expect([failedAs, told.jobs.length], what).toEqual([answer.type, 0]);
      return;
    case 'settled':
      if (answer.kind === 'rejected') {
        expect(failedAs, what).toBe(answer.type);
        return;
      }
      settled(answer.value as ResultDocument, told, what);
  }
}

/** Whoever attaches may have another deadline in mind: that makes no other request (docs/contract.md §2.4). */
function keyOf(input: unknown): string {
  return JSON.stringify({ ...(input as object), deadline: null, timing: null });
}

/** The verdicts stand: also in an open window, where the ports are all there. */
function settled(answer: ResultDocument, told: ResultDocument, what: string): void {
  if (answer.phase === 'done') {
    expect(answer, what).toEqual(told);
    return;
  }
  expect(answer.phase, what).toBe('undo-window');
  expect(['detached', 'not-deleted'], what).toContain(answer.outcome);
  expect(answer.undoUntil, what).not.toBeNull();
  // The window of a run that held a NIC, and then sent nothing for the others.
  const untried = answer.submissions === 0 ? ['untouched'] : [];
  for (const { outcome } of answer.nics)
    expect(['detached', 'still-attached', 'already-absent', 'deleted', ...untried], what).toContain(outcome);
}
