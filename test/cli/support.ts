/** Documents as the workflow makes them, with only what a test cares about written out. */
import type { NicRow, ResultDocument } from '../../src/contract';
import { colorsOf } from '../../src/cli/output';
import type { Temporal } from '../../src/client/connect';
import type { Reason, Why } from '../../src/client/silent';

export const SERVER = '3f0b6f0e-2a53-4d59-9d1b-0a2a7e5f1c11';
export const NIC_A = '6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e01';
export const NIC_B = '7b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e02';
export const NOW = Date.parse('2026-03-01T03:00:30.000Z');

export const RUN = {
  workflowId: `nics/${SERVER}`,
  runId: '01a20af0-0bac-7548-95a3-b3efcc02de04',
  url: 'http://localhost:8233/namespaces/default/workflows/x/y',
};
export const WHERE = { ...RUN, namespace: 'default' };
export const PAGE = { colors: colorsOf(false), columns: 80, now: NOW };

/** A server that accepts every request and answers none: each ends at its deadline. */
export function unanswered(): { temporal: Temporal; requests: () => number } {
  let requests = 0;
  const late = () => {
    requests += 1;
    const facts = { code: 4, details: 'Deadline exceeded', metadata: {} };
    return Promise.reject(Object.assign(new Error('4 DEADLINE_EXCEEDED'), facts));
  };
  const workflow = { getHandle: () => ({}) };
  const temporal = { address: 'silent.example:7233', namespace: 'default', call: late, client: { workflow } };
  return { temporal: temporal as unknown as Temporal, requests: () => requests };
}

/** What keeps a run from going on. */
export function why(...reasons: Reason[]): Why {
  return { reasons, neverTaken: false, pollers: [] };
}

export function nic(changes: Partial<NicRow> = {}): NicRow {
  return {
    id: NIC_A,
    outcome: 'deleted',
    ip: '10.0.1.20',
    mac: 'fa:16:3e:00:00:02',
    elasticIp: null,
    restore: 'new-mac',
    evidence: { job: 'SUCCESS', subJob: 'SUCCESS', list: 'absent', port: 'absent' },
    jobId: 'ff8080826a7b4f0e016a8d3c7a5b1234',
    errorCode: null,
    message: null,
    replacedBy: null,
    snapshot: null,
    differences: [],
    remedy: null,
    ...changes,
  };
}

export function document(changes: Partial<ResultDocument> = {}): ResultDocument {
  return {
    outcome: 'deleted',
    phase: 'done',
    serverId: SERVER,
    serverName: 'web-01',
    projectId: 'p',
    region: 'eu-west-101',
    nics: [nic(), nic({ id: NIC_B, ip: '10.0.1.21' })],
    jobs: [
      {
        id: 'ff8080826a7b4f0e016a8d3c7a5b1234',
        what: 'delete',
        status: 'SUCCESS',
        submittedAt: '2026-03-01T03:00:02.000Z',
        endedAt: '2026-03-01T03:00:14.000Z',
        polls: 2,
      },
    ],
    submissions: 1,
    startedAt: '2026-03-01T03:00:00.000Z',
    endedAt: '2026-03-01T03:00:20.000Z',
    undoUntil: null,
    requestedBy: null,
    reason: null,
    decision: null,
    deadlineAt: '2026-03-01T03:20:00.000Z',
    nextLookAt: null,
    waitingFor: null,
    warnings: [],
    ...changes,
  };
}

/** A run under way: the job runs, no NIC has a verdict. */
export function running(changes: Partial<ResultDocument> = {}): ResultDocument {
  const open = { outcome: 'unknown' as const, evidence: nic().evidence };
  return document({
    outcome: 'running',
    phase: 'polling',
    nics: [nic(open), nic({ ...open, id: NIC_B, ip: '10.0.1.21' })],
    jobs: [{ ...document().jobs[0]!, status: 'RUNNING', endedAt: null }],
    endedAt: null,
    nextLookAt: '2026-03-01T03:00:36.000Z',
    ...changes,
  });
}
