/** What the first part of a history leaves open, for the run that begins with it. */
import { defaultPayloadConverter } from '@temporalio/common';
import { millis } from './attempts';
import type { Command, Replica } from '../replica';

type Tasks = Replica['tasks'];

/** Activities without a result and timers that have not fired. */
export function outstanding(tasks: Tasks): {
  activities: Command[];
  timers: { seq: number; at: number }[];
} {
  const activities = new Map<number, Command>();
  const timers = new Map<number, number>();
  for (const { now, jobs, commands } of tasks) {
    for (const { resolveActivity, fireTimer } of jobs) {
      if (resolveActivity) activities.delete(resolveActivity.seq ?? 0);
      if (fireTimer) timers.delete(fireTimer.seq ?? 0);
    }
    for (const command of commands) {
      const { scheduleActivity, startTimer, cancelTimer } = command;
      if (scheduleActivity) activities.set(scheduleActivity.seq ?? 0, command);
      if (startTimer) timers.set(startTimer.seq ?? 0, now + millis(startTimer.startToFireTimeout));
      if (cancelTimer) timers.delete(cancelTimer.seq ?? 0);
    }
  }
  return {
    activities: [...activities.values()],
    timers: [...timers].map(([seq, at]) => ({ seq, at })),
  };
}

/** The memo as those tasks have changed it. */
export function memoOf(tasks: Tasks): Record<string, unknown> {
  const memo: Record<string, unknown> = {};
  for (const { modifyWorkflowProperties } of tasks.flatMap(({ commands }) => commands)) {
    for (const [name, value] of Object.entries(modifyWorkflowProperties?.upsertedMemo?.fields ?? {}))
      memo[name] = defaultPayloadConverter.fromPayload(value);
  }
  return memo;
}
