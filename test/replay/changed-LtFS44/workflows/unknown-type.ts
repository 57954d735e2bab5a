import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import { FAILURE_TYPE, WORKFLOW_TYPE } from '../contract/names';
import { plain } from './run/details';

/**
 * Answers an unknown workflow type, for example a mistyped one. Without this function the workflow task would fail for
 * ever, and the run would hang without a message.
 */
export async function unknownType(): Promise<never> {
  throw ApplicationFailure.nonRetryable(
    `there is no workflow type ${JSON.stringify(plain(workflowInfo().workflowType))} here, only ` +
      `${Object.values(WORKFLOW_TYPE).join(' and ')}: nothing was changed`,
    FAILURE_TYPE.invalidInput,
  );
}
