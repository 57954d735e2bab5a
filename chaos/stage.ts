/** What a campaign is played on: Temporal on a database file, the simulated cloud, three workers, and a proxy on every way between two of them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { freePort } from '../dev/ports';
import { cleanEnvironment } from '../dev/processes';
import { Proxy } from '../dev/proxy';
import type { Simulator } from '../dev/simulator';
import { cloudSettings, startSimulator } from '../dev/simulator';
import type { Temporal, TemporalOptions } from '../dev/temporal-server';
import { startTemporal } from '../dev/temporal-server';
import { Worker } from '../dev/worker';
import type { CutMode, Disturbance, LinkKind } from './plan';
import { WORKERS } from './plan';

export type Subject = 'ours' | 'naive';

/** Above what the Temporal server can carry on two cores: the rate is no subject here. */
const CLOUD_RPS = '100';

/** What was done to the stage, in epoch ms: a run that was under way then may have noticed. */
export interface Trouble {
  what: string;
  from: number;
  until: number;
}

interface Place {
  worker: Worker;
  temporal: Proxy;
  /** Ended by us, and not started again yet. */
  down: boolean;
}

export class Stage {
  readonly troubles: Trouble[] = [];
  /** Workers that ended without being killed, e.g. since Temporal was not to be reached for a minute. */
  endedThemselves = 0;
  private places: Place[] = [];
  private closing = false;
  /** One thing at a time happens to a part of the stage. */
  private readonly lanes = new Map<string, Promise<void>>();

  private constructor(
    readonly subject: Subject,
    readonly taskQueue: string,
    readonly simulator: Simulator,
    private temporal: Temporal,
    private readonly temporalOptions: TemporalOptions,
    private readonly clientLink: Proxy,
    /** Of all workers: the address of the cloud is part of the place that a run is meant for, so they must have the same. */
    private readonly cloudLink: Proxy,
    private readonly connection: Connection,
    private readonly folder: string,
  ) {}

