/** A stack whose runs take NICs off and put them back, and what the starter says of it. */
import { Client, Connection } from '@temporalio/client';
import { expect } from 'vitest';
import type { NicOutcome, ResultDocument } from '../../src/contract';
import type { Finished } from '../../dev/processes';
import type { StackOptions } from '../../dev/stack';
import { differences } from '../../simulator';
import { TIMING } from './e2e';
import type { WorkerBed } from './scenarios';
import { startStack } from './watched-stack';
import type { WayBack } from './ways-back';
import { lostPorts, settled, startDeletion, stateOf, WHO } from './ways-back';

export type Answer = Partial<ResultDocument> & {
  runId: string;
  failure?: { type: string; message: string };
  error?: { type: string; message: string };
};

export interface End {
  code: number | null;
  answer: Answer;
  stderr: string;
}

export const endOf = ({ code, stdout, stderr }: Finished): End => ({
  code,
  answer: JSON.parse(stdout) as Answer,
  stderr,
});
export const outcomes = ({ nics }: Partial<ResultDocument>): NicOutcome[] =>
  nics?.map(({ outcome }) => outcome) ?? [];

export const BY_WHOM = ['--by', WHO.by, '--reason', WHO.reason];
export const PACE = ['--timing', JSON.stringify(TIMING)];

type Server = Pick<WayBack, 'before' | 'serverId' | 'targets'>;

export class UndoStack {
  private constructor(
    readonly bed: WorkerBed,
    private readonly connection: Connection,
  ) {}

  static async start(label: string, options: StackOptions = {}): Promise<UndoStack> {
    const stack = await startStack({ label, workerEnv: { ECS_NICS_CLOUD_RPS: '50' }, ...options });
    const { simulator, taskQueue, temporal } = stack;
    const connection = await Connection.connect({ address: temporal.address });
    const client = new Client({ connection, namespace: temporal.namespace });
    return new UndoStack({ stack, simulator, client, taskQueue }, connection);
  }

  /** The starter, to its end. */
  async json(args: string[]): Promise<End> {
    return endOf(await this.bed.stack.starter([...args, '--json']));
  }

  ask(command: 'undo' | 'commit', { serverId }: Server): Promise<End> {
    return this.json([command, serverId, ...BY_WHOM]);
  }

  restore({ serverId }: Server, ...more: string[]): Promise<End> {
    return this.json(['restore', serverId, ...more, ...BY_WHOM, ...PACE]);
  }

  /** A server with two NICs to go, and no run that has changed anything yet. */
  async server(): Promise<Server> {
    const way = await startDeletion(this.bed, 'planned', { dryRun: true });
    await way.handle.result();
    return way;
  }

  async openWindow(name: string, request: object = {}): Promise<WayBack> {
    const way = await startDeletion(this.bed, name, { undoWindow: '1 hour', ...request });
    await settled(way);
    return way;
  }

  async deleted(name: string): Promise<WayBack> {
    const way = await startDeletion(this.bed, name, {});
    await way.handle.result();
    return way;
  }

  async expectUnchanged({ serverId, before }: Server): Promise<void> {
    expect(differences(before, await stateOf(this.bed, serverId))).toEqual([]);
  }

  async close(): Promise<void> {
    const lost = await lostPorts(this.bed);
    await this.connection.close();
    await this.bed.stack.close();
    expect(lost, 'ports made and attached to nothing').toEqual([]);
  }
}
