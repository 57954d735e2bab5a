/** What the sender of a message is told when the run does not take it. */
import { ApplicationFailure } from '@temporalio/workflow';
import { FAILURE_TYPE, NOT_APPLICABLE } from '../../contract/names';
import { plain } from './details';
import { Unreadable } from './payload-converter';

/** The argument can't be right, whatever the run is doing. */
export function invalidArgument(problems: readonly string[]): ApplicationFailure {
  return ApplicationFailure.nonRetryable(problems.join('; '), FAILURE_TYPE.invalidInput);
}

/** The message does not apply now. */
export function notApplicable(why: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`nothing was changed by this: ${why}`, NOT_APPLICABLE);
}

/** The argument, if it could be read. Throws what the sender is told. */
export function readable(argument: unknown): unknown {
  if (argument instanceof Unreadable) throw invalidArgument([`the argument ${plain(argument.problem)}`]);
  return argument;
}
