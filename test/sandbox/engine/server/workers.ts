/** Workers that take attempts of activities: they do their work now or later, or die of it, and others come after them. */
import { ApplicationFailure, defaultPayloadConverter } from '@temporalio/common';
import type { CloudActivities } from '../../../../src/activities/agreement';
import type { Command } from '../replica';
import type { PlayedActivity, Schedule } from '../schedule';
import type { Surroundings } from '../surroundings';
import type { Agenda } from './agenda';
import type { Activity, Resolution } from './attempts';
import { activityOf, cancelled, completed, failed, timedOut, work } from './attempts';
import type { Run } from './run';

export class Workers {
  /** When new processes have begun. */
  readonly restarts: number[] = [];
  private made = 0;
  /** By activity and attempt: whether the server still waits for it. */
  private readonly awaited = new Map<string, () => boolean>();

  constructor(
    private readonly schedule: Schedule,
    private readonly around: Surroundings,
    private readonly agenda: Agenda,
    private readonly open: () => Run | null,
  ) {
    around.awaits = ({ activityId, attempt }) => this.awaited.get(`${activityId}/${attempt}`)?.() === true;
  }

  restart(): void {
    this.around.restarted();
    this.restarts.push(this.around.clock.now());
  }

  /** A younger process, which has no run in its memory. */
  async replace(): Promise<void> {
    this.restart();
    await this.open()?.replica.lose();
  }

  /** @param ended its result is in the history already */
  schedules(run: Run, { scheduleActivity, userMetadata }: Command, ended = false): void {
    const number = this.made++;
    const { agenda } = this;
    const activity = activityOf(scheduleActivity ?? {}, number, agenda.now);
    const summary = userMetadata?.summary;
    const played: PlayedActivity = {
      type: activity.type,
      attempts: 0,
      summary: String(summary ? defaultPayloadConverter.fromPayload(summary) : ''),
      scheduledAt: agenda.now,
      lost: 0,
      requests: [],
    };
    run.played.activities.push(played);
    run.activities.set(activity.seq, { activity, played });
    if (!ended) this.queue(run, activity, played, agenda.now + (this.schedule.queueMs?.get(number) ?? 0));
  }

  private queue(run: Run, activity: Activity, played: PlayedActivity, at: number): void {
    const key = `queued ${activity.seq}`;
    this.agenda.work(at, run, () => this.attempt(run, activity, played), { key });
  }

