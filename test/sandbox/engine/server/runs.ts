/** The runs under one workflow id, at most one of them open: how each begins, goes on as another one, and ends. */
import { defaultPayloadConverter } from '@temporalio/common';
import type { Payload } from '@temporalio/common';
import type { coresdk } from '@temporalio/proto';
import { payloadConverter } from '../../../../src/workflows/run/payload-converter';
import type { Job, Sandbox } from '../replica';
import { Replica } from '../replica';
import type { End, Played, Schedule, Seen, Start } from '../schedule';
import type { RunRecord, Surroundings } from '../surroundings';
import { Agenda } from './agenda';
import { HistorySize } from './history-size';
import { Mailbox } from './mailbox';
import { Phases } from './phases';
import { memoOf, outstanding } from './reset';
import type { Ids, Run } from './run';
import { infoOf, initialize, newPlayed, runIdOf } from './run';
import { Workers } from './workers';

/** A client that was told to ask again does so. */
const ASK_AGAIN_MS = 50;
const CANCEL: Job = { cancelWorkflow: { reason: 'test' } };

export class Runs {
  readonly all: Played[] = [];
  readonly mailbox = new Mailbox();
  readonly agenda: Agenda;
  readonly workers: Workers;
  readonly phases: Phases;
  open: Run | null = null;
  private readonly starts: Start[];
  private made = 0;

  constructor(
    readonly schedule: Schedule,
    readonly around: Surroundings,
    private readonly sandbox: Sandbox,
  ) {
    this.agenda = new Agenda(around.clock, () => this.workers.replace());
    this.workers = new Workers(schedule, around, this.agenda, () => this.open);
    this.phases = new Phases(this.agenda);
    if (schedule.away) this.agenda.silence(this.agenda.now + schedule.away.at, schedule.away.ms);
    this.starts = [schedule, ...(schedule.more ?? [])];
  }

  current(): Run {
    if (this.open === null) throw new Error('no run is open');
    return this.open;
  }

  /** The first jobs of the next start of the schedule. */
  start(): Job[] {
    const start = this.starts.shift();
    if (start === undefined) return [];
    const { agenda, around, schedule } = this;
    agenda.catchUp();
    const input = start.inputOf === undefined ? start.input : start.inputOf(this.all);
    const played = this.newPlayed(input, false);
    around.noted?.('start', played);
    const first = this.made === 0;
    const ownId = runIdOf(schedule.seed, this.made++);
    const ids = {
      workflowId: `nics/${schedule.serverId}`,
      workflowType: start.workflow ?? 'deleteServerNics',
      runId: schedule.reset && first ? 'run-after-reset' : ownId,
      firstExecutionRunId: ownId,
      originalExecutionRunId: ownId,
    };
    const { info } = this.begin(played, ids, {});
    this.plan(start, played);
    const { messages, payloads, memo } = first ? schedule : ({} as Partial<Schedule>);
    for (const { at, job } of messages ?? []) agenda.tell(agenda.now + at, job);
    const given = payloads ?? [defaultPayloadConverter.toPayload(input)];
    return [initialize(info, schedule.seed, given, memo ?? {}), ...agenda.messages()];
  }

  /** What reaches the run, and how it is ended from outside. */
  private plan(start: Start, played: Played): void {
    const { agenda, mailbox, phases } = this;
    const { now } = agenda;
    const { cancelAt, cancelAfter, terminateAt, resetAt } = start;
    if (cancelAt !== undefined) agenda.tell(now + cancelAt, CANCEL);
    for (const ms of start.pollNowAt ?? [])
      agenda.tell(now + ms, { signalWorkflow: { signalName: 'pollNow', input: [] } });
    phases.forget();
    for (const plan of start.updates ?? []) {
      phases.once(plan.after, plan.at, (at) => {
        const update = { plan, asked: [] };
        this.open?.played.waiting.push(update);
        agenda.tell(at, mailbox.post(update));
      });
    }
    if (cancelAfter) phases.once(cancelAfter.after, cancelAfter.ms, (at) => agenda.tell(at, CANCEL));
    const seen: Seen = {
      status: async () => (this.open === null ? null : (this.open.replica.query('status') as Promise<never>)),
    };
    for (const { after, at: ms, act } of start.deeds ?? [])
      phases.once(after, ms, (at) => agenda.act(at, async () => void (await act(seen))));
    const unlessOver = (ms: number, work: () => Promise<unknown>) =>
      agenda.act(now + ms, async () => {
        if (this.open?.played === played) await work();
      });
    if (terminateAt !== undefined) unlessOver(terminateAt, () => this.terminate(false));
    if (resetAt !== undefined) unlessOver(resetAt.at, () => this.reset(resetAt.share));
  }

  private begin(played: Played, ids: Ids, memo: Record<string, unknown>, more: object = {}): Run {
    const info = { ...infoOf(ids, this.agenda.now, this.schedule), ...more };
    const { workflowId, runId } = info;
    const record: RunRecord = { workflowId, runId, memo: { ...memo }, status: 'RUNNING' };
    this.around.records?.push(record);
    played.runs.push(0);
    played.runIds.push(runId);
    this.open = {
      info,
      replica: new Replica(this.sandbox, info, this.schedule.seed, played.metrics),
      record,
      played,
      startMemo: memo,
      activities: new Map(),
      tasks: 0,
      size: new HistorySize(played.most),
      closed: false,
    };
    return this.open;
  }

