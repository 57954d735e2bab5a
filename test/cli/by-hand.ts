/**
 * A worker whose workflow tasks are decided by a test: brings runs into any state, with no workflow code and no cloud, and
 * answers queries like a worker that knows the document.
 */
import type { Connection } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { cloudTaskQueue, looksTaskQueue } from '../../src/contract';

/** `temporal.api.enums.v1.CommandType` */
const COMMAND = {
  activity: 1,
  complete: 4,
  fail: 5,
  cancel: 7,
  continueAsNew: 10,
  searchAttributes: 13,
  memo: 16,
} as const;
/** `temporal.api.enums.v1.EventType` */
const EVENT = { cancelRequested: 20, signalled: 26 } as const;
/** Shorter than the server's own minute, so that {@link ByHand.stop} is quick. */
const POLL_MS = 3_000;

type Command = Record<string, unknown> & { commandType: number };

export interface Task {
  runId: string;
  input: unknown;
  cancelRequested: boolean;
  /** Names, oldest first. */
  signals: string[];
}

const payload = (value: unknown) => defaultPayloadConverter.toPayload(value);
const payloads = (value: unknown) => ({ payloads: [payload(value)] });

/** What a decision may be made of. */
export const decide = {
  complete: (result: unknown): Command => ({
    commandType: COMMAND.complete,
    completeWorkflowExecutionCommandAttributes: { result: payloads(result) },
  }),
  fail: (type: string, message: string, detail: unknown): Command => ({
    commandType: COMMAND.fail,
    failWorkflowExecutionCommandAttributes: {
      failure: {
        message,
        applicationFailureInfo: { type, nonRetryable: true, details: payloads(detail) },
      },
    },
  }),
  cancel: (): Command => ({
    commandType: COMMAND.cancel,
    cancelWorkflowExecutionCommandAttributes: {},
  }),
  memo: (fields: Record<string, unknown>): Command => ({
    commandType: COMMAND.memo,
    modifyWorkflowPropertiesCommandAttributes: {
      upsertedMemo: {
        fields: Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, payload(value)])),
      },
    },
  }),
  searchAttribute: (name: string, value: unknown): Command => ({
    commandType: COMMAND.searchAttributes,
    upsertWorkflowSearchAttributesCommandAttributes: {
      searchAttributes: { indexedFields: { [name]: payload(value) } },
    },
  }),
  continueAsNew: (taskQueue: string, input: unknown): Command => ({
    commandType: COMMAND.continueAsNew,
    continueAsNewWorkflowExecutionCommandAttributes: {
      workflowType: { name: 'deleteServerNics' },
      taskQueue: { name: taskQueue },
      input: payloads(input),
    },
  }),
  activity: (name: string, taskQueue: string): Command => ({
    commandType: COMMAND.activity,
    scheduleActivityTaskCommandAttributes: {
      activityId: '1',
      activityType: { name },
      taskQueue: { name: taskQueue },
      scheduleToCloseTimeout: { seconds: 600 },
      startToCloseTimeout: { seconds: 60 },
      scheduleToStartTimeout: { seconds: 600 },
    },
  }),
};

export class ByHand {
  private running = true;
  private readonly loop: Promise<unknown>;

  /**
   * Takes the tasks of `taskQueue` until it is stopped.
   * @param onTask what to do next; an empty list leaves the run open
   * @param onQuery the answer to every query
   */
  constructor(
    private readonly connection: Connection,
    private readonly namespace: string,
    private readonly taskQueue: string,
    private readonly onTask: (task: Task) => Command[],
    private readonly onQuery: (runId: string) => unknown = () => null,
  ) {
    this.loop = Promise.all([this.work(), this.poll(cloudTaskQueue), this.poll(looksTaskQueue)]);
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.loop;
  }

  /** As every worker of ours does; what it gets there it never answers. */
  private async poll(queueOf: (taskQueue: string) => string): Promise<void> {
    const { workflowService } = this.connection;
    while (this.running) {
      await this.connection
        .withDeadline(Date.now() + POLL_MS, () =>
          workflowService.pollActivityTaskQueue({
            namespace: this.namespace,
            taskQueue: { name: queueOf(this.taskQueue) },
            identity: 'by hand',
          }),
        )
        .catch(() => null);
    }
  }

  private async work(): Promise<void> {
    const { workflowService } = this.connection;
    const { namespace } = this;
    while (this.running) {
      const task = await this.connection
        .withDeadline(Date.now() + POLL_MS, () =>
          workflowService.pollWorkflowTaskQueue({
            namespace,
            taskQueue: { name: this.taskQueue },
            identity: 'by hand',
          }),
        )
        .catch(() => null);
      if (task === null || task.taskToken.length === 0) continue;
      const { taskToken } = task;
      const runId = task.workflowExecution?.runId ?? '';
      if (task.query) {
        const queryResult = payloads(this.onQuery(runId));
        // Whoever has asked may have gone by now.
        await workflowService
          .respondQueryTaskCompleted({ namespace, taskToken, completedType: 1, queryResult })
          .catch(() => null);
        continue;
      }
      const events = task.history?.events ?? [];
      const input = events[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
      const commands = this.onTask({
        runId,
        input: input ? defaultPayloadConverter.fromPayload(input) : undefined,
        cancelRequested: events.some((event) => Number(event.eventType) === EVENT.cancelRequested),
        signals: events
          .filter((event) => Number(event.eventType) === EVENT.signalled)
          .map((event) => event.workflowExecutionSignaledEventAttributes?.signalName ?? ''),
      });
      // The server may refuse it, and then counts the task as failed.
      await workflowService
        .respondWorkflowTaskCompleted({ namespace, taskToken, identity: 'by hand', commands })
        .catch(() => null);
    }
  }
}
