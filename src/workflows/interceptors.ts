/**
 * Keeps a run from going on with a clock that stands still. A query that waited for a worker may bring events whose workflow task
 * has not begun: the SDK runs the workflow on them at the time of the task before, and keeps what it then asks for. A
 * timer that has fired would seem to be in the future and be started again, and no replay could come to the same commands
 * (docs/decisions/0019).
 */
import type { ActivateInput, WorkflowInterceptorsFactory } from '@temporalio/workflow';
import { ASK_AGAIN } from '../contract/names';

type Timestamp = ActivateInput['activation']['timestamp'];

const nanosOf = (at: Timestamp): bigint =>
  BigInt(at?.seconds?.toString() ?? 0) * 1_000_000_000n + BigInt(at?.nanos ?? 0);

export const interceptors: WorkflowInterceptorsFactory = () => {
  let [length, time] = [0, 0n];
  return {
    internals: [
      {
        activate(input, next) {
          const { jobs, timestamp, historyLength, isReplaying } = input.activation;
          const [it, now] = [Number(historyLength ?? 0), nanosOf(timestamp)];
          const first = jobs?.find((job) => job.initializeWorkflow)?.initializeWorkflow;
          if (first) time = nanosOf(first.startTime);
          const isQuery = jobs?.every((job) => job.queryWorkflow) === true;
          // The start of a task ends its events, and sets the time. The worker forgets the run, and the task, which is on its way,
          // replays it. Where a server's clock was set back, the task fails and comes again, at a later time.
          if (!isReplaying && !isQuery && it > length && now <= time) throw new Error(ASK_AGAIN);
          [length, time] = [it, now];
          next(input);
        },
      },
    ],
  };
};
