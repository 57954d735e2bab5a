/** The worker as a child process that can be killed, frozen and started again. */
import { Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { until } from './ports';
import { startProgram, stop } from './processes';
import type { Finished, Running } from './processes';
import type { Temporal } from './temporal-server';

export class Worker {
  private running: Running | undefined;
  private before = '';
  private closing = false;
  private listener: (line: string) => void = () => {};

  /** `program`: below `lib/`; `node`: another Node.js. */
  constructor(
    private readonly env: NodeJS.ProcessEnv,
    private readonly program = 'worker.js',
    private readonly node = process.execPath,
  ) {}

  get pid(): number {
    return this.process.pid;
  }

  /** All that the worker has logged, over all of its lives. */
  get log(): string {
    return this.before + this.written();
  }

  /** Starts it (again). `env`: changes for this life. */
  start(env: Record<string, string> = {}): void {
    this.before = this.log;
    this.running = startProgram(this.program, [], { ...this.env, ...env }, this.node);
    for (const stream of ['stdout', 'stderr'] as const) {
      this.running.onLine(stream, (line) => this.listener(line));
    }
  }

  /** Every line of its log from now on, over all of its lives. */
  onLine(listener: (line: string) => void): void {
    this.listener = listener;
  }

  /** Waits until it has ended. `true`: by itself or by somebody's hand, not because the stack is being closed. */
  async ended(): Promise<boolean> {
    await this.process.finished;
    return !this.closing;
  }

  /** As a crash does it: no handler runs. */
  async kill(): Promise<void> {
    await stop(this.process.child, 0);
  }

  /** As a frozen host does it: time goes on, the process does not. */
  freeze(): void {
    this.process.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.process.child.kill('SIGCONT');
  }

  /** As a deployment does it: drains and ends. */
  async terminate(graceMs = 30_000): Promise<Finished> {
    await stop(this.process.child, graceMs);
    return this.process.finished;
  }

  async close(): Promise<void> {
    this.closing = true;
    if (this.running) await stop(this.running.child, 8_000);
  }

  /** Waits until the server sees it poll; throws with its output when it ends or takes longer than 60 s. */
  async ready(temporal: Temporal, taskQueue: string): Promise<void> {
    const { child } = this.process;
    const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars: temporal.env });
    const connection = await Connection.connect(connectionOptions);
    try {
      const polled = async () => {
        const answer = await connection.workflowService.describeTaskQueue({
          namespace: namespace ?? 'default',
          taskQueue: { name: taskQueue },
          taskQueueType: 1,
        });
        return (answer.pollers ?? []).some((poller) => poller.identity?.startsWith(`${child.pid}@`) ?? false);
      };
      const ended = () => child.exitCode !== null || child.signalCode !== null;
      if (!(await until(polled, 60_000, ended))) {
        throw new Error(
          `The worker ${ended() ? 'ended' : 'does not poll'}:\n${this.written().slice(-4_000)}`,
        );
      }
    } finally {
      await connection.close();
    }
  }

  private written(): string {
    return this.running ? this.running.stdout() + this.running.stderr() : '';
  }

  private get process(): Running {
    if (!this.running) throw new Error('The worker has not been started.');
    return this.running;
  }
}
