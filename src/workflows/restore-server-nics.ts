import { ApplicationFailure } from '@temporalio/workflow';
import { FAILURE_TYPE } from '../contract/names';

/** The later restore shares the server's workflow id; until it is built it is refused by name. */
export async function restoreServerNics(): Promise<never> {
  throw ApplicationFailure.nonRetryable(
    'restoreServerNics is not supported yet: nothing was changed',
    FAILURE_TYPE.invalidInput,
  );
}
