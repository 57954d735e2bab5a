/** Workers that take attempts of activities, of whatever run: the real activities, which may die or be given up. */
import { ApplicationFailure } from '@temporalio/common';
import type { Command } from '../replica';
import type { Activity, Resolution } from '../server/attempts';
import { activityOf, cancelled, completed, failed, timedOut, work } from '../server/attempts';
import type { Surroundings } from '../surroundings';
import type { Execution } from './execution';
import type { FleetRecord } from './record';
import type { Timeline } from './timeline';
import type { Trouble } from './trouble';

export class FleetWorkers {
  private made = 0;
  /** By activity and attempt: whether the server still waits for it. */
  private readonly awaited = new Map<string, () => boolean>();

  /**
   * @param tell puts a job into the inbox of a run
   * @param replace a worker has died, and with it what it had in its memory
   */
  constructor(
    private readonly around: Surroundings,
    private readonly timeline: Timeline,
    private readonly trouble: Trouble,
    private readonly record: FleetRecord,
    private readonly tell: (run: Execution, job: object) => void,
    private readonly replace: () => Promise<void>,
  ) {
    around.awaits = ({ activityId, attempt }) => this.awaited.get(`${activityId}/${attempt}`)?.() === true;
  }

  schedules(run: Execution, { scheduleActivity }: Command): void {
    const activity = activityOf(scheduleActivity ?? {}, this.made++, this.timeline.now);
    run.activities.set(activity.seq, { activity, entry: null });
    this.queue(run, activity, this.timeline.now + this.trouble.delay('activity'));
  }

  /** A read is given up at once; what changes the cloud is waited for once a worker has it. */
  cancel(run: Execution, seq: number): void {
    const known = run.activities.get(seq);
    if (known === undefined || (known.activity.taken && !known.activity.givenUpAtOnce)) return;
    this.resolve(run, known.activity, this.timeline.now, cancelled(seq));
  }

  private queue(run: Execution, activity: Activity, at: number): void {
    const known = run.activities.get(activity.seq);
    if (known === undefined) return;
    known.entry = this.timeline.put(at, () => this.attempt(run, activity), true);
  }

  private resolve(run: Execution, { seq }: Activity, at: number, result: Resolution): void {
    const known = run.activities.get(seq);
    if (known === undefined) return;
    run.activities.delete(seq);
    if (known.entry !== null) known.entry.dropped = true;
    this.timeline.put(at, () => this.tell(run, { resolveActivity: { seq, result } }));
  }

  private async attempt(run: Execution, activity: Activity): Promise<void> {
    const { clock } = this.around;
    const { attempt, seq, number } = activity;
    const isOver = () => run.closed || activity.attempt !== attempt || !run.activities.has(seq);
    if (isOver()) return;
    activity.taken = true;
    clock.advance(10);
    this.awaited.set(`${number}/${attempt}`, () => !isOver());
    const timesOutAt = clock.now() + activity.startToCloseMs;
    const timeOut = (at: number) =>
      void this.timeline.put(at, () => (isOver() ? undefined : this.fail(run, activity, at, timedOut())));
    const crash = this.trouble.crash(activity.type);
    if (crash !== null) {
      if (crash === 'after') await this.work(run, activity).catch(() => undefined);
      this.record.crashes += 1;
      const at = Math.min(timesOutAt, clock.now() + (activity.heartbeatMs || Infinity));
      await this.replace();
      return timeOut(at);
    }
    let result: { value: unknown } | { error: unknown };
    try {
      result = { value: await this.work(run, activity) };
    } catch (error) {
      result = { error };
    }
    if (clock.now() > timesOutAt) return timeOut(timesOutAt);
    if (isOver()) return;
    if ('error' in result) this.fail(run, activity, clock.now(), result.error);
    else this.resolve(run, activity, clock.now(), completed(result.value));
  }

  private work(run: Execution, activity: Activity): Promise<unknown> {
    const { workflowId, runId } = run.info;
    return work(this.around.activities, { ...activity }, { workflowId, runId });
  }

  private fail(run: Execution, activity: Activity, at: number, error: unknown): void {
    const final = error instanceof ApplicationFailure && error.nonRetryable === true;
    if (final || activity.attempt >= activity.maximumAttempts)
      return this.resolve(run, activity, at, failed(activity, error));
    activity.attempt += 1;
    activity.taken = false;
    activity.attemptScheduledAt = at + 1_000 * 2 ** (activity.attempt - 2);
    this.queue(run, activity, activity.attemptScheduledAt);
  }
}
