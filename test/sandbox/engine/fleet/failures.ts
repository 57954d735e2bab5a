/** Failures that the server itself makes, as a worker gets them. */
import type { temporal } from '@temporalio/proto';
import type { Execution } from './execution';

type Failure = temporal.api.failure.v1.IFailure;

const childFailure = ({ info }: Execution, message: string, cause: Failure): Failure => ({
  message,
  childWorkflowExecutionFailureInfo: {
    namespace: 'default',
    workflowExecution: { workflowId: info.workflowId, runId: info.runId },
    workflowType: { name: info.workflowType },
  },
  cause,
});

/** What the starter of a run is told of its end. */
export const childEnd = {
  failed: (run: Execution, failure: Failure) => ({
    failed: { failure: childFailure(run, 'Child Workflow execution failed', failure) },
  }),
  cancelled: (run: Execution) => ({
    cancelled: {
      failure: childFailure(run, 'Child Workflow execution canceled', {
        message: 'Workflow canceled',
        canceledFailureInfo: {},
      }),
    },
  }),
  terminated: (run: Execution) => ({
    failed: {
      failure: childFailure(run, 'Child Workflow execution terminated', {
        message: 'Workflow execution terminated',
        terminatedFailureInfo: {},
      }),
    },
  }),
};

export const signalNotDelivered: Failure = {
  message: 'Unable to signal external workflow because it was not found',
  applicationFailureInfo: { type: 'ExternalWorkflowExecutionNotFound', nonRetryable: true },
};

export const signalCancelled: Failure = {
  message: 'Signal was cancelled before being sent',
  canceledFailureInfo: {},
};
