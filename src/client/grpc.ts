/** Reads an error of Temporal: its gRPC status, whether a retry may help, and the fact on one line. */
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

/** None of these says that the call had no effect. */
const UNCLEAR: ReadonlySet<number> = new Set([
  GRPC.cancelled,
  GRPC.unknown,
  GRPC.deadlineExceeded,
  GRPC.aborted,
  GRPC.internal,
  GRPC.unavailable,
  GRPC.dataLoss,
]);

/** These are about the caller or the run: the same call gets the same answer. */
const FINAL: ReadonlySet<number> = new Set([
  GRPC.invalidArgument,
  GRPC.notFound,
  GRPC.alreadyExists,
  GRPC.permissionDenied,
  GRPC.unimplemented,
  GRPC.unauthenticated,
]);

/** The gRPC status of an error or of its cause; 0: it has none. */
export function grpcCode(error: unknown): number {
  const { code, cause } = error as { code?: number; cause?: { code?: number } };
  return cause?.code ?? code ?? 0;
}

/** The caller lacks the permission, or the server cannot answer the call at all: a retry gets the same answer. */
export function isForbidden(error: unknown): boolean {
  const code = grpcCode(error);
  return code === GRPC.permissionDenied || code === GRPC.unimplemented;
}

/** The call may have taken effect or not. */
export function isUnclear(error: unknown): boolean {
  const cause = causeOf(error);
  return isGrpcServiceError(cause) && UNCLEAR.has(Number(cause.code));
}

/** A retry may help. */
export function isPassing(error: unknown): boolean {
  if (error instanceof WorkflowNotFoundError) return false;
  const cause = causeOf(error);
  return isGrpcServiceError(cause) && !FINAL.has(cause.code);
}

/** The form in which calls below the client's own level report it. */
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
  // Errors of the worker's own client are its data structures, written out.
  const inner = /message: "([^"]+)"/.exec(text.slice(text.lastIndexOf('message: "')))?.[1];
  const words = /^(tonic|Failed to call)/.test(text) && inner !== undefined ? inner : text;
  return words.replace(/\s+/g, ' ').trim().replace(/\.$/, '');
}

/** The client wraps the server's error. */
export function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error;
}
