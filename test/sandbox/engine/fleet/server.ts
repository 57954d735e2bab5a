/**
 * What stands for the Temporal server and its workers where many workflows know of each other: starts of children and their ends,
 * signals by workflow id, Updates, continue-as-new, on virtual time.
 */
import type { Payload } from '@temporalio/common';
import { defaultPayloadConverter } from '@temporalio/common';
import type { coresdk } from '@temporalio/proto';
import type { Command, Job, Sandbox } from '../replica';
import { Replica } from '../replica';
import { inOrder } from '../server/agenda';
import { millis } from '../server/attempts';
import { endOf, initialize, runIdOf } from '../server/run';
import type { Ids } from '../server/run';
import type { RunRecord } from '../surroundings';
import type { World } from '../world';
import type { Execution, Parent } from './execution';
import { closeUp, infoUnder } from './execution';
import { childEnd } from './failures';
import type { FleetOptions, Request } from './options';
import type { EndKind, StartRecord, UpdateRecord } from './record';
import { FleetRecord } from './record';
import type { Between } from './relations';
import { recall, signal, startChild } from './relations';
import { Timeline } from './timeline';
import type { Delayed } from './trouble';
import { FleetUpdates } from './updates';
import { FleetWorkers } from './workers';

/** A worker that dies in a workflow task is missed after so long. */
const TASK_TIMEOUT_MS = 10_000;

export class FleetServer implements Between {
  readonly record = new FleetRecord();
  readonly timeline: Timeline;
  private readonly open = new Map<string, Execution>();
  private readonly updates = new FleetUpdates();
  private readonly workers: FleetWorkers;
  private made = 0;

  constructor(
    private readonly world: World,
    private readonly sandbox: Sandbox,
    private readonly options: FleetOptions,
  ) {
    const { trouble } = options;
    this.timeline = new Timeline(world.clock, trouble.away);
    this.workers = new FleetWorkers(
      world,
      this.timeline,
      { ...trouble, delay: (of) => this.delay(of) },
      this.record,
      (run, job) => this.tell(run, job),
      () => this.replace(),
    );
    world.isOpen = (workflowId) => this.open.has(workflowId);
    for (const { until } of trouble.away) this.timeline.put(until, () => this.replace());
  }

  get now(): number {
    return this.timeline.now;
  }

  isOpen(workflowId: string): boolean {
    return this.open.has(workflowId);
  }

  find(workflowId: string): Execution | undefined {
    return this.open.get(workflowId);
  }

  openIds(): string[] {
    return [...this.open.keys()];
  }

  /** @returns the run; `null`: one is open under this id */
  start(request: Request, by: { execution: Execution; seq: number } | null = null): Execution | null {
    const { workflowId, type, input } = request;
    const started: StartRecord = {
      at: this.now,
      workflowId,
      type,
      runId: null,
      input: input[0] === undefined ? undefined : defaultPayloadConverter.fromPayload(input[0]),
      by: by === null ? null : { workflowId: by.execution.info.workflowId, runId: by.execution.info.runId },
      end: null,
    };
    this.record.starts.push(started);
    if (this.open.has(workflowId)) return null;
    const runId = runIdOf(this.options.seed, this.made++);
    started.runId = runId;
    const parent = by === null ? null : { ...by, toldAt: this.now };
    const ids = {
      workflowId,
      workflowType: type,
      runId,
      firstExecutionRunId: runId,
      originalExecutionRunId: runId,
    };
    return this.begin(ids, started, parent, request.input, {});
  }

  update(workflowId: string, name: string, argument: unknown): UpdateRecord {
    const record: UpdateRecord = {
      ...{ name, argument, sentAt: this.now },
      ...{ heardAt: null, acceptedAt: null, answer: null, answeredAt: null },
    };
    this.record.updates.push(record);
    const job = this.updates.post(record);
    this.timeline.put(this.now + this.delay('message'), () => {
      const run = this.open.get(workflowId);
      if (run === undefined) this.updates.closed(job, this.now);
      else this.tell(run, job);
    });
    return record;
  }

