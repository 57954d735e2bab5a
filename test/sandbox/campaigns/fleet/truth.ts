/** What has really happened in a schedule, from the little server's record and the simulated cloud: what the judges go by. */
import type {
  DecommissionStatus,
  PageReport,
  PlannedServer,
} from '../../../../src/contract/decommission/types';
import type { ResultDocument } from '../../../../src/contract';
import type { StartRecord, UpdateRecord } from '../../engine/fleet/record';
import type { Touch } from '../../engine/fleet/stand-in';
import { pageId, RUN_ID } from './operator';
import type { FleetPlayed } from './play';
import type { StagedServer } from './stage';

/** A page has asked for a run of a server: a deletion, or a restore. */
export interface ServerStart {
  at: number;
  staged: StagedServer;
  page: number;
  /** `null`: somebody else's run was open. */
  runId: string | null;
  end: StartRecord['end'];
  /** When the page that waits for it was ended; it hears of nothing that comes later. */
  orphanedAt: number;
}

export interface Planned extends PlannedServer {
  page: number;
  staged: StagedServer;
}

export interface FleetTruth {
  played: FleetPlayed;
  run: StartRecord;
  /** Deletions. */
  starts: ServerStart[];
  /** Restores. */
  backs: ServerStart[];
  /** In the order of the list; `null`: not all pages could be read. */
  planned: Planned[] | null;
  /** What the run has told of itself at some time, in this order. */
  told: { at: number; status: DecommissionStatus }[];
  /** Of each page its report; pages that were terminated have none. */
  reports: Map<number, PageReport>;
  touched: Touch[];
  /** Messages that were carried out. */
  done: (name: string) => UpdateRecord[];
  /** Longer than any way from the run over a page to the start of a server, in ms. */
  reachMs: number;
  pageClosedAt: (page: number) => number;
}

export function truthOf(played: FleetPlayed): FleetTruth {
  const { server, stage, operator, plan } = played;
  const { record } = server;
  const [run] = record.startsOf(RUN_ID);
  if (run === undefined) throw new Error('no run was started');
  const endOf = (page: number) =>
    record.startsOf(pageId(page)).find(({ runId }) => runId !== null)?.end ?? null;
  const pageClosedAt = (page: number) => endOf(page)?.at ?? Infinity;
  const startsOf = (type: string) =>
    record.starts.flatMap((start): ServerStart[] => {
      const staged = stage.servers.find(({ id }) => start.workflowId === `nics/${id}`);
      if (staged === undefined || start.by === null || start.type !== type) return [];
      const page = Number(start.by.workflowId.split('/').at(-1));
      const { at, runId, end } = start;
      return [{ at, staged, page, runId, end, orphanedAt: pageClosedAt(page) }];
    });
  const done = (name: string) =>
    record.updates.filter((each) => each.name === name && each.answer?.kind === 'completed');
  const answers = record.updates.flatMap(({ heardAt, answer, name }) =>
    heardAt !== null && answer?.kind === 'completed' && name !== 'load'
      ? [{ at: heardAt, status: answer.value as DecommissionStatus }]
      : [],
  );
  const told = [...operator.statuses, ...answers].sort((a, b) => a.at - b.at);
  return {
    ...{ played, run, told, done, pageClosedAt },
    starts: startsOf('deleteServerNics'),
    backs: startsOf('restoreServerNics'),
    planned: plannedOf(played, told),
    reports: new Map(
      plan.pages.flatMap((_, page): [number, PageReport][] => {
        const end = endOf(page);
        return end?.kind === 'completed' ? [[page, end.value as PageReport]] : [];
      }),
    ),
    touched: [...stage.touched, ...byJobs(played)],
    reachMs: reachOf(played),
  };
}

function plannedOf({ operator, stage }: FleetPlayed, told: FleetTruth['told']): Planned[] | null {
  const standing = told.find(({ status }) => status.digest !== null)?.status;
  if (standing === undefined) return null;
  const pages = [...operator.pagePlans.entries()].sort(([a], [b]) => a - b);
  const planned = pages.flatMap(([page, plan]) =>
    plan.servers.map((each): Planned => {
      const staged = stage.servers.find(({ id }) => id === each.serverId);
      if (staged === undefined)
        throw new Error(`a plan with a server that nobody has named: ${each.serverId}`);
      return { ...each, page, staged };
    }),
  );
  return planned.length === standing.servers ? planned : null;
}

/** What real runs have taken off. */
function byJobs({ world, stage }: FleetPlayed): Touch[] {
  const { control } = world.simulator;
  return world.simulator.ledger.effects.flatMap(({ kind, by, serverId = '', portId, at }) => {
    const isOurs = kind === 'nic-detached' && by === 'job' && stage.servers.some(({ id }) => id === serverId);
    const nic = isOurs ? control.truth(serverId).nics.find(({ id }) => id === portId) : undefined;
    return nic === undefined ? [] : [{ serverId, nicId: portId, ip: nic.ip, mac: nic.mac, at }];
  });
}

/** Signals and their receipts, tasks of run and page, the start: and what was lost or nobody was there for. */
function reachOf({ server, plan: { trouble } }: FleetPlayed): number {
  return 8 * server.record.longestDelayMs + (trouble.lostTasks > 0 ? 40_000 : 0) + (trouble.away?.ms ?? 0);
}

/** Its page counts this end against the tolerance. */
export function hasFailed({ end, orphanedAt }: ServerStart): boolean {
  if (end === null || end.at >= orphanedAt) return false;
  const document = end.value as Partial<ResultDocument> | null;
  switch (end.kind) {
    case 'completed':
      return false;
    case 'terminated':
      return true;
    case 'cancelled':
      return (
        document?.nics?.some(({ outcome }) => outcome === 'still-attached' || outcome === 'unknown') === true
      );
    case 'failed':
      if (end.type === 'Refused') return false;
      return !(end.type === 'CloudRefused' && document?.credentialsRefused === true);
  }
}

/** When the run has heard that somebody wants this server back, alone or with all others. */
export function undoneAt({ done }: FleetTruth, serverId: string): number {
  const first = done('undo').find(({ argument }) => {
    const { servers } = argument as { servers?: string[] };
    return servers === undefined || servers.includes(serverId);
  });
  return first?.heardAt ?? Infinity;
}

/** Until when somebody has to have sent it, a message about this server was carried out. */
export function skippedAt({ done }: FleetTruth, serverId: string): number {
  const first = done('skip').find(({ argument }) =>
    (argument as { servers: string[] }).servers.includes(serverId),
  );
  return first?.heardAt ?? Infinity;
}
