/** How the starter reports that it cannot continue: one message, one exit code. */
import { isGrpcServiceError } from '@temporalio/client';
import type { RunIds } from '../client/errors';
import { NoOpenRun, NoRun, NotConfirmed, TemporalUnreachable } from '../client/errors';
import type { TroubleKind } from '../client/explain/connection';
import { refusalOf, sentencesOf } from '../client/explain/connection';
import { causeOf, reasonOf } from '../client/grpc';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import type { RunRef } from './link';

export class CliError extends Error {
  constructor(
    readonly exitCode: ExitCode,
    /** For machines: `error.type` of the JSON document. */
    readonly type: string,
    message: string,
    /** What is known about the run, for the JSON document. */
    readonly known: object = {},
    /** Lines for people below the message. */
    readonly details: readonly string[] = [],
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** The same error with other texts. */
  with({ message = this.message, details = this.details }: Partial<Pick<CliError, 'message' | 'details'>>) {
    return new CliError(this.exitCode, this.type, message, this.known, details, { cause: this });
  }
}

/**
 * Turns any error into one that can be shown.
 * @param refOf the ids of a run with its link; `null`: no link is known yet
 */
export function asCliError(
  error: unknown,
  where: { address: string; namespace: string } | null,
  refOf: ((run: RunIds) => RunRef) | null = null,
): CliError {
  if (error instanceof CliError) return error;
  const cause = causeOf(error);
  const options = { cause: error };
  const failed = (type: string, message: string, known: object = {}) =>
    new CliError(EXIT.starterFailed, type, message, known, [], options);
  if (error instanceof TemporalUnreachable) return failed(typeOf(error.explanation.kind), error.message);
  if (error instanceof NoRun) return failed('NoRun', error.message, { workflowId: error.workflowId });
  if (error instanceof NoOpenRun) {
    const message = `${error.message}. To see how: ecs-nics status ${error.serverId}`;
    return failed('NoOpenRun', message, refOf?.(error.run));
  }
  if (error instanceof NotConfirmed) return notConfirmed(error, failed, refOf);
  const refusal = where === null ? null : refusalOf(error, where);
  if (where !== null && refusal !== null)
    return failed(typeOf(refusal.kind), sentencesOf(refusal, where.address));
  if (isGrpcServiceError(cause))
    return failed('TemporalError', `Temporal at ${where?.address} answered: ${reasonOf(error)}.`);
  return failed('InternalError', `internal error: ${reasonOf(error)}`);
}

/** A server that answers, and refuses the caller, is not one that can't be reached. */
const TYPES: Partial<Record<TroubleKind, string>> = {
  unauthenticated: 'Unauthenticated',
  'permission-denied': 'PermissionDenied',
  'no-namespace': 'NamespaceNotFound',
};
const typeOf = (kind: TroubleKind): string => TYPES[kind] ?? 'TemporalUnreachable';

function notConfirmed(
  error: NotConfirmed,
  failed: (type: string, message: string, known?: object) => CliError,
  refOf: ((run: RunIds) => RunRef) | null,
): CliError {
  const again =
    error.what === 'start'
      ? 'The same command again is safe: it attaches to an open run of the same request.'
      : 'The same command again is safe.';
  const known = error.run === null ? { workflowId: error.workflowId } : refOf?.(error.run);
  return failed('TemporalUnreachable', `${error.message} ${again}`, known);
}