  cancel(workflowId: string): void {
    const run = this.open.get(workflowId);
    if (run === undefined) return;
    this.record.outside.push({ at: this.now, what: 'cancel', workflowId });
    this.tell(run, { cancelWorkflow: { reason: 'from outside' } });
  }

  /** What it has started goes on. */
  async terminate(workflowId: string): Promise<void> {
    const run = this.open.get(workflowId);
    if (run === undefined) return;
    this.record.outside.push({ at: this.now, what: 'terminate', workflowId });
    for (const job of run.inbox) if (job.doUpdate) this.updates.closed(job, this.now);
    this.updates.cutOff(run, this.now);
    // A closed run can still be asked: its history is replayed.
    if (run.begun && workflowId.startsWith('nics/')) run.record.document = await run.body.query('status');
    await this.close(run, 'terminated', null, childEnd.terminated(run));
  }

  /** `undefined`: no run is open, or it has not begun. */
  async query(workflowId: string, name: string): Promise<unknown> {
    const run = this.open.get(workflowId);
    return run?.begun === true ? run.body.query(name) : undefined;
  }

  /** A younger worker process, which has no run in its memory. */
  async replace(): Promise<void> {
    this.world.restarted();
    for (const { body } of this.open.values()) await body.lose();
  }

  async dispose(): Promise<void> {
    for (const { body } of this.open.values()) await body.lose();
  }

  delay(of: Delayed): number {
    const ms = this.options.trouble.delay(of);
    this.record.longestDelayMs = Math.max(this.record.longestDelayMs, ms);
    return ms;
  }

  private begin(
    ids: Ids,
    started: StartRecord,
    parent: Parent | null,
    input: Payload[],
    memo: Record<string, Payload>,
    more: object = {},
  ): Execution {
    const { workflowId, runId } = ids;
    const info = infoUnder(ids, parent, this.now, more);
    const record: RunRecord = { workflowId, runId, memo: {}, status: 'RUNNING' };
    this.world.records.push(record);
    const { seed, standIn } = this.options;
    const run: Execution = {
      ...{ info, record, started, parent },
      body: standIn(started) ?? new Replica(this.sandbox, info, seed, []),
      inbox: [initialize(info, seed, input, memo)],
      ...{ task: null, tasks: 0, begun: false, closed: false },
      ...{ timers: new Map(), activities: new Map(), sending: new Map() },
    };
    this.open.set(workflowId, run);
    this.wake(run);
    return run;
  }

  tell(run: Execution, job: Job): void {
    if (run.closed) return;
    run.inbox.push(job);
    this.wake(run);
  }

  private wake(run: Execution): void {
    run.task ??= this.timeline.put(this.now + this.delay('task'), () => this.task(run), true);
  }

  private async task(run: Execution): Promise<void> {
    const { options, record, now } = this;
    run.task = null;
    if (options.trouble.forgets()) {
      record.forgotten += 1;
      await run.body.lose();
    }
    const jobs = inOrder(run.inbox.splice(0));
    const continueAsNewSuggested = run.tasks >= options.continueAfter;
    const input = { now, jobs, historyLength: 4 * run.tasks + 3, continueAsNewSuggested };
    run.tasks += 1;
    if (options.trouble.losesTask()) {
      record.crashes += 1;
      await run.body.carryOut(input, true);
      run.inbox.unshift(...jobs);
      run.task = this.timeline.put(now + TASK_TIMEOUT_MS, () => this.task(run), true);
      return;
    }
    record.tasks += 1;
    this.updates.heard(jobs, run, now);
    const commands = await run.body.carryOut(input);
    run.begun = true;
    this.updates.answered(commands, now);
    for (const command of commands) {
      if (run.closed) throw new Error(`a command after the end of ${run.info.workflowId}`);
      await this.carryOut(run, command);
    }
  }

