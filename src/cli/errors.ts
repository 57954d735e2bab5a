/** How the starter says that it can't go on: one message, one exit code. */
import { NamespaceNotFoundError, isGrpcServiceError } from '@temporalio/client';
import { TemporalUnreachable, reasonOf } from '../client/connect';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';

const GRPC_NOT_FOUND = 5;
/** CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, ABORTED, INTERNAL, UNAVAILABLE, DATA_LOSS: none says that nothing was done. */
const GRPC_UNCLEAR = new Set([1, 2, 4, 10, 13, 14, 15]);

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
}

/** Every error as one that can be shown. */
export function asCliError(error: unknown, where: { address: string; namespace: string } | null): CliError {
  if (error instanceof CliError) return error;
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const options = { cause: error };
  if (error instanceof TemporalUnreachable) {
    return new CliError(EXIT.starterFailed, 'TemporalUnreachable', error.message, {}, [], options);
  }
  if (
    error instanceof NamespaceNotFoundError ||
    cause instanceof NamespaceNotFoundError ||
    (isNotFound(cause) && /^namespace\b/i.test(cause.details))
  ) {
    return new CliError(
      EXIT.starterFailed,
      'NamespaceNotFound',
      `Temporal at ${where?.address} has no namespace "${where?.namespace}". Set TEMPORAL_NAMESPACE.`,
      {},
      [],
      options,
    );
  }
  if (isGrpcServiceError(cause)) {
    const message = `Temporal at ${where?.address} answered: ${reasonOf(error)}.`;
    return new CliError(EXIT.starterFailed, 'TemporalError', message, {}, [], options);
  }
  return new CliError(
    EXIT.starterFailed,
    'InternalError',
    `internal error: ${reasonOf(error)}`,
    {},
    [],
    options,
  );
}

/** Temporal may have done what it was asked for, or not. */
export function isUnclear(error: unknown): boolean {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return isGrpcServiceError(cause) && GRPC_UNCLEAR.has(Number(cause.code));
}

/** As calls below the client's own level tell it. */
export function isNotFound(error: unknown): error is Error & { details: string } {
  return isGrpcServiceError(error) && Number(error.code) === GRPC_NOT_FOUND;
}
