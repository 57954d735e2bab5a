/** The client that loads the list, and the people who look at the run and do something about it: in the end always something that ends it. */
import type { DecommissionStatus, PagePlan, PlanDocument } from '../../../../src/contract/decommission/types';
import type { UpdateRecord } from '../../engine/fleet/record';
import type { FleetServer } from '../../engine/fleet/server';
import type { FleetPlan, MessagePlan, OutsidePlan } from './plan';
import type { Stage } from './stage';

export const RUN = 'run-1';
export const RUN_ID = `decommission/${RUN}`;
export const pageId = (page: number) => `${RUN_ID}/pages/${page}`;

const WHO = { by: 'ops', reason: 'as planned' };
/** After so many looks nobody has any more patience. */
const PATIENCE = 45;
const SLOWER_AFTER = 12;
const SLOWEST_MS = 60_000;

export interface SeenStatus {
  at: number;
  status: DecommissionStatus;
}

export class Operator {
  readonly statuses: SeenStatus[] = [];
  /** By number, as read when the plan stood or before the page was ended from outside. */
  readonly pagePlans = new Map<number, PagePlan>();
  planDocument: PlanDocument | null = null;
  private readonly seen = new Set<string>();
  private looks = 0;
  private stops = 0;
  private pausedSince = Infinity;
  private approving = false;
  private begun = false;
  private waiting: UpdateRecord | null = null;

  constructor(
    private readonly plan: FleetPlan,
    private readonly server: FleetServer,
    private readonly stage: Stage,
  ) {}

  begin(): void {
    const { plan, server } = this;
    this.load();
    this.cameTo(null);
    server.timeline.put(server.now + plan.watchMs, () => this.look());
  }

  private load(): void {
    const { plan, server, stage } = this;
    const { load } = plan;
    const numbers = plan.pages.map((_, page) => page);
    if (load.shuffled) numbers.reverse();
    const send = (page: number, servers: unknown) => this.update('load', { page, servers });
    const listOf = (page: number) =>
      stage.servers.filter((each) => each.page === page).map(({ listed }) => listed);
    let at = server.now + 10;
    for (const page of numbers) {
      server.timeline.put(at, () => void send(page, listOf(page)));
      if (load.twice && page === 0) server.timeline.put(at + 5, () => void send(page, listOf(page)));
      at += load.gapMs;
    }
    if (load.wrongCount)
      server.timeline.put(
        at + 100,
        () => void this.update('loaded', { pages: plan.pages.length, servers: 99 }),
      );
    let other = load.other && plan.pages.length > 1 ? (stage.servers[0] ?? null) : null;
    const close = () => {
      if (!server.isOpen(RUN_ID)) return;
      const loads = server.record.updates.filter(({ name }) => name === 'load');
      const isThere = loads.every(({ answer }) => answer !== null);
      if (isThere && other !== null) {
        // Another list under a number that is taken.
        send(1, [other.listed]);
        other = null;
      }
      if (isThere) this.update('loaded', { pages: plan.pages.length, servers: plan.servers.length });
      else server.timeline.put(server.now + 300, close);
    };
    server.timeline.put(at + 400, close);
  }

  private update(name: string, argument: unknown): UpdateRecord {
    return this.server.update(RUN_ID, name, argument);
  }

  /** Looks at the status, and does what has to be done. */
  private async look(): Promise<void> {
    const { server, plan } = this;
    if (!server.isOpen(RUN_ID)) return;
    this.looks += 1;
    const { silences } = server.timeline;
    const isAway = silences.some(({ from, until }) => server.now >= from && server.now < until);
    const status = isAway
      ? undefined
      : ((await server.query(RUN_ID, 'status')) as DecommissionStatus | undefined);
    if (status !== undefined) {
      this.statuses.push({ at: server.now, status });
      await this.react(status);
      this.cameTo(status.phase);
    }
    const ms = this.looks > SLOWER_AFTER ? Math.min(SLOWEST_MS, plan.watchMs * 3) : plan.watchMs;
    server.timeline.put(server.now + ms, () => this.look());
  }

