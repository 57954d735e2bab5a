/**
 * Which ports do closed runs have kept? What Temporal still knows: the results of runs, and for runs without one, such as
 * cancelled runs, what a worker tells. Whether a port is still there only the cloud knows.
 */
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { NicRow, PageReport, ReportNic, ResultDocument } from '../contract';
import { MEMO, WORKFLOW_TYPE, decommissionOf, serverIdOf, serverWorkflowId } from '../contract';
import { mayBeLeft } from '../contract/types';
import { isRecord, isUuid } from '../contract/values';
import type { Temporal } from './connect';
import { inParallel } from './decommission/parallel';
import { asTotals, endBy, lastEvent } from './ending';
import { askStatus, describe, isOpenRun, readInput } from './find';

const CALL_MS = 10_000;
/** For a namespace full of runs. */
const ALL_MS = 60_000;
const SERVERS_AT_ONCE = 10;
/** Runs of one server. */
const AT_ONCE = 4;
/** Questions in a row to one queue without an answer; further ones would only take their time. */
const MOST_IN_VAIN = 3;
/** Closed runs that are read, the newest first. */
const MAX_RUNS = 2_000;
const MAX_PAGE = 1_000;
/** Open runs that are asked for their windows, the newest first. */
const MAX_OPEN = 200;

/** Runs that keep ports, bring them back to their servers, or delete them. */
const TYPES = [WORKFLOW_TYPE.deleteServerNics, WORKFLOW_TYPE.restoreServerNics, WORKFLOW_TYPE.releasePorts];
const CLOSED = `WorkflowType IN (${TYPES.map((type) => `'${type}'`).join(', ')}) AND CloseTime IS NOT NULL AND ExecutionStatus != 'ContinuedAsNew'`;
const OPEN = `WorkflowType = '${WORKFLOW_TYPE.deleteServerNics}' AND CloseTime IS NULL`;

/** Why a port is still there. */
export type WhyKept =
  /** The request said `keepPort`. */
  | 'keep-port'
  /** The flag `delete_on_termination` that the NIC had of its own is false. */
  | 'own-flag'
  /** The run was cancelled before it deleted its ports. */
  | 'cancelled'
  /** Before it was to be deleted, it was in use, or no longer what it had been. */
  | 'port-in-use'
  | 'port-changed'
  /** It was to be deleted, and was not. */
  | 'not-deleted'
  /** The run ended before the fate of the NIC was known: its port is left over if the NIC has gone since. */
  | 'unknown';

export interface KeptPort {
  /** Id of the port, which is that of the NIC. */
  id: string;
  ip: string | null;
  serverId: string;
  serverName: string | null;
  /** The run that has kept it. */
  workflowId: string;
  runId: string;
  endedAt: Date | null;
  why: WhyKept;
  errorCode: string | null;
  message: string | null;
  /** As the request of that run says. */
  requestedBy: string | null;
  reason: string | null;
  /** The run that is open on the server: it may be at work with this port. */
  openRun: { runId: string; type: string } | null;
}

export interface KeptPorts {
  /** Newest run first. */
  ports: KeptPort[];
  /** Not all closed runs were read: there may be more ports. */
  more: boolean;
  /** Closed runs whose rows nobody could show. They may have kept ports, too, or have dealt with some of these. */
  unread: { serverId: string; runId: string; why: string }[];
  /** Open decommission runs, with the number of ports that they keep: their undo windows decide about them. */
  held: { run: string; ports: number; ids: string[] }[];
  /** Open runs on one server, with the ports that their undo windows decide about. */
  windows: {
    serverId: string;
    serverName: string | null;
    runId: string;
    ids: string[];
    until: string | null;
  }[];
}

type Info = Pick<
  WorkflowExecutionInfo,
  'workflowId' | 'runId' | 'taskQueue' | 'type' | 'memo' | 'closeTime' | 'status' | 'parentExecution'
>;

/** A closed run, as far as it can be read. */
interface Read {
  info: Info;
  document: ResultDocument | null;
}

/**
 * The ports that closed runs have kept, and that no later run on the same server has put back, released or deleted. Reads 2,000 runs
 * at most, for a minute at most. Throws errors of the client.
 * @param serverId of one server; `null`: of all
 */
