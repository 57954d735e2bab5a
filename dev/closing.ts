import type { Stack } from './stack';

const asTheSignalWould = (signal: NodeJS.Signals): unknown => process.kill(process.pid, signal);

/** Ctrl-C and SIGTERM close the stack in order, then end us; a second one ends us at once. Returns how to undo this. */
export function closeOnSignals(stack: Pick<Stack, 'close'>, end = asTheSignalWould): () => void {
  const handlers = (['SIGINT', 'SIGTERM'] as const).map((signal) => {
    const handler = () => {
      release();
      void stack.close().finally(() => end(signal));
    };
    process.once(signal, handler);
    return [signal, handler] as const;
  });
  const release = () => handlers.forEach(([signal, handler]) => process.removeListener(signal, handler));
  return release;
}
