/**
 * What stands for the Temporal server and its worker: events on virtual time, of which the workflow and the activities hear when a
 * worker is there.
 */
import { defaultPayloadConverter } from '@temporalio/common';
import type { coresdk } from '@temporalio/proto';
import type { Phase, ResultDocument } from '../../../../src/contract';
import type { Command, Job, Sandbox } from '../replica';
import type { Played, Schedule } from '../schedule';
import type { Surroundings } from '../surroundings';
import type { Entry } from './agenda';
import { millis } from './attempts';
import { MAX_UPDATES, MAX_WAITING_UPDATES } from './history-size';
import type { Run } from './run';
import { endOf } from './run';
import { Runs } from './runs';

/** A schedule that goes on for longer would wait for something that never comes. */
const MAX_STEPS = 5_000;
/** A worker that dies in a workflow task is missed after so long. */
const TASK_TIMEOUT_MS = 10_000;

export class Server {
  private readonly runs: Runs;
  private readonly maxUpdates: number;
  private madeTasks = 0;

  constructor(
    private readonly schedule: Schedule,
    private readonly around: Surroundings,
    sandbox: Sandbox,
  ) {
    this.runs = new Runs(schedule, around, sandbox);
    this.maxUpdates = schedule.maxUpdates ?? MAX_UPDATES;
  }

  async play(): Promise<Played[]> {
    const { runs } = this;
    let jobs = runs.start();
    try {
      for (let step = 0; step < MAX_STEPS; step++) {
        if (jobs.length > 0) await this.task(jobs);
        const next = await this.nextJobs();
        if (next === null) return runs.all;
        jobs = next;
      }
      throw new Error(`not at its end after ${MAX_STEPS} activations`);
    } finally {
      await runs.open?.replica.lose();
    }
  }

  /** What the workflow hears of next, all of one moment together; `null`: nothing more will happen. */
  private async nextJobs(): Promise<Job[] | null> {
    const { runs } = this;
    for (;;) {
      const next = runs.agenda.next((entry) => this.isStale(entry));
      if (next === null && runs.open !== null)
        throw new Error('the run waits for nothing: it would hang for ever');
      if (next === null || Array.isArray(next)) return next;
      const first = await ('act' in next ? next.act() : next.work());
      if (first) return first;
    }
  }

  /** Its run is closed, or, of a message, there is none: who sent it is told so. */
  private isStale({ run, what }: Entry): boolean {
    if ('act' in what || ('work' in what && what.orphan === true)) return false;
    if (run !== null) return run.closed;
    if (this.runs.open !== null) return false;
    if ('job' in what) this.runs.mailbox.notFound(what.job);
    return true;
  }

  private async task(given: Job[]): Promise<void> {
    const { schedule, runs } = this;
    const { agenda, mailbox, workers, phases } = runs;
    const run = runs.current();
    const { played, replica, info } = run;
    let jobs = this.taken(run, given);
    if (jobs.length === 0) return;
    const number = this.madeTasks++;
    if (schedule.forgotten?.has(number)) await replica.lose();
    const input = () => ({
      now: agenda.now,
      jobs,
      historyLength: run.tasks + 2,
      continueAsNewSuggested:
        run.tasks > (schedule.continueAfter ?? Infinity) || run.size.isLong(this.maxUpdates),
    });
    run.tasks += 1;
    if (schedule.lostTasks?.has(number)) {
      await replica.carryOut(input(), true);
      played.crashes += 1;
      agenda.advanceTo(agenda.now + TASK_TIMEOUT_MS);
      workers.restart();
      jobs = this.taken(run, [...jobs, ...agenda.messages()]);
    }
    played.runs[played.runs.length - 1] = run.tasks;
    // Alone: who comes at the same moment may be told of who was first.
    const deciding = jobs.length === 1 && ['undo', 'commit'].includes(jobs[0]?.doUpdate?.name ?? '');
    const found = deciding && replica.tasks.length > 0 ? await replica.query('status') : undefined;
    const sent = mailbox.deliver(jobs, info.runId, phaseWhereOpen(found));
    if (jobs.some(({ cancelWorkflow }) => cancelWorkflow)) played.cancelledAt ??= agenda.now;
    const commands = await replica.carryOut(input());
    run.size.add(jobs, commands);
    // Before the commands: what others do at once comes before what the run does.
    await phases.asked(run);
    runs.askAgain(mailbox.answers(commands, sent));
    for (const command of commands) {
      const { continueAsNewWorkflowExecution } = command;
      if (continueAsNewWorkflowExecution) {
        const first = await runs.continueAs(continueAsNewWorkflowExecution);
        return this.task([...first, ...agenda.messages()]);
      }
      const end = endOf(command);
      if (end !== undefined) {
        const status = await replica.query('status');
        const page = await replica.query('__temporal_workflow_metadata');
        played.details = String((page as { currentDetails?: string }).currentDetails);
        await runs.finish(end, status);
        return;
      }
      this.carryOut(run, command);
    }
  }

  private carryOut(run: Run, command: Command): void {
    const { agenda, workers, phases } = this.runs;
    const { startTimer, cancelTimer, updateResponse, upsertWorkflowSearchAttributes } = command;
    if (startTimer) {
      const { seq, startToFireTimeout } = startTimer;
      agenda.tell(agenda.now + millis(startToFireTimeout), { fireTimer: { seq } }, run, `timer ${seq}`);
    } else if (cancelTimer) {
      agenda.remove(run, `timer ${cancelTimer.seq}`);
    } else if (command.scheduleActivity) {
      workers.schedules(run, command);
    } else if (updateResponse) {
      const { protocolInstanceId, rejected, completed } = updateResponse;
      const answer = rejected ? 'rejected' : completed ? 'completed' : 'accepted';
      const type = rejected?.applicationFailureInfo?.type ?? '';
      const message = rejected?.message ?? '';
      run.played.updates.push({ id: protocolInstanceId ?? '', answer, type, message });
    } else if (command.requestCancelActivity) {
      workers.cancel(run, command.requestCancelActivity.seq ?? 0);
    } else if (upsertWorkflowSearchAttributes) {
      this.mayPublish(upsertWorkflowSearchAttributes);
      phases.published(upsertWorkflowSearchAttributes);
    } else if (command.modifyWorkflowProperties) {
      const { upsertedMemo } = command.modifyWorkflowProperties;
      for (const [name, value] of Object.entries(upsertedMemo?.fields ?? {}))
        run.record.memo[name] = defaultPayloadConverter.fromPayload(value);
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
  private taken({ size, info }: Run, jobs: Job[]): Job[] {
    const { mailbox } = this.runs;
    let { updates } = size;
    let waiting = mailbox.waitingFor(info.runId);
    return jobs.filter((job) => {
      if (!job.doUpdate) return true;
      if (updates < this.maxUpdates && waiting < MAX_WAITING_UPDATES) {
        updates += 1;
        waiting += 1;
        return true;
      }
      mailbox.exhausted(job, info.runId);
      return false;
    });
  }
}

/** A window that one message has closed is not open for the next one of the same moment, nor once its time is up. */
function phaseWhereOpen(status: unknown): Phase | undefined {
  const { phase, decision } = (status ?? {}) as Partial<ResultDocument>;
  return decision === null ? phase : undefined;
}
