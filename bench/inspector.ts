/**
 * A worker's own heaps, by way of Node's inspector. The resident memory of a process depends on when V8 last found it worth
 * its while to collect garbage; only after a collection do two workers compare.
 */
import { WebSocket } from 'undici';
import type { Worker } from '../dev/worker';

/** In the worker's environment: an inspector on a free port of this machine. @param nodeOptions those that it has besides */
export const inspectable = (nodeOptions: string) => ({
  NODE_OPTIONS: `${nodeOptions} --inspect=127.0.0.1:0`.trim(),
});

interface Message {
  id?: number;
  method?: string;
  params?: { sessionId?: string; message?: string };
  result?: unknown;
  error?: { message: string };
}

type Ask = (method: string, params?: object) => Promise<unknown>;

export class Inspector {
  /** Of the main thread and of each further one: there run the workflows. */
  private readonly isolates: Ask[] = [];
  private main: Ask | null = null;

  private constructor(private readonly socket: WebSocket) {}

  /** @param worker one that was started as {@link inspectable} */
  static async attach(worker: Worker): Promise<Inspector> {
    const url = [...worker.log.matchAll(/^Debugger listening on (ws:\S+)$/gm)].at(-1)?.[1];
    if (url === undefined) throw new Error('the worker has no inspector');
    const socket = new WebSocket(url);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve());
      socket.addEventListener('error', () => reject(new Error(`no connection to the inspector at ${url}`)));
    });
    const inspector = new Inspector(socket);
    const main = channel((text) => socket.send(text));
    const threads = new Map<string, (message: Message) => void>();
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(String(data)) as Message;
      const { sessionId = '', message: inner = '' } = message.params ?? {};
      if (message.method === 'NodeWorker.attachedToWorker') {
        const send = (text: string) =>
          void main.ask('NodeWorker.sendMessageToWorker', { sessionId, message: text });
        const thread = channel(send);
        threads.set(sessionId, thread.receive);
        inspector.isolates.push(thread.ask);
      } else if (message.method === 'NodeWorker.receivedMessageFromWorker') {
        threads.get(sessionId)?.(JSON.parse(inner) as Message);
      } else {
        main.receive(message);
      }
    });
    inspector.main = main.ask;
    inspector.isolates.push(main.ask);
    await main.ask('NodeWorker.enable', { waitForDebuggerOnStart: false });
    return inspector;
  }

  /** Collects the garbage of all isolates. Returns what is in use then, in KiB. */
  async collect(): Promise<number> {
    const used = this.isolates.map(async (ask) => {
      await ask('HeapProfiler.collectGarbage');
      const { usedSize } = (await ask('Runtime.getHeapUsage')) as { usedSize: number };
      return usedSize / 1_024;
    });
    return (await Promise.all(used)).reduce((sum, kib) => sum + kib, 0);
  }

  /** The value of an expression in the main thread, as JSON can hold it. */
  async evaluate(expression: string): Promise<unknown> {
    const answer = (await this.main?.('Runtime.evaluate', { expression, returnByValue: true })) as {
      result?: { value?: unknown };
      exceptionDetails?: { text: string; exception?: { description?: string } };
    };
    const { exceptionDetails } = answer;
    if (exceptionDetails !== undefined)
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return answer.result?.value;
  }

  close(): void {
    this.socket.close();
  }
}

/** Questions and answers, told apart by their numbers. */
function channel(send: (text: string) => void): { ask: Ask; receive: (message: Message) => void } {
  const open = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  let asked = 0;
  return {
    ask: (method, params = {}) =>
      new Promise((resolve, reject) => {
        const id = ++asked;
        open.set(id, { resolve, reject });
        send(JSON.stringify({ id, method, params }));
      }),
    receive: ({ id, result, error }) => {
      const waiting = id === undefined ? undefined : open.get(id);
      if (error) waiting?.reject(new Error(error.message));
      else waiting?.resolve(result);
    },
  };
}
