/** Judges the answers to Updates of deletions: each one is right for the run that gave it. */
import { expect } from 'vitest';
import { CANCELLED } from '../../../../src/contract/names';
import type { LedgerJob } from '../../../../simulator';
import type { Answered } from '../../judges/updates';

export function judgeAnswer(
  { plan, answer, played: { end }, told, what }: Answered,
  jobs: readonly LedgerJob[],
): void {
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
    // Terminated in its last moments, when all who waited had their answer: its document tells how it would have failed.
    if (end.kind === 'terminated')
      expect([told.phase, told.outcome], what).toEqual(['done', outcomeOf(answer.type)]);
    else
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
  expect(told.phase, what).toBe('done');
  if (end.kind === 'failed') expect(['NotDeleted', 'OutcomeUnknown'], what).toContain(end.type);
}

/** `CloudRefused` is the failure of a run whose outcome is `cloud-refused`, and so on. */
function outcomeOf(failureType: string): string {
  return failureType.replace(/\B[A-Z]/g, '-$&').toLowerCase();
}