  private async react(status: DecommissionStatus): Promise<void> {
    const { plan, server } = this;
    const { phase } = status;
    if (phase === 'planned' && !this.approving) {
      this.approving = true;
      await this.readPlan();
      if (plan.approveMs !== null) server.timeline.put(server.now + plan.approveMs, () => this.approve());
    }
    if (this.waiting !== null && this.waiting.answer === null) return;
    const isLate = this.looks > PATIENCE;
    this.pausedSince = phase === 'paused' ? Math.min(this.pausedSince, server.now) : Infinity;
    if (phase === 'paused') {
      const isOver = server.now >= this.pausedSince + plan.pausedMs;
      if (isLate || isOver)
        this.waiting = this.update(isLate && status.next.includes('abort') ? 'abort' : 'resume', WHO);
    } else if (phase === 'stopped')
      this.cure(isLate ? 'abort' : (plan.remedies[this.stops++] ?? 'abort'), status);
    else if (phase === 'undo-window' && isLate) this.waiting = this.update('commit', WHO);
    else if (isLate && phase !== 'done' && phase !== 'committing' && status.next.includes('abort'))
      this.waiting = this.update('abort', WHO);
  }

  private cure(remedy: string, status: DecommissionStatus): void {
    const { server } = this;
    if (remedy === 'abort') {
      this.waiting = this.update('abort', WHO);
      return;
    }
    if (remedy === 'retryFailed') this.update('retryFailed', WHO);
    if (remedy === 'setLimits') this.update('setLimits', { maxErrors: status.failed + 1, ...WHO });
    if (remedy === 'skip') {
      const servers = status.failures.map(({ serverId }) => serverId);
      if (servers.length > 0) this.update('skip', { servers, ...WHO });
    }
    server.timeline.put(server.now + 300, () => {
      this.waiting = this.update('resume', WHO);
    });
  }

  private async approve(): Promise<void> {
    const { server, stage } = this;
    const status = (await server.query(RUN_ID, 'status')) as DecommissionStatus | undefined;
    if (status?.phase !== 'planned') return;
    if (!this.begun) stage.approved(server);
    this.begun = true;
    const { digest, servers, nics } = status;
    this.update('approve', { digest, servers, nics, ...WHO });
  }

  /** What would be touched, as everybody can read it. */
  private async readPlan(): Promise<void> {
    const { server, plan } = this;
    this.planDocument = ((await server.query(RUN_ID, 'plan')) as PlanDocument | undefined) ?? null;
    for (const page of plan.pages.keys()) await this.readPage(page);
  }

  private async readPage(page: number): Promise<void> {
    const read = (await this.server.query(pageId(page), 'plan')) as PagePlan | undefined;
    if (read !== undefined) this.pagePlans.set(page, read);
  }

  private cameTo(phase: string | null): void {
    const name = phase ?? '';
    if (this.seen.has(name)) return;
    this.seen.add(name);
    const { plan, server } = this;
    for (const message of plan.messages)
      if (message.after === phase) server.timeline.put(server.now + message.ms, () => this.send(message));
    for (const outside of plan.outside)
      if (outside.after === phase)
        server.timeline.put(server.now + outside.ms, () => this.intervene(outside));
  }

  private async send({ name, wrong, limits, servers }: MessagePlan): Promise<void> {
    const { server, stage } = this;
    if (name === 'approve') {
      const status = (await server.query(RUN_ID, 'status')) as DecommissionStatus | undefined;
      if (status === undefined) return;
      const digest = wrong === 'digest' ? '0123456789abcdef' : (status.digest ?? '0');
      const count = (of: number, is: boolean) => of + (is ? 1 : 0);
      const told = {
        digest,
        servers: count(status.servers, wrong === 'servers'),
        nics: count(status.nics, wrong === 'nics'),
      };
      this.update('approve', { ...told, ...WHO });
    } else if (name === 'setLimits') this.update(name, { ...limits, ...WHO });
    else if (servers !== undefined)
      this.update(name, { servers: servers.map((n) => stage.servers[n]?.id), ...WHO });
    else this.update(name, WHO);
  }

  private async intervene({ what, whom, number }: OutsidePlan): Promise<void> {
    const { server } = this;
    const open = server.openIds().filter((id) => id.startsWith('nics/'));
    const ofServer = open[number % Math.max(1, open.length)] ?? '';
    const workflowId = whom === 'run' ? RUN_ID : whom === 'page' ? pageId(number) : ofServer;
    if (whom === 'page' && !this.approving && server.isOpen(workflowId)) await this.readPage(number);
    if (what === 'cancel') server.cancel(workflowId);
    else await server.terminate(workflowId);
  }
}
