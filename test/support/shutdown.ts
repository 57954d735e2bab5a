import { onTestFinished } from 'vitest';
import { Shutdown } from '../../src/worker/shutdown';

/** A shutdown that this test alone asks for. */
export function shutdownOf(graceMs: number): Shutdown {
  const signals = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGUSR2'] as const;
  const before = signals.map((signal) => process.listeners(signal));
  const shutdown = new Shutdown(graceMs);
  onTestFinished(() => {
    signals.forEach((signal, index) => {
      for (const listener of process.listeners(signal)) {
        if (!before[index]?.includes(listener)) process.off(signal, listener);
      }
    });
  });
  return shutdown;
}
