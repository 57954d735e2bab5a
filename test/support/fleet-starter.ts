/** The commands about decommission runs, each a process of its own, and lists for them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Finished } from '../../dev/processes';
import type { Stack } from '../../dev/stack';
import type { DecommissionStatus, ListedServer } from '../../src/contract';
import { posts, TIMING } from './e2e';

export type Answer = Partial<DecommissionStatus> & {
  workflowId: string;
  runId: string;
  url: string;
  error?: { type: string; message: string };
};

export const BY = ['--by', 'tester', '--reason', 'a test'];
export const SETTINGS = [
  ...['--max-servers', '1000', '--undo-window', '0s'],
  ...['--timing', JSON.stringify(TIMING)],
];

export class FleetStarter {
  private constructor(
    private readonly stack: Stack,
    readonly folder: string,
  ) {}

  static async on(stack: Stack): Promise<FleetStarter> {
    return new FleetStarter(stack, await mkdtemp(join(tmpdir(), 'ecs-nics-list-')));
  }

  close(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }

  run(...args: string[]): Promise<Finished> {
    return this.stack.starter(['decommission', ...args]);
  }

  /** Exactly one document on standard output, whatever happens. */
  async json<A = Answer>(...args: string[]): Promise<{ code: number | null; answer: A; stderr: string }> {
    const { code, stdout, stderr } = await this.run(...args, '--json');
    return { code, answer: JSON.parse(stdout) as A, stderr };
  }

  async list(name: string, lines: readonly string[]): Promise<string> {
    const file = join(this.folder, name);
    await writeFile(file, `${lines.join('\n')}\n`);
    return file;
  }

  asLines(name: string, servers: readonly ListedServer[]): Promise<string> {
    return this.list(
      name,
      servers.map((server) => JSON.stringify(server)),
    );
  }

  async start(name: string, servers: readonly ListedServer[], ...more: string[]): Promise<Finished> {
    return this.run('start', await this.asLines(name, servers), '--run', name, ...SETTINGS, ...more);
  }

  /** Starts a run and lets its plan be approved, if it has the counts of the list. */
  approved(name: string, servers: readonly ListedServer[], ...more: string[]): Promise<Finished> {
    const nics = servers.reduce((sum, server) => sum + server.nics.length, 0);
    const asked = ['--requested-by', 'tester', '--reason', 'a test'];
    const counts = `servers=${servers.length},nics=${nics}`;
    return this.start(name, servers, ...asked, '--approve-if', counts, ...more);
  }

  /** How many deletions were sent for each server. */
  sent(servers: readonly ListedServer[]): Promise<number[]> {
    return Promise.all(servers.map(({ serverId }) => posts(this.stack.simulator, serverId)));
  }

  /** The next deletion on the server leaves its first NIC there. */
  fails({ serverId }: ListedServer): Promise<unknown> {
    return this.stack.simulator.post('/_sim/faults', {
      match: { class: 'delete', serverId },
      what: { kind: 'partial-failure', nics: [1] },
      times: 1,
    });
  }
}
