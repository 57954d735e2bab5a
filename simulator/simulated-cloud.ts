import type { AccessKey, Token } from './identity/auth';
import { Gatekeeper } from './identity/auth';
import { Builder } from './control/builder';
import type { AdjustableClock } from './world/clock';
import { Faults } from './world/faults';
import type { User } from './identity/iam';
import { Iam } from './identity/iam';
import { JobEngine } from './compute/jobs';
import type { Knobs } from './knobs';
import { defaultKnobs } from './knobs';
import { Ledger } from './world/ledger';
import { Metadata } from './identity/metadata-service';
import { Quota } from './world/quota';
import type { ServerSpec } from './control/specs';
import { World } from './world/world';

export interface CloudSettings {
  projectId: string;
  /** Further projects of the account, in which nothing exists at first. */
  otherProjects: readonly string[];
  region: string;
  seed: number;
  keys: readonly AccessKey[];
  tokens: readonly Token[];
  users: readonly User[];
  knobs: Partial<Knobs>;
  servers: readonly ServerSpec[];
}

/** All state of one simulated cloud in one place, so that a reset is a new one of each. */
export class Cloud {
  readonly ledger: Ledger;
  readonly faults: Faults;
  readonly quota: Quota;
  knobs!: Knobs;
  world!: World;
  jobs!: JobEngine;
  builder!: Builder;
  gatekeeper!: Gatekeeper;
  iam!: Iam;
  metadata!: Metadata;
  /** The other projects, each with servers and ports of its own; ledger, faults, quota and knobs are one. */
  private readonly neighbours: readonly Cloud[];
  readonly isNeighbour: boolean;
  private windows = new Map<string, { start: number; calls: number }>();

  constructor(
    readonly settings: CloudSettings,
    readonly clock: AdjustableClock,
    shared?: Pick<Cloud, 'ledger' | 'faults' | 'quota'>,
  ) {
    this.isNeighbour = shared !== undefined;
    this.ledger = shared?.ledger ?? new Ledger(settings.seed);
    this.faults = shared?.faults ?? new Faults(settings.seed);
    this.quota = shared?.quota ?? new Quota();
    this.neighbours = settings.otherProjects.map(
      (projectId, n) =>
        new Cloud(
          // No id of one project may mean anything in another.
          { ...settings, projectId, otherProjects: [], servers: [], seed: settings.seed + n + 1 },
          clock,
          this,
        ),
    );
    this.reset();
  }

  /** The cloud as a call for that project meets it; of an unknown project: as it is. */
  ofProject(projectId: string | undefined): Cloud {
    return this.neighbours.find(({ settings }) => settings.projectId === projectId) ?? this;
  }

  /** Back to the beginning: the same servers with the same ids. The clock goes on. */
  reset(): void {
    const { seed, keys, tokens, users } = this.settings;
    const knobs = () => this.knobs;
    this.ledger.clear();
    this.faults.clear();
    this.quota.clear();
    this.windows.clear();
    this.knobs = { ...defaultKnobs(), ...structuredClone(this.settings.knobs) };
    this.world = new World(seed, this.ledger, () => this.knobs.setLagSeconds * 1000);
    this.jobs = new JobEngine(seed, this.world, this.ledger, knobs);
    this.builder = new Builder(seed, this.world, knobs);
    this.gatekeeper = new Gatekeeper([...keys], [...tokens], knobs);
    this.iam = new Iam(seed, [...users], this.settings, this.gatekeeper, knobs);
    this.metadata = new Metadata(seed, this.gatekeeper, knobs);
    for (const spec of this.settings.servers) this.builder.server(spec, this.clock.now());
    for (const neighbour of this.neighbours) {
      neighbour.reset();
      neighbour.knobs = this.knobs;
    }
  }

  /** The present, with everything carried out that was due before it. */
  now(): number {
    const now = this.clock.now();
    this.world.agenda.settle(now);
    return now;
  }

  /** Whether the project may have one port more. Assumption: it counts every port there is. */
  withinPortQuota(): boolean {
    const { portQuota } = this.knobs;
    if (portQuota === null) return true;
    const live = [...this.world.ports.values()].filter((port) => port.deletedAt === null);
    return live.length < portQuota;
  }

  /** Counts a call against its API's limit; false: above it. */
  withinLimit(api: string, throttle: { limit: number; minutes: number }, now: number): boolean {
    const length = throttle.minutes * 60_000;
    const window = this.windows.get(api);
    if (!window || now >= window.start + length) {
      this.windows.set(api, { start: now, calls: 1 });
      return true;
    }
    window.calls += 1;
    return window.calls <= throttle.limit;
  }
}
