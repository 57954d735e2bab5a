/** Plan and report as CSV. Texts of others can do nothing in a spreadsheet. No IO. */
import type { DecommissionReport, JoinedPlan, ReportNic, ReportServer } from '../../../contract';
import { clean } from '../../format';

/** Cells with these at their beginning are formulas for a spreadsheet, also in full width. */
const FORMULA = /^[=+\-@\uff1d\uff0b\uff0d\uff20]/;
const NEEDS_QUOTES = /[",;]/;

/** An apostrophe makes a text of what a spreadsheet would calculate. */
export function csvLine(cells: readonly (string | null)[]): string {
  return cells
    .map((cell) => {
      const text = clean(cell ?? '');
      const harmless = FORMULA.test(text) ? `'${text}` : text;
      return NEEDS_QUOTES.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
    })
    .join(',');
}

const REPORT_COLUMNS = [
  ...['server_id', 'nic_id', 'outcome', 'error_code', 'message'],
  ...['server_name', 'server_outcome', 'ip', 'mac', 'restore', 'job_id', 'request_id', 'differs'],
];

/** A row for each NIC; a server of which no NIC is known has one with its own outcome. */
export function reportCsv({ servers }: DecommissionReport): string[] {
  return [csvLine(REPORT_COLUMNS), ...servers.flatMap(rowsOf).map(csvLine)];
}

function rowsOf(server: ReportServer): (string | null)[][] {
  const { serverId, serverName, outcome, errorCode, message, nics } = server;
  if (nics.length === 0)
    return [[serverId, '', outcome, errorCode, message, serverName, outcome, ...Array<null>(6).fill(null)]];
  return nics.map((nic) => [
    ...[serverId, nic.id, nic.outcome, ...whyOf(nic, server)],
    ...[
      serverName,
      outcome,
      nic.ip,
      nic.mac,
      nic.restore,
      nic.jobId,
      nic.requestId,
      nic.differs?.join(' ') ?? null,
    ],
  ]);
}

/** What holds for the whole server says also why a NIC was left alone; of one that is gone it says nothing. */
export function whyOf(nic: ReportNic, server: ReportServer): [code: string | null, message: string | null] {
  if (nic.errorCode !== null || nic.message !== null) return [nic.errorCode, nic.message];
  const isServers = nic.outcome === 'untouched' || nic.outcome === 'unknown';
  return isServers ? [server.errorCode, server.message] : [null, null];
}

/** A row for each NIC that would be touched, and one for each server that is left alone. */
export function planCsv({ planned, excluded }: JoinedPlan): string[] {
  return [
    csvLine([
      'server_id',
      'nic_id',
      'ip',
      'mac',
      'elastic_ip',
      'restore',
      'server_name',
      'left_alone',
      'reason',
    ]),
    ...planned.flatMap(({ serverId, serverName, nics }) =>
      nics.map(({ id, ip, mac, elasticIp, restore }) =>
        csvLine([serverId, id, ip, mac, elasticIp, restore, serverName, '', '']),
      ),
    ),
    ...excluded.map(({ serverId, serverName, code, reason }) =>
      csvLine([serverId, '', '', '', '', '', serverName, code, reason]),
    ),
  ];
}
