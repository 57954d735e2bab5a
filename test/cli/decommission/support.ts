/** Documents of decommission runs, with only what a test cares about written out. */
import type {
  DecommissionStatus,
  PageReport,
  PlanDocument,
  ReportNic,
  ReportServer,
} from '../../../src/contract';
import { NIC_A, SERVER } from '../support';

export function status(changes: Partial<DecommissionStatus> = {}): DecommissionStatus {
  return {
    run: 'cleanup',
    phase: 'running',
    reason: null,
    by: null,
    betweenWaves: false,
    outcome: null,
    digest: '0123456789abcdef',
    servers: 100,
    nics: 300,
    excluded: 3,
    wave: { number: 2, of: 3, size: 9, done: 4 },
    waves: [1, 10, 100],
    counts: { deleted: 5 },
    failed: 0,
    maxErrors: 0,
    inFlight: 5,
    back: null,
    undone: false,
    effectiveConcurrency: 50,
    mayStillFail: 5,
    ratePerMinute: 12.5,
    eta: '2026-03-01T03:08:00.000Z',
    undoUntil: null,
    expires: null,
    startedAt: '2026-03-01T02:50:00.000Z',
    endedAt: null,
    failures: [],
    controls: [],
    requestedBy: 'ops',
    pages: [{ workflowId: 'decommission/cleanup/pages/0', servers: 100, state: 'working' }],
    progress: { listed: 103, inspected: 103 },
    next: ['pause', 'setLimits', 'skip', 'abort'],
    ...changes,
  };
}

export function plan(changes: Partial<PlanDocument> = {}): PlanDocument {
  return {
    run: 'cleanup',
    phase: 'planned',
    digest: '0123456789abcdef',
    servers: 1,
    nics: 1,
    inspected: 2,
    listed: 2,
    excluded: [],
    excludedCount: 1,
    excludedByCode: { Protected: 1 },
    byGrade: { 'new-mac': 1 },
    elasticIps: 0,
    waves: [1],
    forecast: null,
    expires: '2026-03-02T03:00:00.000Z',
    nextPage: null,
    pages: ['decommission/cleanup/pages/0'],
    ...changes,
  };
}

export function reportNic(changes: Partial<ReportNic> = {}): ReportNic {
  return {
    id: NIC_A,
    ip: '10.0.1.20',
    mac: 'fa:16:3e:00:00:02',
    outcome: 'deleted',
    restore: 'new-mac',
    errorCode: null,
    message: null,
    jobId: 'ff80',
    requestId: 'req1',
    ...changes,
  };
}

export function reportServer(changes: Partial<ReportServer> = {}): ReportServer {
  return {
    serverId: SERVER,
    serverName: 'web-01',
    outcome: 'deleted',
    errorCode: null,
    message: null,
    nics: [reportNic()],
    ...changes,
  };
}

export function pageReport(page: number, servers: ReportServer[]): PageReport {
  return { run: 'cleanup', page, state: 'done', servers };
}