  /** The run is over, and what was under way for it is of no interest to the server any more. */
  private async close(status: RunRecord['status']): Promise<Run> {
    const run = this.current();
    run.record.status = status;
    run.closed = true;
    run.played.memo = run.record.memo;
    await run.replica.lose();
    this.open = null;
    this.mailbox.expectAllAnswered(run.info.runId);
    return run;
  }

  async finish(end: End, status: unknown): Promise<Played> {
    const { agenda, around } = this;
    this.current().record.document = status;
    const { played } = await this.close(end.kind.toUpperCase() as RunRecord['status']);
    const { now } = agenda;
    Object.assign(played, { end, status, endedAt: now, virtualMs: now - played.startedAt });
    played.endedCloudAt = around.clock.now();
    played.restarts = [...this.workers.restarts];
    around.noted?.('end', played);
    this.all.push(played);
    const [next] = this.starts;
    if (next !== undefined) agenda.act(now + (next.gapMs ?? 1_000), () => this.start());
    return played;
  }

  private async terminate(reset: boolean): Promise<Played> {
    const { replica, info } = this.current();
    const status = replica.tasks.length > 0 ? await replica.query('status') : undefined;
    this.mailbox.closed(info.runId);
    return this.finish({ kind: 'terminated', reset }, status);
  }

  /** The next run has the memo that it is given and no other; what was under way would be lost with the run. */
  async continueAs(command: coresdk.workflow_commands.IContinueAsNewWorkflowExecution): Promise<Job[]> {
    const { schedule, around, agenda } = this;
    const given = Object.entries(command.memo ?? {}).map(([name, value]) => [name, readMemo(value)]);
    const memo = Object.fromEntries(given) as Record<string, unknown>;
    const lost = agenda.underWay(this.current());
    if (lost !== undefined) throw new Error(`continued as new with ${lost} under way`);
    const { info: before, played } = await this.close('CONTINUED_AS_NEW');
    played.openAtStart.push(memo.open);
    const second = played.runs.length === 1;
    if (schedule.handOverMs !== undefined && second) {
      around.clock.advance(schedule.handOverMs);
      agenda.catchUp();
      this.workers.restart();
    }
    const runId = runIdOf(schedule.seed, this.made++);
    const { info } = this.begin(
      played,
      {
        ...before,
        runId,
        originalExecutionRunId: schedule.resetLater && second ? 'run-before-reset' : runId,
      },
      memo,
      {
        continuedFromExecutionRunId: before.runId,
        memo,
        // What it continues is the run that has timed out.
        ...(schedule.retried ? { attempt: 2, continuedFromExecutionRunId: `${before.runId}-timed-out` } : {}),
      },
    );
    const { searchAttributes } = command;
    played.attributesAtStart.push(Object.keys(searchAttributes?.indexedFields ?? {}));
    const payload = command.arguments?.[0] ?? {};
    return [initialize(info, schedule.seed, [payload], command.memo ?? {}, searchAttributes)];
  }

  /** Ends the open run, and begins another one with a part of its history; what was under way there begins again. */
  private async reset(share: number): Promise<void> {
    const before = this.current();
    const { agenda, mailbox, starts } = this;
    const { tasks } = before.replica;
    if (tasks.length === 0) return;
    // The starts that are left follow the end of the new run.
    const left = starts.splice(0);
    const ended = await this.terminate(true);
    starts.push(...left);
    const count = Math.min(Math.floor(share * tasks.length), tasks.length - 1);
    const played = this.newPlayed(ended.input, true);
    const runId = runIdOf(this.schedule.seed, this.made++);
    const run = this.begin(played, { ...before.info, runId }, before.startMemo, { ...before.info, runId });
    run.replica.inherit(before.replica, count);
    run.tasks = count;
    const prefix = run.replica.tasks;
    Object.assign(run.record.memo, memoOf(prefix));
    const { activities, timers } = outstanding(prefix);
    const again = tasks[count]?.jobs ?? [];
    const resolved = new Set(again.map(({ resolveActivity }) => resolveActivity?.seq));
    const fired = new Set(again.map(({ fireTimer }) => fireTimer?.seq));
    const seed = { updateRandomSeed: { randomnessSeed: this.schedule.seed + 1 } } as unknown as Job;
    agenda.tellFirst([seed, ...again.filter(({ doUpdate }) => !doUpdate)], run);
    // Signals since then are delivered again.
    for (const { jobs } of tasks.slice(count + 1))
      for (const job of jobs) if (job.signalWorkflow) agenda.tell(agenda.now, job, run);
    for (const command of activities)
      this.workers.schedules(run, command, resolved.has(command.scheduleActivity?.seq));
    for (const { seq, at } of timers)
      if (!fired.has(seq)) agenda.tell(Math.max(agenda.now, at), { fireTimer: { seq } }, run, `timer ${seq}`);
    // Those who wait for an answer ask the new run.
    const unanswered = mailbox.unanswered(ended);
    played.waiting.push(...unanswered);
    this.askAgain(unanswered);
    mailbox.inherit(prefix);
  }

  askAgain(updates: Played['waiting']): void {
    for (const update of updates) this.agenda.tell(this.agenda.now + ASK_AGAIN_MS, this.mailbox.post(update));
  }

  private newPlayed(input: unknown, wasReset: boolean): Played {
    return newPlayed(input, this.agenda.now, wasReset, this.around.requests !== undefined);
  }
}

const readMemo = (value: Payload) =>
  payloadConverter.fromPayload<unknown>(value, { type: 'workflow', namespace: '', workflowId: '' });
