/**
 * Scenarios that wait more than they work: all are begun at once on one server and one cloud, and each test waits for the
 * end of its own. An attempt's minute is so waited for once, not once a scenario.
 */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Simulator } from '../../dev/simulator';
import { startSimulator } from '../../dev/simulator';
import type { Temporal } from '../../dev/temporal-server';
import { startTemporal } from '../../dev/temporal-server';
import type { Bed, Judged, Run } from './moments';
import { judge } from './moments';
import type { WatchedStack } from './watched-stack';
import { startStack } from './watched-stack';

export interface WorkerBed extends Bed {
  stack: WatchedStack;
}

interface Closable {
  close(): Promise<unknown>;
}

export class Scenarios {
  private readonly plays = new Map<string, () => Promise<void>>();
  private readonly opened: Closable[] = [];
  private readonly counts = new Map<string, number>();
  private shared: { temporal: Temporal; simulator: Simulator } | undefined;

  add(name: string, play: () => Promise<void>): void {
    this.plays.set(name, play);
  }

  /** Closed at the end, the last one first. */
  keep<T extends Closable>(it: T): T {
    this.opened.push(it);
    return it;
  }

  /** In the place of one that is gone: what stands on it is closed before it. */
  keepInstead<T extends Closable>(gone: Closable, it: T): T {
    this.opened.splice(this.opened.indexOf(gone), 1, it);
    return it;
  }

  /** Told at the end. */
  count(what: string, times = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + times);
  }

  get temporal(): Temporal {
    return this.started.temporal;
  }

  get simulator(): Simulator {
    return this.started.simulator;
  }

  /** Queues of their own, and a worker. */
  async bed(
    label: string,
    workerEnv: Record<string, string>,
    temporal = this.temporal,
    simulator = this.simulator,
  ): Promise<WorkerBed> {
    const stack = this.keep(await startStack({ label, temporal, simulator, workerEnv }));
    const connection = this.keep(await Connection.connect({ address: temporal.address }));
    const client = new Client({ connection, namespace: temporal.namespace });
    return { stack, simulator, client, taskQueue: stack.taskQueue };
  }

  /** In the order of the runs. */
  async judge(bed: Bed, runs: readonly Run[]): Promise<Judged[]> {
    const judged = await Promise.all(runs.map((run) => judge(bed, run)));
    this.count('runs', runs.length);
    this.count('deletions of unknown fate', 0);
    for (const { document } of judged) {
      this.count('deletions of unknown fate', document.submissions - document.jobs.length);
    }
    return judged;
  }

  /** Makes tests of them. `only`: those whose names match. */
  register(title: string, { only = /./, timeout = 480_000 } = {}): void {
    const names = [...this.plays.keys()].filter((name) => only.test(name));
    const ends = new Map<string, Promise<void>>();
    beforeAll(async () => {
      const [temporal, simulator] = await Promise.all([startTemporal(), startSimulator()]);
      this.shared = { temporal: this.keep(temporal), simulator: this.keep(simulator) };
      for (const name of names) {
        const end = this.plays.get(name)!();
        // Told by its own test, which may come to wait for it only later.
        end.catch(() => undefined);
        ends.set(name, end);
      }
    });
    afterAll(async () => {
      const { violations } = await this.simulator.get<{ violations: unknown[] }>('/_sim/invariants');
      const counts = [...this.counts, ['violations of the cloud’s rules', violations.length] as const];
      const told = counts.map(([what, count]) => `${count} ${what}`).join(', ');
      process.stdout.write(`[${title}] ${names.length} scenarios, ${told}\n`);
      while (this.opened.length > 0) await this.opened.pop()?.close();
      expect(violations).toEqual([]);
    });
    describe(title, () => {
      it.each(names)('%s', { timeout }, async (name) => {
        await ends.get(name);
      });
    });
  }

  private get started(): { temporal: Temporal; simulator: Simulator } {
    if (this.shared === undefined) throw new Error('Nothing is started before the first test.');
    return this.shared;
  }
}
