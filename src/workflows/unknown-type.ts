import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import { FAILURE_TYPE, WORKFLOW_TYPE } from '../contract/names';
import { plain } from './run/details';
import { tell } from './run/tell';

/**
 * Answers an unknown workflow type, for example a mistyped one. Without this function the workflow task would fail for
 * ever, and the run would hang without a message.
 */
export async function unknownType(): Promise<never> {
  const message =
    `there is no workflow type ${JSON.stringify(plain(workflowInfo().workflowType))} here, only ` +
    `${Object.values(WORKFLOW_TYPE).join(' and ')}: nothing was changed`;
  tell('run.ended', { outcome: 'invalid-input', message });
  throw ApplicationFailure.nonRetryable(message, FAILURE_TYPE.invalidInput);
}