  private async attempt(run: Run, activity: Activity, record: PlayedActivity): Promise<void> {
    const { agenda, schedule } = this;
    const { clock, requests } = this.around;
    clock.advance(20);
    activity.taken = true;
    record.attempts = activity.attempt;
    const { attempt, seq, number } = activity;
    const key = `activity ${seq}`;
    // As this attempt knows itself, also when it thaws beside a later one.
    const own = { ...activity };
    const timesOutAt = clock.now() + activity.startToCloseMs;
    /** When the server gives up a worker of which it hears nothing from now on. */
    const unheardAt = () => Math.min(timesOutAt, clock.now() + (activity.heartbeatMs || Infinity));
    const isOver = () => run.closed || activity.attempt !== attempt || !run.activities.has(seq);
    this.awaited.set(`${number}/${attempt}`, () => !isOver());
    const resolve = (at: number, result: Resolution, told: PlayedActivity['told']) => {
      if (isOver()) return;
      run.activities.delete(seq);
      record.told = told;
      record.toldAt = at;
      agenda.tell(at, { resolveActivity: { seq, result } }, run, key);
    };
    const fail = (at: number, error: unknown) => {
      if (isOver()) return;
      const final = error instanceof ApplicationFailure && error.nonRetryable === true;
      if (final || attempt >= activity.maximumAttempts) {
        const type = error instanceof ApplicationFailure ? (error.type ?? '') : 'timed out';
        return resolve(at, failed(activity, error), { failed: type });
      }
      activity.attempt += 1;
      activity.taken = false;
      activity.attemptScheduledAt = at + 1_000 * 2 ** (attempt - 1);
      this.queue(run, activity, record, activity.attemptScheduledAt);
    };
    const timeOut = (at = timesOutAt) => {
      const act = () => {
        if (!run.closed && activity.attempt === attempt) record.lost += 1;
        fail(agenda.now, timedOut());
      };
      agenda.act(at, act, run, key);
    };
    const doWork = async (heard: boolean) => {
      const before = requests?.() ?? 0;
      const { workflowId, runId } = run.record;
      let result: { value: unknown } | { error: unknown };
      try {
        result = { value: await work(this.takenBy(run, own), own, { workflowId, runId }) };
      } catch (error) {
        result = { error };
      }
      if (requests) record.requests.push([before, requests()]);
      if (!heard) return;
      if (clock.now() > timesOutAt) return timeOut();
      if ('error' in result) fail(clock.now(), result.error);
      else resolve(clock.now(), completed(result.value), { result: result.value });
      const silentMs = schedule.silentMs?.get(number);
      if (silentMs !== undefined) agenda.silence(clock.now(), silentMs);
    };

    const crash = attempt === 1 ? schedule.crashes?.get(number) : undefined;
    const frozenMs = attempt === 1 ? (schedule.frozenMs?.get(number) ?? 0) : 0;
    const heldMs = attempt === 1 ? (schedule.heldMs?.get(number) ?? 0) : 0;
    if (crash !== undefined) {
      // Done or not, nobody hears of it: the attempt times out, and a younger process goes on.
      if (crash === 'after') await doWork(false);
      run.played.crashes += 1;
      const at = unheardAt();
      await this.replace();
      timeOut(at);
    } else if (frozenMs > 0 || heldMs > 0) {
      const thawsAt = clock.now() + frozenMs;
      const late = thawsAt + heldMs > unheardAt();
      if (late) timeOut(unheardAt());
      const thawed = () => (heldMs > 0 ? this.held(run, heldMs, () => doWork(!late)) : doWork(!late));
      agenda.work(thawsAt, run, thawed, { orphan: true });
    } else {
      await doWork(true);
    }
  }

  /** The worker stands still once more when all is ready for its write. */
  private async held(run: Run, ms: number, doWork: () => Promise<void>): Promise<void> {
    const { agenda, around } = this;
    let thaw = () => {};
    const thawed = new Promise<void>((resolve) => (thaw = resolve));
    const ready = new Promise<void>((resolve) => {
      around.beforeWrite = () => {
        resolve();
        return thawed;
      };
    });
    const done = doWork();
    await Promise.race([ready, done]);
    around.beforeWrite = undefined;
    const goOn = () => {
      thaw();
      return done;
    };
    agenda.work(around.clock.now() + ms, run, goOn, { orphan: true });
  }

  /** One that no worker has taken never runs; of one that runs a read is given up, and the POST is waited for. */
  cancel(run: Run, seq: number): void {
    const entry = run.activities.get(seq);
    if (entry === undefined) return;
    const { activity, played } = entry;
    if (activity.taken && !activity.givenUpAtOnce) return;
    const { agenda } = this;
    agenda.remove(run, `queued ${seq}`);
    agenda.remove(run, `activity ${seq}`);
    run.activities.delete(seq);
    played.told = { cancelled: true };
    agenda.tell(agenda.now, { resolveActivity: { seq, result: cancelled(seq) } }, run);
  }

  /** Before a run knows where it belongs any worker may tell it, unless its request does. */
  private takenBy({ played }: Run, { number, attempt }: Activity): CloudActivities {
    const { activities, stranger, onlyStrangers, clock } = this.around;
    const belongs = played.activities.some(
      ({ type, told }) => type === 'inspectServer' && told !== undefined && 'result' in told,
    );
    const strange =
      attempt <= (this.schedule.strangers?.get(number) ?? 0) || onlyStrangers?.(clock.now()) === true;
    const { projectId } = played.input as { projectId?: string };
    if ((!belongs && projectId === undefined) || !strange || stranger === undefined) return activities;
    played.strange += 1;
    return stranger;
  }
}