export async function readKeptPorts(temporal: Temporal, serverId: string | null): Promise<KeptPorts> {
  const search = new Search(temporal, Date.now() + ALL_MS, serverId !== null);
  const { servers, more } = await closedByServer(temporal, serverId);
  const found = await inParallel([...servers], SERVERS_AT_ONCE, ([id, infos]) => search.server(id, infos));
  if (serverId === null) await search.openRuns();
  const ports = found.flat();
  ports.sort((a, b) => (b.endedAt?.getTime() ?? 0) - (a.endedAt?.getTime() ?? 0));
  const { unread, windows } = search;
  return { ports, more: more || search.isCut, unread, held: [...search.held.values()], windows };
}

/** Closed runs by server, newest first: the server already returns them in this order. */
async function closedByServer(
  temporal: Temporal,
  serverId: string | null,
): Promise<{ servers: Map<string, Info[]>; more: boolean }> {
  const servers = new Map<string, Info[]>(serverId === null ? [] : [[serverId, []]]);
  const query = serverId === null ? CLOSED : `${CLOSED} AND WorkflowId = '${serverWorkflowId(serverId)}'`;
  let left = MAX_RUNS;
  return temporal.call(ALL_MS, async () => {
    for await (const info of temporal.client.workflow.list({ query, pageSize: MAX_PAGE })) {
      const id = serverIdOf(info.workflowId);
      // A dry run has an id of its own, and has kept nothing.
      if (!isUuid(id) || info.workflowId !== serverWorkflowId(id)) continue;
      if (left-- === 0) return { servers, more: true };
      servers.set(id, [...(servers.get(id) ?? []), info]);
    }
    return { servers, more: false };
  });
}

class Search {
  readonly unread: KeptPorts['unread'] = [];
  readonly windows: KeptPorts['windows'] = [];
  readonly held = new Map<string, KeptPorts['held'][number]>();
  private readonly unanswered = new Map<string, number>();
  private readonly pages = new Map<string, Promise<PageReport | 'open' | null>>();

  /** The time was over before all was read. */
  isCut = false;

  /**
   * @param until epoch ms
   * @param isOne only one server is asked about: its latest run counts, also before the list has it
   */
  constructor(
    private readonly temporal: Temporal,
    private readonly until: number,
    private readonly isOne: boolean,
  ) {}

  /** @param listed newest first; the list lags by about a second, so the latest run may be missing from it */
  async server(serverId: string, listed: readonly Info[]): Promise<KeptPort[]> {
    const runs = await inParallel(listed, AT_ONCE, async (info) => {
      if (Date.now() < this.until) return this.read(info);
      this.isCut = true;
      return null;
    });
    // What the runs that were not read have done to these ports nobody knows.
    if (runs.includes(null)) return [];
    return this.keptBy(serverId, listed, runs as Read[]);
  }

