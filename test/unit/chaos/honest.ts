/** A small campaign in which everything was told as it was, for lies to be planted into. Times in ms after its start. */
import { blankRow } from '../../../src/workflows/run/state/rows';
import type {
  DeleteServerNicsInput,
  NicOutcome,
  NicRow,
  ReportServer,
  ResultDocument,
} from '../../../src/contract';
import type { NicState } from '../../../simulator/compute/nic-states';
import type { Facts, FleetFacts, Request, RunFacts, ServerFacts } from '../../../chaos/judge/facts';

export const SETTLE_MS = 3_000;

const BASE = Date.parse('2026-01-01T00:00:00Z');
export const at = (ms: number): number => BASE + ms;
const iso = (ms: number) => new Date(at(ms)).toISOString();

/** Servers by what becomes of them; each has a primary NIC `<name>-p` and the NICs `<name>-1`, `<name>-2`. */
export const DELETED = 'deleted';
export const UNDONE = 'undone';
export const STAYS = 'stays';
export const FLEET_DELETED = 'fleet-deleted';
export const FLEET_LEFT = 'fleet-left';
export const NAIVE = 'naive';

export const nicsOf = (server: string): [string, string] => [`${server}-1`, `${server}-2`];

export function honest(): Facts {
  const facts: Facts = {
    ledger: { requests: [], effects: [], jobs: [] },
    invariants: [],
    servers: [DELETED, UNDONE, STAYS, FLEET_DELETED, FLEET_LEFT, NAIVE].map(serverOf),
    runs: [],
    fleets: [],
    naive: [],
    troubles: [],
    leftOpen: [],
  };
  takesOff(facts, DELETED, { keeps: false });
  facts.runs.push(runOf(DELETED, 'deleted', ['deleted', 'deleted']));
  takesOff(facts, UNDONE, { keeps: true });
  putsBack(facts, UNDONE);
  facts.runs.push(runOf(UNDONE, 'undone', ['restored', 'restored'], { undoWindow: '1 hour' }));
  // The job has failed, and the flags were never touched.
  facts.ledger.requests.push(
    request(facts, 'delete', STAYS, 1_000, { nicIds: nicsOf(STAYS), accepted: true, jobId: `job-${STAYS}` }),
    request(facts, 'list', STAYS, 5_000),
    request(facts, 'list', STAYS, 9_000),
  );
  facts.ledger.jobs.push(job(STAYS, 'delete'));
  facts.runs.push({ ...runOf(STAYS, 'not-deleted', ['still-attached', 'still-attached']), end: 'failed' });
  takesOff(facts, FLEET_DELETED, { keeps: false });
  facts.runs.push({
    ...runOf(FLEET_DELETED, 'deleted', ['deleted', 'deleted']),
    fleet: { run: 'one', page: 0 },
  });
  facts.fleets.push(fleetOf());
  takesOff(facts, NAIVE, { keeps: false });
  facts.naive.push({
    ...{ workflowId: `naive/${NAIVE}`, serverId: NAIVE, nicIds: nicsOf(NAIVE) },
    ...{ startedAt: at(0), closedAt: at(20_000), end: 'completed' },
  });
  return facts;
}

function serverOf(serverId: string): ServerFacts {
  const states = [`${serverId}-p`, ...nicsOf(serverId)].map(stateOf);
  const isOff = ![UNDONE, STAYS, FLEET_LEFT].includes(serverId);
  return {
    ...{ serverId, primary: `${serverId}-p`, known: states.map(({ id }) => id) },
    before: states,
    after: structuredClone(isOff ? states.slice(0, 1) : states),
  };
}

function stateOf(id: string, position: number): NicState {
  return {
    ...{ id, name: '', mac: `fa:16:3e:00:00:0${position}`, networkId: 'network' },
    ...{ fixedIps: [{ subnetId: 'subnet', ip: `10.0.0.${position}` }], securityGroups: ['default'] },
    ...{ allowedAddressPairs: [], extraDhcpOpts: [], portSecurity: true, deleteOnTermination: true },
    ...{ primary: position === 0, elasticIp: null, position },
  };
}

export function request(
  facts: Facts,
  what: string,
  serverId: string,
  ms: number,
  more: Partial<Request> = {},
): Request {
  return {
    seq: ms * 100 + facts.ledger.requests.length,
    at: at(ms),
    class: what,
    status: 200,
    serverId,
    ...more,
  };
}

/** Accepted after a second, and over two seconds later. */
function job(serverId: string, what: 'delete' | 'attach', ms = 1_000) {
  return {
    ...{
      jobId: `job-${serverId}${what === 'attach' ? '-back' : ''}`,
      what,
      serverId,
      nicIds: nicsOf(serverId),
    },
    ...{ acceptedAt: at(ms), endsAt: at(ms + 2_000) },
  };
}

