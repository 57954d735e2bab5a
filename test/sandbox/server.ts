/**
 * What stands for the Temporal server and its worker: events on virtual time, of which the workflow and the activities
 * hear when a worker is there. One workflow id; at most one of its runs is open.
 */
import { ApplicationFailure } from '@temporalio/common';
import { defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import type { Payload } from '@temporalio/common';
import type { coresdk } from '@temporalio/proto';
import type { Phase, ResultDocument } from '../../src/contract';
import type { CloudActivities } from '../../src/activities/agreement';
import { SEARCH_ATTRIBUTE } from '../../src/contract/names';
import { payloadConverter } from '../../src/workflows/run/payload-converter';
import type { RunRecord, Surroundings } from './adapter';
import type { Activity, Resolution } from './attempts';
import { activityOf, cancelled, completed, failed, millis, timedOut, work } from './attempts';
import type { Command, Info, Job, Sandbox } from './replica';
import { Replica } from './replica';
import type { End, Played, PlayedActivity, Schedule, Seen, Start } from './schedule-types';
import { HistorySize, MAX_UPDATES, MAX_WAITING_UPDATES } from './history-size';
import { Mailbox } from './mailbox';
import { outstanding, memoOf } from './reset';

/** Something due. Without a `run` it is meant for whichever is open then. */
interface Entry {
  at: number;
  order: number;
  run: Run | null;
  /** Of a timer or an activity, which may be cancelled. */
  key?: string;
  what:
    | { job: Job }
    /** A worker does it; `orphan`: also when the run is closed by then. */
    | { work: () => Promise<void>; orphan?: boolean }
    /** The server does it, worker or not. */
    | { act: () => Promise<void> | void };
}

interface Run {
  info: Info;
  replica: Replica;
  record: RunRecord;
  startMemo: Record<string, unknown>;
  activities: Map<number, { activity: Activity; played: PlayedActivity }>;
  tasks: number;
  size: HistorySize;
  closed: boolean;
}

/** A schedule that goes on for longer would wait for something that never comes. */
const MAX_STEPS = 5_000;
/** A worker that dies in a workflow task is missed after so long. */
const TASK_TIMEOUT_MS = 10_000;
const UNPUBLISHED: ReadonlySet<Phase> = new Set(['waiting', 'submitting', 'verifying']);
/** A client that was told to ask again does so. */
const ASK_AGAIN_MS = 50;

export class Server {
  private readonly pending: Entry[] = [];
  private readonly all: Played[] = [];
  private readonly mailbox = new Mailbox();
  private readonly starts: Start[];
  private now: number;
  private order = 0;
  private madeRuns = 0;
  private madeActivities = 0;
  private madeTasks = 0;
  /** Of the start that is played. */
  private workflowType = 'deleteServerNics';
  private firstRunId = '';
  /** Waits for the run to tell of a phase. */
  private upcoming: { phase: Phase; then: (began: number) => void }[] = [];
  private readonly restarts: number[] = [];
  /** While no worker is there; `told`: its end is on the agenda. */
  private readonly silences: { from: number; until: number; told: boolean }[] = [];
  private run: Run | null = null;
  private played: Played | null = null;

  constructor(
    private readonly schedule: Schedule,
    private readonly around: Surroundings,
    private readonly sandbox: Sandbox,
  ) {
    this.now = around.clock.now();
    const { away } = schedule;
    if (away) this.silence(this.now + away.at, away.ms);
    this.starts = [schedule, ...(schedule.more ?? [])];
  }

  async play(): Promise<Played[]> {
    let jobs = this.start();
    try {
      for (let step = 0; step < MAX_STEPS; step++) {
        if (jobs.length > 0) await this.task(jobs);
        const next = await this.nextJobs();
        if (next === null) return this.all;
        jobs = next;
      }
      throw new Error(`not at its end after ${MAX_STEPS} activations`);
    } finally {
      await this.run?.replica.lose();
    }
  }

  // --- runs ----------------------------------------------------------------------------------------------------

  /** The first job of the next start of the schedule. */
  private start(): Job[] {
    const start = this.starts.shift();
    if (start === undefined) return [];
    this.now = Math.max(this.now, this.around.clock.now());
    const startInput = start.inputOf === undefined ? start.input : start.inputOf(this.all);
    const played = this.newPlayed(startInput, false);
    this.around.noted?.('start', played);
    const first = this.madeRuns === 0;
    const original = runIdOf(this.schedule.seed, 0);
    const runId = this.schedule.reset && first ? 'run-after-reset' : this.newRunId();
    if (this.schedule.reset && first) this.madeRuns++;
    this.workflowType = start.workflow ?? 'deleteServerNics';
    this.firstRunId = this.schedule.reset && first ? original : runId;
    this.open(played, this.infoOf(runId, this.schedule.reset && first ? original : runId), {});
    const at = (ms: number) => this.now + ms;
    if (start.cancelAt !== undefined) {
      this.push({ at: at(start.cancelAt), run: null, what: { job: { cancelWorkflow: { reason: 'test' } } } });
    }
    for (const ms of start.pollNowAt ?? []) {
      const job = { signalWorkflow: { signalName: 'pollNow', input: [] } };
      this.push({ at: at(ms), run: null, what: { job } });
    }
    this.upcoming = [];
    const once = (after: Phase | undefined, ms: number, then: (at: number) => void) => {
      if (after === undefined) then(at(ms));
      else this.upcoming.push({ phase: after, then: (began) => then(began + ms) });
    };
    for (const plan of start.updates ?? []) {
      once(plan.after, plan.at, (moment) => {
        const update = { plan, asked: [] };
        this.played?.waiting.push(update);
        this.push({ at: moment, run: null, what: { job: this.mailbox.post(update) } });
      });
    }
    for (const { after, ms } of start.cancelAfter ? [start.cancelAfter] : []) {
      const what = { job: { cancelWorkflow: { reason: 'test' } } };
      once(after, ms, (moment) => this.push({ at: moment, run: null, what }));
    }
    const seen: Seen = {
      status: async () => (this.run === null ? null : (this.run.replica.query('status') as Promise<never>)),
    };
    for (const { after, at: ms, act } of start.deeds ?? []) {
      once(after, ms, (moment) =>
        this.push({ at: moment, run: null, what: { act: async () => void (await act(seen)) } }),
      );
    }
    const { terminateAt, resetAt } = start;
    if (terminateAt !== undefined) {
      const act = async () => {
        if (this.played === played) await this.terminate(false);
      };
      this.push({ at: at(terminateAt), run: null, what: { act } });
    }
    if (resetAt !== undefined) {
      const act = async () => {
        if (this.played === played) await this.reset(resetAt.share);
      };
      this.push({ at: at(resetAt.at), run: null, what: { act } });
    }
    const { messages, payloads, memo } = first ? this.schedule : ({} as Partial<Schedule>);
    for (const { at: ms, job } of messages ?? []) this.push({ at: at(ms), run: null, what: { job } });
    const input = payloads ?? [defaultPayloadConverter.toPayload(startInput)];
    return [this.initialize(input, memo ?? {}), ...this.dueMessages()];
  }

  private open(played: Played, info: Info, memo: Record<string, unknown>): Run {
    const { seed } = this.schedule;
    const record = {
      workflowId: info.workflowId,
      runId: info.runId,
      memo: { ...memo },
      status: 'RUNNING' as RunRecord['status'],
    };
    this.around.records?.push(record);
    played.runs.push(0);
    played.runIds.push(info.runId);
    this.played = played;
    this.run = {
      info,
      replica: new Replica(this.sandbox, info, seed, played.metrics),
      record,
      startMemo: memo,
      activities: new Map(),
      tasks: 0,
      size: new HistorySize(played.most),
      closed: false,
    };
    return this.run;
  }

  /** The run is over, and what was under way for it is of no interest to the server any more. */
  private async close(status: RunRecord['status']): Promise<Played> {
    const { run, played } = this.current();
    run.record.status = status;
    run.closed = true;
    played.memo = run.record.memo;
    await run.replica.lose();
    this.run = null;
    return played;
  }

  private async finish(end: End, status: unknown): Promise<Played> {
    const { run } = this.current();
    const { runId } = run.info;
    run.record.document = status;
    const played = await this.close(end.kind.toUpperCase() as RunRecord['status']);
    this.mailbox.expectAllAnswered(runId);
    Object.assign(played, { end, status, endedAt: this.now, virtualMs: this.now - played.startedAt });
    played.endedCloudAt = this.around.clock.now();
    played.restarts = [...this.restarts];
    this.around.noted?.('end', played);
    this.all.push(played);
    this.played = null;
    const [next] = this.starts;
    if (next !== undefined) this.push({ at: this.now + (next.gapMs ?? 1_000), run: null, what: START });
    return played;
  }

  private async terminate(reset: boolean): Promise<Played | undefined> {
    if (this.run === null) return undefined;
    const { run } = this.current();
    const status = run.replica.tasks.length > 0 ? await run.replica.query('status') : undefined;
    this.mailbox.closed(run.info.runId);
    return this.finish({ kind: 'terminated', reset }, status);
  }

  /** The next run has the memo that it is given and no other; what was under way would be lost with the run. */
  private async continueAs(
    command: coresdk.workflow_commands.IContinueAsNewWorkflowExecution,
  ): Promise<Job[]> {
    const { schedule, around } = this;
    const given = Object.entries(command.memo ?? {}).map(([name, value]) => [name, readMemo(value)]);
    const memo = Object.fromEntries(given) as Record<string, unknown>;
    const lost = this.pending.find(({ run, key }) => run === this.run && key !== undefined);
    if (lost !== undefined) throw new Error(`continued as new with ${lost.key ?? ''} under way`);
    const before = this.current().run.info;
    const played = await this.close('CONTINUED_AS_NEW');
    this.mailbox.expectAllAnswered(before.runId);
    played.openAtStart.push(memo.open);
    if (schedule.handOverMs !== undefined && played.runs.length === 1) {
      around.clock.advance(schedule.handOverMs);
      this.now = around.clock.now();
      this.restart();
    }
    const runId = this.newRunId();
    const second = played.runs.length === 1;
    this.open(
      played,
      {
        ...this.infoOf(runId, schedule.resetLater && second ? 'run-before-reset' : runId),
        continuedFromExecutionRunId: before.runId,
        memo,
        // What it continues is the run that has timed out.
        ...(schedule.retried ? { attempt: 2, continuedFromExecutionRunId: `${before.runId}-timed-out` } : {}),
      },
      memo,
    );
    const { searchAttributes } = command;
    played.attributesAtStart.push(Object.keys(searchAttributes?.indexedFields ?? {}));
    return [this.initialize([command.arguments?.[0] ?? {}], command.memo ?? {}, searchAttributes)];
  }

  /** Ends the open run, and begins another one with a part of its history; what was under way there begins again. */
  private async reset(share: number): Promise<void> {
    if (this.run === null || this.run.replica.tasks.length === 0) return;
    const before = this.run;
    const { starts } = this;
    // The starts that are left follow the end of the new run.
    const left = starts.splice(0);
    const ended = await this.terminate(true);
    starts.push(...left);
    const { tasks } = before.replica;
    const count = Math.min(Math.floor(share * tasks.length), tasks.length - 1);
    const played = this.newPlayed(ended?.input, true);
    const info = { ...before.info, runId: this.newRunId() };
    const run = this.open(played, info, before.startMemo);
    run.replica.inherit(before.replica, count);
    run.tasks = count;
    const prefix = run.replica.tasks;
    Object.assign(run.record.memo, memoOf(prefix));
    const { activities, timers } = outstanding(prefix);
    const again = tasks[count]?.jobs ?? [];
    const resolved = new Set(again.map(({ resolveActivity }) => resolveActivity?.seq));
    const fired = new Set(again.map(({ fireTimer }) => fireTimer?.seq));
    // The first task of its own comes before anything else.
    const seed = { updateRandomSeed: { randomnessSeed: this.schedule.seed + 1 } } as unknown as Job;
    const first = [seed, ...again.filter(({ doUpdate }) => !doUpdate)];
    for (const job of first) this.pending.push({ at: this.now, order: -0.5, run, what: { job } });
    this.sort();
    // Signals since then are delivered again.
    for (const { jobs } of tasks.slice(count + 1))
      for (const job of jobs) if (job.signalWorkflow) this.push({ at: this.now, run, what: { job } });
    for (const command of activities) {
      if (resolved.has(command.scheduleActivity?.seq)) this.remember(command.scheduleActivity ?? {}, command);
      else this.enqueue(command.scheduleActivity ?? {}, command);
    }
    for (const { seq, at } of timers) {
      if (!fired.has(seq))
        this.push({
          at: Math.max(this.now, at),
          run,
          key: `timer ${seq}`,
          what: { job: { fireTimer: { seq } } },
        });
    }
    // Those who wait for an answer ask the new run.
    for (const update of this.mailbox.unanswered(ended)) {
      played.waiting.push(update);
      this.push({ at: this.now + ASK_AGAIN_MS, run: null, what: { job: this.mailbox.post(update) } });
    }
    this.mailbox.inherit(prefix);
  }

  // --- workflow tasks ------------------------------------------------------------------------------------------

  private async task(given: Job[]): Promise<void> {
    const { schedule } = this;
    const { run, played } = this.current();
    let jobs = this.taken(run, given);
    if (jobs.length === 0) return;
    const number = this.madeTasks++;
    if (schedule.forgotten?.has(number)) await run.replica.lose();
    const input = () => ({
      now: this.now,
      jobs,
      historyLength: run.tasks + 2,
      continueAsNewSuggested:
        run.tasks > (schedule.continueAfter ?? Infinity) || run.size.isLong(this.maxUpdates),
    });
    run.tasks += 1;
    if (schedule.lostTasks?.has(number)) {
      await run.replica.carryOut(input(), true);
      played.crashes += 1;
      this.advanceTo(this.now + TASK_TIMEOUT_MS);
      this.restart();
      jobs = this.taken(run, [...jobs, ...this.dueMessages()]);
    }
    played.runs[played.runs.length - 1] = run.tasks;
    // Alone: who comes at the same moment may be told of who was first.
    const deciding = jobs.length === 1 && ['undo', 'commit'].includes(jobs[0]?.doUpdate?.name ?? '');
    const found = deciding && run.replica.tasks.length > 0 ? await run.replica.query('status') : undefined;
    const sent = this.mailbox.deliver(jobs, run.info.runId, phaseWhereOpen(found));
    if (jobs.some(({ cancelWorkflow }) => cancelWorkflow)) played.cancelledAt ??= this.now;
    const commands = await run.replica.carryOut(input());
    run.size.add(jobs, commands);
    // Before the commands: what others do at once comes before what the run does.
    if (this.upcoming.length > 0) await this.entered(run);
    for (const update of this.mailbox.answers(commands, sent)) {
      this.push({ at: this.now + ASK_AGAIN_MS, run: null, what: { job: this.mailbox.post(update) } });
    }
    for (const command of commands) {
      const { continueAsNewWorkflowExecution } = command;
      if (continueAsNewWorkflowExecution) {
        const [job] = await this.continueAs(continueAsNewWorkflowExecution);
        return this.task([...(job ? [job] : []), ...this.dueMessages()]);
      }
      const end = endOf(command);
      if (end !== undefined) {
        const status = await run.replica.query('status');
        const page = await run.replica.query('__temporal_workflow_metadata');
        played.details = String((page as { currentDetails?: string }).currentDetails);
        await this.finish(end, status);
        return;
      }
      this.carryOut(command);
    }
  }

  private carryOut(command: Command): void {
    const { run, played } = this.current();
    const { startTimer, cancelTimer, scheduleActivity, modifyWorkflowProperties } = command;
    if (startTimer) {
      const { seq } = startTimer;
      this.push({
        at: this.now + millis(startTimer.startToFireTimeout),
        run,
        key: `timer ${seq}`,
        what: { job: { fireTimer: { seq } } },
      });
    } else if (cancelTimer) {
      this.remove(run, `timer ${cancelTimer.seq}`);
    } else if (scheduleActivity) {
      this.enqueue(scheduleActivity, command);
    } else if (command.updateResponse) {
      const { protocolInstanceId, rejected, completed: done } = command.updateResponse;
      const answer = rejected ? 'rejected' : done ? 'completed' : 'accepted';
      const type = rejected?.applicationFailureInfo?.type ?? '';
      played.updates.push({ id: protocolInstanceId ?? '', answer, type, message: rejected?.message ?? '' });
    } else if (command.requestCancelActivity) {
      this.cancelActivity(run, command.requestCancelActivity.seq ?? 0);
    } else if (command.upsertWorkflowSearchAttributes) {
      this.mayPublish(command.upsertWorkflowSearchAttributes);
      this.published(command.upsertWorkflowSearchAttributes);
    } else if (modifyWorkflowProperties) {
      for (const [name, value] of Object.entries(modifyWorkflowProperties.upsertedMemo?.fields ?? {})) {
        run.record.memo[name] = defaultPayloadConverter.fromPayload(value);
      }
    }
  }

  /** The server fails such a task, and the worker tries it again for ever. */
  private mayPublish(command: coresdk.workflow_commands.IUpsertWorkflowSearchAttributes): void {
    const registered = this.around.registered?.();
    const names = Object.keys(command.searchAttributes?.indexedFields ?? {});
    const unknown = names.filter((name) => registered?.includes(name) === false);
    if (unknown.length > 0)
      throw new Error(
        `BadSearchAttributes: the namespace has no ${unknown.join()}, and the task fails for ever`,
      );
  }

  /** Updates above the server's limits get to no worker. */
  private taken(run: Run, jobs: Job[]): Job[] {
    let { updates } = run.size;
    let waiting = this.mailbox.waitingFor(run.info.runId);
    return jobs.filter((job) => {
      if (!job.doUpdate) return true;
      if (updates < this.maxUpdates && waiting < MAX_WAITING_UPDATES) {
        updates += 1;
        waiting += 1;
        return true;
      }
      this.mailbox.exhausted(job, run.info.runId);
      return false;
    });
  }

  private get maxUpdates(): number {
    return this.schedule.maxUpdates ?? MAX_UPDATES;
  }

  /** What was to happen so long after the run has told of a phase. */
  private published(command: coresdk.workflow_commands.IUpsertWorkflowSearchAttributes): void {
    const value = command.searchAttributes?.indexedFields?.[SEARCH_ATTRIBUTE.phase];
    if (value) this.cameTo([defaultPayloadConverter.fromPayload<unknown>(value)].flat()[0]);
  }

  /** Phases that no run publishes: its status tells. */
  private async entered(run: Run): Promise<void> {
    if (!this.upcoming.some(({ phase }) => UNPUBLISHED.has(phase))) return;
    const { phase } = (await run.replica.query('status')) as { phase?: Phase };
    if (phase !== undefined && UNPUBLISHED.has(phase)) this.cameTo(phase);
  }

  private cameTo(phase: unknown): void {
    const now = this.upcoming.filter((it) => it.phase === phase);
    this.upcoming = this.upcoming.filter((it) => it.phase !== phase);
    for (const { then } of now) then(this.now);
  }

  // --- what is due ---------------------------------------------------------------------------------------------

  /** What the workflow hears of next, all of one moment together; `null`: nothing more will happen. */
  private async nextJobs(): Promise<Job[] | null> {
    for (;;) {
      const next = this.pending[0];
      if (next === undefined) {
        if (this.run !== null) throw new Error('the run waits for nothing: it would hang for ever');
        return null;
      }
      if (this.postponed(next)) continue;
      if (this.isStale(next)) {
        this.pending.shift();
        continue;
      }
      // What came while an activity ran is delivered at its own time; the cloud's clock is ahead then.
      this.advanceTo(next.at);
      const { what } = next;
      if ('job' in what) {
        const jobs = this.due();
        if (jobs.length > 0) return jobs;
        continue;
      }
      this.pending.shift();
      if (what === START) return this.start();
      if ('act' in what) await what.act();
      else await what.work();
    }
  }

  private due(): Job[] {
    const jobs: Job[] = [];
    for (let entry = this.pending[0]; entry !== undefined && entry.at <= this.now; entry = this.pending[0]) {
      if (!('job' in entry.what)) break;
      this.pending.shift();
      if (this.isStale(entry)) continue;
      jobs.push(entry.what.job);
    }
    return sorted(jobs);
  }

  /** Messages that are due by now, to go along with a task that is made for another reason. */
  private dueMessages(): Job[] {
    const due = this.pending.filter(({ at, run, what }) => at <= this.now && run === null && 'job' in what);
    for (const entry of due) this.pending.splice(this.pending.indexOf(entry), 1);
    return sorted(due.flatMap(({ what }) => ('job' in what ? [what.job] : [])));
  }

  /** Its run is closed, or, of a message, there is none: who sent it is told so. */
  private isStale({ run, what }: Entry): boolean {
    if ('act' in what || ('work' in what && what.orphan === true)) return false;
    if (run !== null) return run.closed;
    if (this.run !== null) return false;
    if ('job' in what) this.mailbox.notFound(what.job);
    return true;
  }

  private silence(from: number, ms: number): void {
    this.silences.push({ from, until: from + ms, told: false });
  }

  /** While no worker is there all that falls due waits for the next one, a younger process. */
  private postponed({ at, what }: Entry): boolean {
    if ('act' in what) return false;
    const silence = this.silences.find(({ from, until }) => at >= from && at < until);
    if (silence === undefined) return false;
    const { from, until, told } = silence;
    for (const entry of this.pending)
      if (!('act' in entry.what) && entry.at >= from && entry.at < until) entry.at = until;
    if (!told) {
      silence.told = true;
      const act = async () => {
        this.restart();
        await this.run?.replica.lose();
      };
      // First of all that happens then.
      this.pending.push({ at: until, order: -1, run: null, what: { act } });
    }
    this.sort();
    return true;
  }

  private push(entry: Omit<Entry, 'order'>): void {
    this.pending.push({ ...entry, order: this.order++ });
    this.sort();
  }

  private sort(): void {
    this.pending.sort((a, b) => a.at - b.at || a.order - b.order);
  }

  private remove(run: Run, key: string): boolean {
    const index = this.pending.findIndex((entry) => entry.run === run && entry.key === key);
    if (index >= 0) this.pending.splice(index, 1);
    return index >= 0;
  }

  private advanceTo(at: number): void {
    const { clock } = this.around;
    this.now = Math.max(this.now, at);
    if (this.now > clock.now()) clock.advance(this.now - clock.now());
  }

  // --- activities ----------------------------------------------------------------------------------------------

  private remember(command: coresdk.workflow_commands.IScheduleActivity, { userMetadata }: Command) {
    const { run, played } = this.current();
    const number = this.madeActivities++;
    const activity = activityOf(command, number, this.now);
    const summary = userMetadata?.summary;
    const record: PlayedActivity = {
      type: activity.type,
      attempts: 0,
      summary: String(summary ? defaultPayloadConverter.fromPayload(summary) : ''),
      scheduledAt: this.now,
      lost: 0,
      requests: [],
    };
    played.activities.push(record);
    const entry = { activity, played: record };
    run.activities.set(activity.seq, entry);
    return entry;
  }

  private enqueue(command: coresdk.workflow_commands.IScheduleActivity, whole: Command): void {
    const { run, played } = this.current();
    const { activity, played: record } = this.remember(command, whole);
    const delay = this.schedule.queueMs?.get(activity.number) ?? 0;
    const take = (at: number): void =>
      this.push({
        at,
        run,
        key: `queued ${activity.seq}`,
        what: { work: () => this.attempt(run, played, activity, record, take) },
      });
    take(this.now + delay);
  }

  /** A worker takes an attempt: it does its work now or later, or dies of it. */
  private async attempt(
    run: Run,
    played: Played,
    activity: Activity,
    record: PlayedActivity,
    again: (at: number) => void,
  ): Promise<void> {
    const { clock } = this.around;
    clock.advance(20);
    activity.taken = true;
    record.attempts = activity.attempt;
    const { attempt } = activity;
    // As this attempt knows itself, also when it thaws beside a later one.
    const own = { ...activity };
    const timesOutAt = clock.now() + activity.startToCloseMs;
    const resolve = (at: number, result: Resolution, told: PlayedActivity['told']) => {
      if (run.closed || activity.attempt !== attempt || !run.activities.has(activity.seq)) return;
      run.activities.delete(activity.seq);
      record.told = told;
      record.toldAt = at;
      const { seq } = activity;
      this.push({ at, run, key: `activity ${seq}`, what: { job: { resolveActivity: { seq, result } } } });
    };
    const fail = (at: number, error: unknown) => {
      if (run.closed || activity.attempt !== attempt || !run.activities.has(activity.seq)) return;
      const final = error instanceof ApplicationFailure && error.nonRetryable === true;
      if (final || attempt >= activity.maximumAttempts) {
        const type = error instanceof ApplicationFailure ? (error.type ?? '') : 'timed out';
        return resolve(at, failed(activity, error), { failed: type });
      }
      activity.attempt += 1;
      activity.taken = false;
      activity.attemptScheduledAt = at + 1_000 * 2 ** (attempt - 1);
      again(activity.attemptScheduledAt);
    };
    const timeOut = () =>
      this.push({
        at: timesOutAt,
        run,
        key: `activity ${activity.seq}`,
        what: {
          act: () => {
            if (!run.closed && activity.attempt === attempt) record.lost += 1;
            fail(this.now, timedOut());
          },
        },
      });
    const doWork = async (heard: boolean) => {
      const { requests } = this.around;
      const before = requests?.() ?? 0;
      const { workflowId, runId } = run.record;
      let result: { value: unknown } | { error: unknown };
      try {
        result = { value: await work(this.workerOf(played, own), own, { workflowId, runId }) };
      } catch (error) {
        result = { error };
      }
      if (requests) record.requests.push([before, requests()]);
      if (!heard) return;
      if (clock.now() > timesOutAt) return timeOut();
      if ('error' in result) fail(clock.now(), result.error);
      else resolve(clock.now(), completed(result.value), { result: result.value });
      const silentMs = this.schedule.silentMs?.get(activity.number);
      if (silentMs !== undefined) this.silence(clock.now(), silentMs);
    };

    const crash = attempt === 1 ? this.schedule.crashes?.get(activity.number) : undefined;
    const frozenMs = attempt === 1 ? (this.schedule.frozenMs?.get(activity.number) ?? 0) : 0;
    if (crash !== undefined) {
      // Done or not, nobody hears of it: the attempt times out, and a younger process goes on.
      if (crash === 'after') await doWork(false);
      played.crashes += 1;
      this.restart();
      await this.run?.replica.lose();
      timeOut();
    } else if (frozenMs > 0) {
      const thawsAt = clock.now() + frozenMs;
      const late = thawsAt > timesOutAt;
      if (late) timeOut();
      this.push({ at: thawsAt, run, what: { work: () => doWork(!late), orphan: true } });
    } else {
      await doWork(true);
    }
  }

  /** One that no worker has taken never runs; of one that runs a read is given up, and the POST is waited for. */
  private cancelActivity(run: Run, seq: number): void {
    const entry = run.activities.get(seq);
    if (entry === undefined) return;
    const { activity, played } = entry;
    if (activity.taken && !activity.givenUpAtOnce) return;
    this.remove(run, `queued ${seq}`);
    this.remove(run, `activity ${seq}`);
    run.activities.delete(seq);
    played.told = { cancelled: true };
    this.push({ at: this.now, run, what: { job: { resolveActivity: { seq, result: cancelled(seq) } } } });
  }

  /** Before a run knows where it belongs any worker may tell it, unless its request does. */
  private workerOf(played: Played, { number, attempt }: Activity): CloudActivities {
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

  // --- small things --------------------------------------------------------------------------------------------

  private restart(): void {
    this.around.restarted();
    this.restarts.push(this.around.clock.now());
  }

  private current(): { run: Run; played: Played } {
    if (this.run === null || this.played === null) throw new Error('no run is open');
    return { run: this.run, played: this.played };
  }

  private newRunId(): string {
    return runIdOf(this.schedule.seed, this.madeRuns++);
  }

  private newPlayed(input: unknown, wasReset: boolean): Played {
    return {
      input,
      end: { kind: 'cancelled' },
      memo: {},
      status: undefined,
      activities: [],
      waiting: [],
      updates: [],
      details: '',
      startedAt: this.now,
      endedAt: this.now,
      virtualMs: 0,
      endedCloudAt: this.now,
      restarts: [],
      cancelledAt: null,
      runs: [],
      runIds: [],
      openAtStart: [],
      attributesAtStart: [],
      metrics: [],
      attributed: this.around.requests !== undefined,
      wasReset,
      crashes: 0,
      most: { events: 0, updates: 0, payloadBytes: 0 },
      strange: 0,
    };
  }

  private initialize(
    input: Payload[],
    fields: Record<string, Payload>,
    searchAttributes: coresdk.workflow_activation.IInitializeWorkflow['searchAttributes'] = null,
  ): Job {
    return {
      initializeWorkflow: {
        workflowType: this.workflowType,
        workflowId: `nics/${this.schedule.serverId}`,
        arguments: input,
        memo: { fields },
        searchAttributes,
        randomnessSeed: this.schedule.seed as unknown as Long,
      },
    };
  }

  private infoOf(runId: string, originalExecutionRunId: string): Info {
    return {
      workflowId: `nics/${this.schedule.serverId}`,
      runId,
      firstExecutionRunId: this.firstRunId,
      originalExecutionRunId,
      workflowType: this.workflowType,
      searchAttributes: {},
      typedSearchAttributes: undefined as never,
      memo: {},
      parent: undefined,
      taskQueue: 'ecs-nics',
      namespace: 'default',
      attempt: 1,
      historyLength: 3,
      historySize: 100,
      continueAsNewSuggested: false,
      startTime: new Date(this.now),
      runStartTime: new Date(this.now),
      unsafe: { now: () => Date.now(), isReplaying: false },
      ...this.schedule.info,
    } as unknown as Info;
  }
}

/** A UUID, as the server's are. */
function runIdOf(seed: number, number: number): string {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0').slice(-digits);
  return `${hex(seed, 8)}-0000-4000-8000-${hex(number, 12)}`;
}

const readMemo = (value: Payload) =>
  payloadConverter.fromPayload<unknown>(value, { type: 'workflow', namespace: '', workflowId: '' });

/** The next start of the schedule. */
const START = { act: () => undefined };

/** Messages come first in an activation, after what begins a run. */
function sorted(jobs: Job[]): Job[] {
  const rank = (job: Job) =>
    job.initializeWorkflow ? 0 : job.updateRandomSeed ? 1 : job.signalWorkflow || job.doUpdate ? 2 : 3;
  return jobs
    .map((job, index) => ({ job, index }))
    .sort((a, b) => rank(a.job) - rank(b.job) || a.index - b.index)
    .map(({ job }) => job);
}

/** A window that one message has closed is not open for the next one of the same moment, nor once its time is up. */
function phaseWhereOpen(status: unknown): Phase | undefined {
  const { phase, decision } = (status ?? {}) as Partial<ResultDocument>;
  return decision === null ? phase : undefined;
}

function endOf(command: Command): End | undefined {
  if (command.completeWorkflowExecution) {
    const { result } = command.completeWorkflowExecution;
    return { kind: 'completed', result: result ? defaultPayloadConverter.fromPayload(result) : undefined };
  }
  if (command.failWorkflowExecution?.failure) {
    const error = defaultFailureConverter.failureToError(
      command.failWorkflowExecution.failure,
      defaultPayloadConverter,
    );
    if (!(error instanceof ApplicationFailure)) throw error;
    return { kind: 'failed', type: error.type ?? '', message: error.message, details: error.details?.[0] };
  }
  return command.cancelWorkflowExecution ? { kind: 'cancelled' } : undefined;
}