  private async keptBy(serverId: string, listed: readonly Info[], runs: Read[]): Promise<KeptPort[]> {
    // Of many servers only one with something to tell is worth the question.
    if (!this.isOne && keptOf(runs).length === 0) return [];
    const latest = await describe(this.temporal, serverWorkflowId(serverId)).catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return null;
      throw error;
    });
    const isOpen = latest !== null && isOpenRun(latest);
    const isMissing = latest !== null && !isOpen && !listed.some(({ runId }) => runId === latest.runId);
    if (isMissing && (TYPES as readonly string[]).includes(latest.type))
      runs.unshift(await this.read(latest));
    if (isOpen && this.isOne) await this.window(latest);
    const openRun = isOpen ? { runId: latest.runId, type: latest.type } : null;
    const ports: KeptPort[] = [];
    for (const { run, row } of keptOf(runs)) {
      const port = await this.port(run, row);
      if (port !== null) ports.push({ ...port, openRun });
    }
    return ports;
  }

  /** Of all servers. The list lags by about a second. */
  async openRuns(): Promise<void> {
    const ms = this.until - Date.now();
    if (ms <= 0) {
      this.isCut = true;
      return;
    }
    const infos = await this.temporal.call(ms, async () => {
      const found: Info[] = [];
      for await (const info of this.temporal.client.workflow.list({ query: OPEN, pageSize: MAX_OPEN + 1 })) {
        if (found.length === MAX_OPEN) {
          this.isCut = true;
          break;
        }
        found.push(info);
      }
      return found;
    });
    await inParallel(infos, SERVERS_AT_ONCE, async (info) => {
      if (Date.now() < this.until) await this.window(info);
      else this.isCut = true;
    });
  }

  /** A run without a verdict yet keeps nothing; those of a decommission run leave the window to it. */
  private async window(info: Info): Promise<void> {
    const { workflowId, runId } = info;
    const serverId = serverIdOf(workflowId);
    const isOwn = info.type === WORKFLOW_TYPE.deleteServerNics && info.parentExecution === undefined;
    if (serverId === undefined || workflowId !== serverWorkflowId(serverId) || !isOwn) return;
    const document = await this.askOf(info);
    if (document === null) {
      this.unread.push({ serverId, runId, why: 'it is open, and no worker tells whether it keeps ports' });
      return;
    }
    if (document.phase !== 'undo-window') return;
    const ids = document.nics.filter(({ outcome }) => outcome === 'detached').map(({ id }) => id);
    const { serverName, undoUntil } = document;
    if (ids.length > 0) this.windows.push({ serverId, serverName, runId, ids, until: undoUntil ?? null });
  }

  /** Each question to a queue without workers takes its time. */
  private async askOf({ workflowId, runId, taskQueue }: Info): Promise<ResultDocument | null> {
    const inVain = this.unanswered.get(taskQueue) ?? 0;
    if (inVain >= MOST_IN_VAIN) return null;
    const { document } = await askStatus(this.temporal, { workflowId, runId, taskQueue });
    this.unanswered.set(taskQueue, document === null ? inVain + 1 : 0);
    return document;
  }

  private async read(info: Info): Promise<Read> {
    const { workflowId, runId, type, memo } = info;
    const pointer = { workflowId, runId };
    try {
      const { document } = await lastEvent(this.temporal, pointer, CALL_MS);
      if (document !== null) return { info, document };
    } catch (error) {
      // The namespace has just forgotten it.
      if (error instanceof WorkflowNotFoundError) return { info, document: null };
      throw error;
    }
    const counts = asTotals(memo?.[MEMO.result])?.counts;
    const isNothing =
      counts === undefined
        ? type === WORKFLOW_TYPE.deleteServerNics && memo?.[MEMO.open] === undefined
        : Object.keys(counts).every((outcome) => outcome === 'untouched');
    if (isNothing || info.status.name === 'COMPLETED' || info.status.name === 'FAILED')
      return { info, document: null };
    const why = `it was ${info.status.name.toLowerCase().replaceAll('_', ' ')}, and no worker tells its rows`;
    const told = await this.askOf(info);
    if (told !== null) return { info, document: told };
    this.unread.push({ serverId: serverIdOf(workflowId) ?? '', runId, why });
    return { info, document: null };
  }

  /** `null`: the port is not there any more, or its run is not over. */
  private async port({ info, document }: Read & { document: ResultDocument }, row: NicRow) {
    const page = info.parentExecution?.workflowId ?? '';
    const parent = decommissionOf(page);
    let late: Pick<ReportNic, 'outcome' | 'errorCode' | 'message'> = row;
    if (parent !== undefined) {
      const report = await this.page(page);
      if (report === 'open') {
        if (row.outcome !== 'detached') return null;
        const held = this.held.get(parent.run) ?? { run: parent.run, ports: 0, ids: [] };
        this.held.set(parent.run, { ...held, ports: held.ports + 1, ids: [...held.ids, row.id] });
        return null;
      }
      // The page has deleted the ports of its servers after their runs.
      const server = report?.servers.find(({ serverId }) => serverId === document.serverId);
      late = server?.nics.find(({ id }) => id === row.id) ?? row;
      if (late.outcome !== 'detached' && late.outcome !== 'unknown') return null;
    }
    const input = await this.input(info);
    const text = (value: unknown) => (typeof value === 'string' ? value : null);
    const { errorCode, message } = late;
    const kept = input.keepPort === true && parent === undefined;
    return {
      id: row.id,
      ip: row.ip,
      serverId: document.serverId,
      serverName: document.serverName,
      workflowId: info.workflowId,
      runId: info.runId,
      endedAt: info.closeTime ?? null,
      why: whyKept({ ...row, outcome: late.outcome, errorCode }, kept, document.outcome),
      errorCode,
      message,
      requestedBy: text(input.requestedBy),
      reason: text(input.reason),
    };
  }

  /** What the page of a decommission run says in the end; `null`: nothing. */
  private page(workflowId: string): Promise<PageReport | 'open' | null> {
    const known = this.pages.get(workflowId);
    if (known !== undefined) return known;
    const asked = this.readPage(workflowId).catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return null;
      throw error;
    });
    this.pages.set(workflowId, asked);
    return asked;
  }

  private async readPage(workflowId: string): Promise<PageReport | 'open' | null> {
    const page = await describe(this.temporal, workflowId);
    if (isOpenRun(page)) return 'open';
    const pointer = { workflowId, runId: page.runId };
    return endBy(this.temporal, pointer, CALL_MS, asReport, () => null);
  }

  private async input({ workflowId, runId }: Info): Promise<Record<string, unknown>> {
    const input = await readInput(this.temporal, { workflowId, runId, firstRunId: runId }).catch(() => null);
    return isRecord(input) ? input : {};
  }
}

