import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import { FAILURE_TYPE, WORKFLOW_TYPE } from '../contract/names';
import { plain } from './run/details';

/** A type that is none of ours, mistyped say: by itself its task would fail for ever, and the run hang without a word. */
export async function unknownType(): Promise<never> {
  throw ApplicationFailure.nonRetryable(
    `there is no workflow type ${JSON.stringify(plain(workflowInfo().workflowType))} here, only ` +
      `${Object.values(WORKFLOW_TYPE).join(' and ')}: nothing was changed`,
    FAILURE_TYPE.invalidInput,
  );
}
