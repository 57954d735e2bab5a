import { ApplicationFailure } from '@temporalio/activity';
import { ACTIVITY_FAILURE } from '../agreement';

/** Temporal warns above 256 KB a payload; the largest real answer, an inspection of 12 NICs, has some 20 KB. */
const MAX_BYTES = 200_000;

/** A larger answer is rubbish, and must fill neither the history nor the document. */
export function bounded<T extends object>(answer: T): T {
  const bytes = Buffer.byteLength(JSON.stringify(answer));
  if (bytes <= MAX_BYTES) return answer;
  throw ApplicationFailure.nonRetryable(
    `the cloud's answer is larger than any real one (${bytes} bytes)`,
    ACTIVITY_FAILURE.unavailable,
  );
}