  static async open(subject: Subject, seed: number, env: NodeJS.ProcessEnv = process.env): Promise<Stage> {
    const folder = mkdtempSync(join(tmpdir(), 'ecs-nics-chaos-'));
    const opened: { close(): Promise<unknown> }[] = [];
    const keep = <T extends { close(): Promise<unknown> }>(it: T): T => {
      opened.push(it);
      return it;
    };
    try {
      // A server of somebody else's can't be killed.
      const options = {
        env: { ...env, TEMPORAL_ADDRESS: undefined },
        port: await freePort(),
        dbFilename: join(folder, 'temporal.db'),
      };
      const [temporal, simulator] = await Promise.all([
        startTemporal(options).then(keep),
        startSimulator(['--seed', String(seed)]).then(keep),
      ]);
      const clientLink = keep(await Proxy.open(temporal.address));
      const cloudLink = keep(await Proxy.open(new URL(simulator.url).host));
      const connection = keep(await Connection.connect({ address: clientLink.address }));
      const queue = `ecs-nics-chaos-${process.pid}`;
      const stage = new Stage(
        subject,
        queue,
        simulator,
        temporal,
        options,
        clientLink,
        cloudLink,
        connection,
        folder,
      );
      for (let n = 0; n < WORKERS; n++) stage.places.push(await stage.placeFor());
      // One is enough to begin with: the server's list of pollers may lack the others for a minute, until they poll anew.
      await Promise.any(stage.places.map((place) => stage.start(place, true)));
      return stage;
    } catch (error) {
      while (opened.length > 0) await opened.pop()?.close();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Through the link that is cut at times. */
  get client(): Client {
    return new Client({ connection: this.connection, namespace: this.temporal.namespace });
  }

  get logs(): string[] {
    return this.places.map(({ worker }) => worker.log);
  }

  /** Does that to a part of the stage, as soon as it has been let go of by what came before. Resolves when it is over. */
  disturb(what: Exclude<Disturbance, { kind: 'weather' }>): Promise<void> {
    const place = this.places['worker' in what ? what.worker : 0];
    if (place === undefined) throw new Error('no such worker');
    switch (what.kind) {
      case 'kill':
        return this.inLane(`worker ${what.worker}`, 'kill of a worker', async () => {
          place.down = true;
          await place.worker.kill();
          await sleep(what.ms);
          await this.start(place);
        });
      case 'freeze':
        return this.inLane(`worker ${what.worker}`, 'freeze of a worker', async () => {
          place.worker.freeze();
          await sleep(what.ms);
          place.worker.thaw();
        });
      case 'kill-temporal':
        return this.inLane('temporal', 'kill of Temporal', async () => {
          const { pid } = this.temporal;
          if (pid !== undefined) process.kill(pid, 'SIGKILL');
          await sleep(what.ms);
          this.temporal = await startTemporal(this.temporalOptions);
          // Mostly the same port; another one when somebody took it meanwhile.
          for (const link of [this.clientLink, ...this.places.map(({ temporal }) => temporal)])
            link.leadTo(this.temporal.address);
        });
      case 'cut': {
        const link = this.linkOf(what.link, place);
        const lane = what.link === 'worker-temporal' ? `${what.link} ${what.worker}` : what.link;
        return this.inLane(lane, `${what.link} ${nameOf(what.mode)}`, async () => {
          link.mode = what.mode;
          await sleep(what.ms);
          await link.heal();
        });
      }
    }
  }

  /** Resolves when nothing that was done to the stage goes on any more, and all workers are up. */
  async heal(): Promise<void> {
    await Promise.all(this.lanes.values());
    await Promise.all(this.places.filter(({ down }) => down).map((place) => this.start(place)));
  }

  async close(): Promise<void> {
    this.closing = true;
    await Promise.allSettled(this.lanes.values());
    await Promise.all(this.places.map(({ worker }) => worker.close()));
    await this.connection.close();
    const links = [this.clientLink, this.cloudLink, ...this.places.map(({ temporal }) => temporal)];
    await Promise.all(links.map((link) => link.close()));
    await this.temporal.close();
    await this.simulator.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private linkOf(kind: LinkKind, place: Place): Proxy {
    if (kind === 'client-temporal') return this.clientLink;
    return kind === 'worker-temporal' ? place.temporal : this.cloudLink;
  }

  private async placeFor(): Promise<Place> {
    const { simulator, temporal, subject } = this;
    const link = await Proxy.open(temporal.address);
    const env = {
      ...temporal.env,
      TEMPORAL_ADDRESS: link.address,
      ECS_NICS_TASK_QUEUE: this.taskQueue,
      ECS_NICS_CLOUD_RPS: CLOUD_RPS,
      ...cloudSettings({ ...simulator, url: `http://${this.cloudLink.address}` }),
      ...(subject === 'ours'
        ? {
            ECS_NICS_HEALTH_ADDRESS: 'off',
            ECS_NICS_METRICS_ADDRESS: 'off',
            ECS_NICS_LOG_FORMAT: 'json',
            ECS_NICS_SHUTDOWN_GRACE: '2s',
          }
        : {}),
    };
    const program = subject === 'ours' ? 'worker.js' : 'bench/naive/worker.js';
    const worker = new Worker(cleanEnvironment(process.env, env), program);
    return { worker, temporal: link, down: true };
  }

  private async start(place: Place, wait = false): Promise<void> {
    place.worker.start();
    place.down = false;
    const { pid } = place.worker;
    // As a supervisor does it.
    void place.worker.ended().then(async (byItself) => {
      if (!byItself || place.down || this.closing || place.worker.pid !== pid) return;
      this.endedThemselves += 1;
      await sleep(500);
      if (!this.closing && !place.down && place.worker.pid === pid) await this.start(place);
    });
    if (wait) await place.worker.ready(this.temporal, this.taskQueue);
  }

  private inLane(lane: string, what: string, act: () => Promise<void>): Promise<void> {
    const before = this.lanes.get(lane) ?? Promise.resolve();
    const done = before.then(async () => {
      if (this.closing) return;
      const trouble = { what, from: Date.now(), until: Infinity };
      this.troubles.push(trouble);
      await act();
      trouble.until = Date.now();
    });
    this.lanes.set(
      lane,
      done.catch(() => undefined),
    );
    return done;
  }
}

function nameOf(mode: CutMode): string {
  return mode === 'cut' ? 'cut' : `cut (${mode})`;
}
