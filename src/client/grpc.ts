/** What an error of Temporal says: its gRPC status, whether asking again may help, and the fact on one line. */
import { WorkflowNotFoundError, isGrpcDeadlineError, isGrpcServiceError } from '@temporalio/client';

/** `google.rpc.Code` */
export const GRPC = {
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  aborted: 10,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;

/** None of these says that nothing was done. */
const UNCLEAR: ReadonlySet<number> = new Set([
  GRPC.cancelled,
  GRPC.unknown,
  GRPC.deadlineExceeded,
  GRPC.aborted,
  GRPC.internal,
  GRPC.unavailable,
  GRPC.dataLoss,
]);

/** These are about the caller or the run: the same question gets the same answer. */
const FINAL: ReadonlySet<number> = new Set([
  GRPC.invalidArgument,
  GRPC.notFound,
  GRPC.alreadyExists,
  GRPC.permissionDenied,
  GRPC.unimplemented,
  GRPC.unauthenticated,
]);

/** The gRPC status of an error, or of what caused it; 0: it has none. */
export function grpcCode(error: unknown): number {
  const { code, cause } = error as { code?: number; cause?: { code?: number } };
  return cause?.code ?? code ?? 0;
}

/** The caller may not ask this, or the server cannot answer it at all: asking again brings the same answer. */
export function isForbidden(error: unknown): boolean {
  const code = grpcCode(error);
  return code === GRPC.permissionDenied || code === GRPC.unimplemented;
}

/** Temporal may have done what it was asked for, or not. */
export function isUnclear(error: unknown): boolean {
  const cause = causeOf(error);
  return isGrpcServiceError(cause) && UNCLEAR.has(Number(cause.code));
}

/** Asking again may help. */
export function isPassing(error: unknown): boolean {
  if (error instanceof WorkflowNotFoundError) return false;
  const cause = causeOf(error);
  return isGrpcServiceError(cause) && !FINAL.has(cause.code);
}

/** As calls below the client's own level tell it. */
export function isNotFound(error: unknown): error is Error & { details: string } {
  return isGrpcServiceError(error) && Number(error.code) === GRPC.notFound;
}

/** The fact behind an error of the client, on one line. */
export function reasonOf(error: unknown): string {
  if (isGrpcDeadlineError(error)) return 'no answer in time';
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const text = isGrpcServiceError(cause)
    ? cause.details || cause.message
    : cause instanceof Error
      ? cause.message
      : String(cause);
  return text.replace(/\s+/g, ' ').trim().replace(/\.$/, '');
}

/** The client wraps what the server has said. */
export function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error;
}
