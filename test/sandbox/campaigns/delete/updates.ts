/** Judges the answers to Updates of deletions: each one is right for the run that gave it. */
import { expect } from 'vitest';
import { CANCELLED } from '../../../../src/contract/names';
import type { LedgerJob } from '../../../../simulator';
import type { Answered } from '../../judges/updates';
import { endToldBy } from '../../judges/updates';

export function judgeAnswer(
  { plan, answer, played, told, what }: Answered,
  jobs: readonly LedgerJob[],
): void {
  const { end } = played;
  const { kind, type } = endToldBy({ played, told });
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
    expect([told.jobs.length, kind], what).toEqual([0, 'completed']);
    return;
  }
  if (answer.kind === 'rejected' && answer.type === CANCELLED) {
    expect([plan.name, kind, told.jobs.length], what).toEqual(['submitted', 'cancelled', 0]);
    return;
  }
  if (answer.kind === 'rejected') {
    expect([kind, type], what).toEqual(['failed', answer.type]);
    if (end.kind === 'failed') expect(answer.message, what).toBe(end.message);
    // Whoever waits for verdicts gets them, also where they are bad.
    if (plan.name === 'settled')
      expect(['InvalidInput', 'Refused', 'CloudRefused'], what).toContain(answer.type);
    else expect(told.jobs.length, what).toBe(0);
    return;
  }
  expect(answer.value, what).toEqual(told);
  expect(told.phase, what).toBe('done');
  if (kind === 'failed') expect(['NotDeleted', 'OutcomeUnknown'], what).toContain(type);
}