function asReport(value: unknown): PageReport | null {
  return isRecord(value) && Array.isArray(value.servers) ? (value as unknown as PageReport) : null;
}

/** A row of the run that has kept a port, with what a later run has said of it. Pure. */
interface Kept {
  run: Read & { document: ResultDocument };
  row: NicRow;
}

/**
 * What the runs of one server, newest first, say about each port: the newest that says for certain decides. Pure.
 */
export function keptOf(runs: readonly Read[]): Kept[] {
  const decided = new Set<string>();
  /** Ports that a release has left, and that it may be the last to know. */
  const left = new Map<string, Kept>();
  const kept: Kept[] = [];
  for (const { info, document } of runs) {
    if (document === null) continue;
    for (const row of document.nics) {
      if (decided.has(row.id)) continue;
      const fate = fateOf(row, info.type);
      if (fate === 'untold') continue;
      const run = { info, document };
      if (fate === 'left') {
        if (!left.has(row.id)) left.set(row.id, { run, row });
        continue;
      }
      decided.add(row.id);
      if (fate === 'gone') continue;
      const { errorCode, message } = left.get(row.id)?.row ?? row;
      kept.push({ run, row: { ...row, errorCode, message } });
    }
  }
  // The run that has kept these is forgotten: a release knows as much about them.
  for (const [id, each] of left) if (!decided.has(id)) kept.push(each);
  return kept;
}

function fateOf(row: NicRow, type: string): 'kept' | 'left' | 'gone' | 'untold' {
  const { outcome, evidence } = row;
  switch (outcome) {
    case 'detached':
      if (type === WORKFLOW_TYPE.deleteServerNics) return 'kept';
      // A restore that could not attach the port says nothing new about it.
      return type === WORKFLOW_TYPE.releasePorts ? 'left' : 'untold';
    case 'already-absent':
      return evidence.port === 'absent' ? 'gone' : 'untold';
    case 'untouched':
      // A later run has found it in its place.
      return type !== WORKFLOW_TYPE.releasePorts && evidence.list === 'present' ? 'gone' : 'untold';
    case 'unknown':
      return type === WORKFLOW_TYPE.deleteServerNics && mayBeLeft(row) ? 'kept' : 'untold';
    case 'deleted':
    case 'restored':
    case 'recreated':
    case 'still-attached':
      return 'gone';
  }
}

function whyKept(
  { outcome: fate, errorCode, snapshot }: Pick<NicRow, 'outcome' | 'errorCode' | 'snapshot'>,
  keepPort: boolean,
  outcome: string,
): WhyKept {
  if (errorCode === 'PortInUse') return 'port-in-use';
  if (errorCode === 'PortChanged') return 'port-changed';
  if (fate === 'unknown') return 'unknown';
  if (keepPort) return 'keep-port';
  if (snapshot?.deleteOnTermination === false) return 'own-flag';
  return outcome === 'cancelled' ? 'cancelled' : 'not-deleted';
}
