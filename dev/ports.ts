import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOPBACK = '127.0.0.1';

/** The wanted port when it is free, else any free one. */
export async function freePort(wanted = 0): Promise<number> {
  return (await bindable(wanted)) ?? (await bindable(0)) ?? 0;
}

function bindable(port: number): Promise<number | undefined> {
  return new Promise((fulfil) => {
    const server = createServer();
    server.once('error', () => fulfil(undefined));
    server.listen(port, LOOPBACK, () => {
      const address = server.address();
      server.close(() => fulfil(typeof address === 'object' ? address?.port : undefined));
    });
  });
}

/** Does something accept connections there? A plain probe: gRPC clients wait a second after each refusal. */
export function accepts(host: string, port: number, timeoutMs = 1_000): Promise<boolean> {
  return new Promise((fulfil) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const done = (answer: boolean) => {
      socket.destroy();
      fulfil(answer);
    };
    socket.once('connect', () => done(true));
    socket.once('timeout', () => done(false));
    socket.once('error', () => done(false));
  });
}

/** Asks every 20 ms until the answer is yes; no, when that takes too long or `givenUp` says so. */
export async function until(
  ask: () => Promise<boolean>,
  timeoutMs: number,
  givenUp: () => boolean = () => false,
): Promise<boolean> {
  const end = Date.now() + timeoutMs;
  while (!(await ask())) {
    if (givenUp() || Date.now() > end) return false;
    await sleep(20);
  }
  return true;
}