/** @param keeps the flags were set before, and the ports stay */
function takesOff({ ledger, ...facts }: Facts, serverId: string, { keeps }: { keeps: boolean }): void {
  const all = { ledger, ...facts };
  const nicIds = nicsOf(serverId);
  ledger.requests.push(
    request(all, 'detail', serverId, 500),
    request(all, 'list', serverId, 600),
    request(all, 'delete', serverId, 1_000, { nicIds, accepted: true, jobId: `job-${serverId}` }),
    request(all, 'job', serverId, 4_000),
    request(all, 'list', serverId, 5_000),
    request(all, 'list', serverId, 6_000),
  );
  ledger.jobs.push(job(serverId, 'delete'));
  for (const portId of nicIds) {
    const effect = { portId, serverId, jobId: `job-${serverId}`, by: 'job' as const };
    ledger.effects.push({ ...effect, at: at(3_000), kind: 'nic-detached' });
    if (!keeps) ledger.effects.push({ ...effect, at: at(3_000), kind: 'port-deleted' });
  }
}

function putsBack(facts: Facts, serverId: string): void {
  const nicIds = nicsOf(serverId);
  const jobId = `job-${serverId}-back`;
  facts.ledger.requests.push(request(facts, 'attach', serverId, 10_000, { nicIds, accepted: true, jobId }));
  facts.ledger.jobs.push(job(serverId, 'attach', 10_000));
  for (const portId of nicIds)
    facts.ledger.effects.push({ at: at(12_000), kind: 'nic-attached', portId, serverId, jobId, by: 'job' });
}

function runOf(
  serverId: string,
  outcome: ResultDocument['outcome'],
  rows: [NicOutcome, NicOutcome],
  more: Partial<DeleteServerNicsInput> = {},
): RunFacts {
  const nics = nicsOf(serverId);
  return {
    ...{ workflowId: `nics/${serverId}`, runIds: ['run'], type: 'deleteServerNics', serverId, fleet: null },
    input: { serverId, nics: nics.map((id) => ({ id })), ...more },
    ...{ startedAt: at(0), closedAt: at(20_000), end: 'completed', wasReset: false },
    document: documentOf(serverId, outcome, rows),
  };
}

function documentOf(
  serverId: string,
  outcome: ResultDocument['outcome'],
  rows: [NicOutcome, NicOutcome],
): ResultDocument {
  return {
    ...{ outcome, phase: 'done', serverId, serverName: serverId, projectId: 'project', region: 'region' },
    nics: nicsOf(serverId).map((id, n) => rowOf(id, rows[n] ?? 'unknown')),
    ...{ jobs: [], submissions: 1, startedAt: iso(0), endedAt: iso(19_900), undoUntil: null, decision: null },
    ...{ requestedBy: null, reason: null },
    ...{ deadlineAt: iso(90_000), nextLookAt: null, waitingFor: null, warnings: [] },
  };
}

export function rowOf(id: string, outcome: NicOutcome): NicRow {
  const list = outcome === 'untouched' ? 'present' : 'absent';
  return {
    ...blankRow(id),
    ...{ outcome, ip: '10.0.0.1', restore: 'exact' },
    evidence: { job: 'SUCCESS', subJob: 'SUCCESS', list, port: 'absent' },
  };
}

function fleetOf(): FleetFacts {
  const line = (serverId: string, outcome: ReportServer['outcome'], nic: NicOutcome): ReportServer => ({
    ...{ serverId, serverName: serverId, outcome, message: null },
    errorCode: outcome === 'untouched' ? 'Refused' : null,
    nics: nicsOf(serverId).map((id) => ({
      ...{ id, ip: null, mac: null, outcome: nic, restore: 'exact' },
      ...{ errorCode: null, message: null, jobId: null, requestId: null },
    })),
  });
  return {
    ...{ run: 'one', end: 'completed', closedAt: at(40_000), wasReset: false, approvedAt: at(-1_000) },
    ...{ counts: { deleted: 1 }, outcome: 'done' },
    report: [line(FLEET_DELETED, 'deleted', 'deleted'), line(FLEET_LEFT, 'untouched', 'untouched')],
    pages: [
      {
        ...{ run: 'one', page: 0, startedAt: at(-10_000), closedAt: at(30_000), end: 'completed' },
        ...{ wasReset: false, isKnown: true },
        listed: [FLEET_DELETED, FLEET_LEFT].map((serverId) => ({
          serverId,
          nics: nicsOf(serverId).map((id) => ({ id })),
        })),
      },
    ],
  };
}
