/** Judges the answers to Updates of runs that can be undone: exactly one decision wins, and everybody gets an answer. */
import { expect } from 'vitest';
import type { ResultDocument } from '../../../../src/contract';
import { CANCELLED, NOT_APPLICABLE } from '../../../../src/contract/names';
import { WHO } from '../../engine/play';
import type { Answered } from '../../judges/updates';
import { endToldBy } from '../../judges/updates';

export function judgeAnswer({ plan, answer, played, told, what }: Answered): void {
  const { kind, type: failedAs } = endToldBy({ played, told });
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
    case 'submitted': {
      // A deletion also has jobs that put NICs back. The caller asks for the job of the deletion, which there may be none of:
      // if every POST that deletes was left without an answer, the run knows of no job of theirs.
      const asked = 'from' in (played.input as object) ? 'attach' : 'delete';
      const jobs = told.jobs.filter((it) => it.what === asked);
      if (answer.kind === 'completed') expect(answer.value, what).toEqual({ jobId: jobs[0]?.id ?? null });
      else if (answer.type === CANCELLED) expect([kind, jobs.length], what).toEqual(['cancelled', 0]);
      else expect([failedAs, jobs.length], what).toEqual([answer.type, 0]);
      return;
    }
    case 'settled':
      if (answer.kind === 'rejected') {
        expect(failedAs, what).toBe(answer.type);
        return;
      }
      settled(answer.value as ResultDocument, told, what);
  }
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