  private async carryOut(run: Execution, command: Command): Promise<void> {
    const { now } = this;
    const { startTimer, cancelTimer, modifyWorkflowProperties } = command;
    if (startTimer) {
      const seq = startTimer.seq ?? 0;
      const fire = () => {
        run.timers.delete(seq);
        this.tell(run, { fireTimer: { seq } });
      };
      run.timers.set(seq, this.timeline.put(now + millis(startTimer.startToFireTimeout), fire));
    } else if (cancelTimer) {
      const timer = run.timers.get(cancelTimer.seq ?? 0);
      if (timer) timer.dropped = true;
    } else if (command.scheduleActivity) {
      this.workers.schedules(run, command);
    } else if (command.requestCancelActivity) {
      this.workers.cancel(run, command.requestCancelActivity.seq ?? 0);
    } else if (command.startChildWorkflowExecution) {
      startChild(this, run, command.startChildWorkflowExecution);
    } else if (command.signalExternalWorkflowExecution) {
      signal(this, run, command.signalExternalWorkflowExecution);
    } else if (command.cancelSignalWorkflow) {
      recall(this, run, command.cancelSignalWorkflow.seq ?? 0);
    } else if (modifyWorkflowProperties) {
      for (const [name, value] of Object.entries(modifyWorkflowProperties.upsertedMemo?.fields ?? {}))
        run.record.memo[name] = defaultPayloadConverter.fromPayload(value);
    } else if (command.continueAsNewWorkflowExecution) {
      await this.continueAs(run, command.continueAsNewWorkflowExecution);
    } else if (command.cancelChildWorkflowExecution) {
      throw new Error(`${run.info.workflowId} would cancel what it has started`);
    } else if (
      !command.updateResponse &&
      !command.upsertWorkflowSearchAttributes &&
      !command.setPatchMarker
    ) {
      await this.end(run, command);
    }
  }

  private async end(run: Execution, command: Command): Promise<void> {
    const end = endOf(command);
    if (end === undefined) throw new Error(`a command that nobody knows: ${Object.keys(command).join()}`);
    if (end.kind === 'completed') {
      const { result } = command.completeWorkflowExecution ?? {};
      return this.close(run, 'completed', end.result, { completed: { result: result ?? null } });
    }
    if (end.kind === 'failed') {
      const { failure } = command.failWorkflowExecution ?? {};
      run.started.end = { at: this.now, kind: 'failed', type: end.type, value: end.details ?? end.message };
      return this.close(run, 'failed', null, childEnd.failed(run, failure ?? {}));
    }
    run.record.document = await run.body.query('status');
    return this.close(run, 'cancelled', run.record.document, childEnd.cancelled(run));
  }

  private async close(
    run: Execution,
    kind: EndKind,
    value: unknown,
    told: coresdk.child_workflow.IChildWorkflowResult,
  ): Promise<void> {
    if (kind !== 'terminated') this.updates.expectAnswered(run, kind);
    closeUp(run, kind.toUpperCase() as RunRecord['status']);
    this.open.delete(run.info.workflowId);
    run.started.end ??= { at: this.now, kind, value };
    const { parent } = run;
    if (parent !== null) {
      const at = Math.max(this.now + this.delay('message'), parent.toldAt);
      const job = { resolveChildWorkflowExecution: { seq: parent.seq, result: told } };
      this.timeline.put(at, () => this.tell(parent.execution, job));
    }
    await run.body.lose();
  }

  /** The next run of the chain. Whoever has started the chain hears of its end, and of that only. */
  private async continueAs(
    run: Execution,
    command: coresdk.workflow_commands.IContinueAsNewWorkflowExecution,
  ): Promise<void> {
    const { info, started, parent } = run;
    this.updates.expectAnswered(run, 'continue-as-new');
    closeUp(run, 'CONTINUED_AS_NEW');
    this.record.continued.push({ at: this.now, workflowId: info.workflowId });
    await run.body.lose();
    const runId = runIdOf(this.options.seed, this.made++);
    const ids = { ...info, runId, originalExecutionRunId: runId };
    const memo = command.memo ?? {};
    const values = Object.entries(memo).map(([name, value]) => [
      name,
      defaultPayloadConverter.fromPayload(value),
    ]);
    const more = { continuedFromExecutionRunId: info.runId, memo: Object.fromEntries(values) as object };
    const next = this.begin(ids, started, parent, command.arguments ?? [], memo, more);
    Object.assign(next.record.memo, more.memo);
  }
}
