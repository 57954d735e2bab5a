/** The cloud of a schedule: its servers, what happens to them, and what stands for their runs. */
import type { ListedServer } from '../../../../src/contract/decommission/types';
import type { Body } from '../../engine/fleet/execution';
import type { StartRecord } from '../../engine/fleet/record';
import type { FleetServer } from '../../engine/fleet/server';
import type { Touch } from '../../engine/fleet/stand-in';
import { Foreign, StandIn } from '../../engine/fleet/stand-in';
import { StandInRestore } from '../../engine/fleet/stand-in-restore';
import type { World } from '../../engine/world';
import type { FleetPlan, ServerPlan } from './plan';

/** A server of the list, and what has happened to it. */
export interface StagedServer {
  index: number;
  id: string;
  page: number;
  listed: ListedServer;
  plan: ServerPlan;
  /** When somebody has given this NIC another MAC; when somebody has protected the server. */
  drifted: { nicId: string; at: number } | null;
  protectedAt: number | null;
}

export interface Stage {
  servers: StagedServer[];
  touched: Touch[];
  /** While the cloud refuses the worker's credentials. */
  refused: { from: number; until: number } | null;
  standIn: (start: StartRecord) => Body | null;
  /** Somebody approves the plan: what is to happen from then on begins to. */
  approved: (server: FleetServer) => void;
}

/** No answer with so many is believed, whichever call it answers. */
const TOO_MANY_TAGS = Array.from({ length: 201 }, (_, n) => ({ key: `k${n}`, value: '' }));
/** What a worker without permissions may do. */
const NOTHING: string[] = [];

export function stageOf(plan: FleetPlan, world: World): Stage {
  const { control } = world.simulator;
  const pageOf = plan.pages.flatMap((size, page) => Array.from({ length: size }, () => page));
  const servers = plan.servers.map((each, index): StagedServer => {
    const { nics, wanted, protectedBy, jobMs } = each;
    const tags =
      protectedBy === 'tag'
        ? [{ key: 'ecs-nics-protect', value: 'true' }]
        : protectedBy === 'unreadable'
          ? TOO_MANY_TAGS
          : [];
    const made = control.createServer({ nics: 1 + nics, jobSeconds: jobMs / 1_000, tags });
    const ids = made.nics.filter(({ primary }) => !primary).map(({ id }) => ({ id }));
    if (plan.real) failing(world, made.id, each);
    const listed = { serverId: made.id, nics: wanted === 'all' ? ('all' as const) : ids.slice(0, wanted) };
    return {
      ...{ index, id: made.id, page: pageOf[index] ?? 0, listed, plan: each },
      drifted: null,
      protectedAt: null,
    };
  });
  const runs = new Map<string, number>();
  const byId = new Map(servers.map((server) => [server.id, server]));
  const stage: Stage = {
    servers,
    touched: [],
    refused: null,
    standIn: (start) => {
      const serverId = start.workflowId.startsWith('nics/') ? start.workflowId.slice('nics/'.length) : null;
      if (serverId === null) return null;
      const server = byId.get(serverId);
      if (start.by === null) return new Foreign(server?.plan.busy?.forMs ?? 0);
      if (plan.real || server === undefined) return null;
      if (start.type === 'restoreServerNics')
        return new StandInRestore(start, world, { whole: server.plan.back, ms: server.plan.backMs });
      return new StandIn(start, {
        world,
        touched: stage.touched,
        refusing: (now) => stage.refused !== null && now >= stage.refused.from && now < stage.refused.until,
        scriptOf: () => {
          const run = runs.get(serverId) ?? 0;
          runs.set(serverId, run + 1);
          const { fates, lookMs, jobMs } = server.plan;
          return { fate: fates[Math.min(run, fates.length - 1)] ?? 'fine', lookMs, jobMs };
        },
      });
    },
    approved: (server) => {
      for (const each of servers) happen(each, server, world);
      if (plan.refused === null) return;
      const from = server.now + plan.refused.ms;
      const until = from + plan.refused.forMs;
      stage.refused = { from, until };
      server.timeline.put(from, () => void control.setKnobs({ allowedActions: NOTHING }));
      server.timeline.put(until, () => void control.setKnobs({ allowedActions: null }));
    },
  };
  return stage;
}

/** What the cloud does to the jobs of a real run. */
function failing({ simulator: { control } }: World, serverId: string, { fates, nics }: ServerPlan): void {
  const all = Array.from({ length: nics }, (_, index) => index);
  fates.forEach((fate, after) => {
    const match = { class: 'delete' as const, serverId };
    if (fate === 'fails')
      control.addFault({ match, after, times: 1, what: { kind: 'partial-failure', nics: all } });
    if (fate === 'partly' && nics > 1)
      control.addFault({ match, after, times: 1, what: { kind: 'partial-failure', nics: all.slice(1) } });
    if (fate === 'unknown') control.addFault({ match, after, times: 1, what: { kind: 'job-stuck' } });
  });
}

function happen(staged: StagedServer, server: FleetServer, { simulator: { control } }: World): void {
  const { id, plan } = staged;
  const workflowId = `nics/${id}`;
  if (plan.busy !== null)
    server.timeline.put(server.now + plan.busy.ms, () => {
      server.start({ workflowId, type: 'deleteServerNics', input: [] });
    });
  const { meanwhile } = plan;
  if (meanwhile === null) return;
  server.timeline.put(server.now + meanwhile.ms, () => {
    // What a run has read is true until it has sent: what comes later nobody can see. A job outlives a run that is terminated.
    if (server.isOpen(workflowId) || control.server(id).busy) return;
    if (meanwhile.what === 'is protected') {
      control.patchServer(id, { tags: [{ key: 'ecs-nics-protect', value: '' }] });
      staged.protectedAt = server.now;
      return;
    }
    const nic = control.server(id).nics.find(({ primary }) => !primary);
    if (nic === undefined) return;
    control.patchPort(nic.id, { mac: 'fa:16:3e:ff:00:01' });
    staged.drifted = { nicId: nic.id, at: server.now };
  });
}
