export const GRPC = {
  invalidArgument: 3,
  notFound: 5,
  permissionDenied: 7,
  unimplemented: 12,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** The gRPC status of an error, or of what caused it; 0: it has none. */
export function grpcCode(error: unknown): number {
  const { code, cause } = error as { code?: number; cause?: { code?: number } };
  return cause?.code ?? code ?? 0;
}

/** Asking again would bring the same answer. */
export function isForbidden(error: unknown): boolean {
  const code = grpcCode(error);
  return code === GRPC.permissionDenied || code === GRPC.unimplemented;
}
