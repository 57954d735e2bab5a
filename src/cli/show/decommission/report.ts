/** The report of a decommission run for people: totals, then a line for each NIC. No IO. */
import type { DecommissionReport, ReportNic } from '../../../contract';
import { clean, table } from '../../format';
import type { ReportPage } from '../../output';
import { fact } from '../lines';
import { countsText } from '../wording';
import { whyOf } from './csv';
import { unreadableLines } from './plan';

export function reportLines(report: DecommissionReport, page: ReportPage): string[] {
  const { run, outcome, servers, counts, codes, unreadable } = report;
  const { colors: c } = page;
  const rows = servers.flatMap((server) => {
    const name = clean(server.serverName ?? '') || '-';
    const why = (code: string | null, message: string | null) =>
      clean([code, message].filter(Boolean).join(': '));
    if (server.nics.length === 0)
      return [[server.serverId, name, '-', '-', server.outcome, why(server.errorCode, server.message)]];
    return server.nics.map((nic) => [
      ...[server.serverId, name, nic.id, clean(nic.ip ?? '-')],
      ...[
        rowOutcome(nic.outcome, server.outcome),
        [why(...whyOf(nic, server)), differsText(nic)].filter(Boolean).join('; '),
      ],
    ]);
  });
  const [head = '', ...body] = table([['SERVER', 'NAME', 'NIC', 'IP', 'OUTCOME', 'WHY'], ...rows]);
  return [
    c.bold(`report of ${run}: ${outcome}`),
    ...fact('servers', countsText(counts) || 'none', page),
    ...(Object.keys(codes).length === 0 ? [] : fact('by code', countsText(codes), page)),
    ...(rows.length === 0 ? [] : ['', c.dim(head), ...body]),
    ...unreadableLines(unreadable, page),
  ];
}

function differsText({ differs = [] }: ReportNic): string {
  return differs.length === 0 ? '' : `not as before: ${differs.join(', ')}`;
}

/** While its server is on its way a NIC has no verdict. */
function rowOutcome(nic: string, server: string): string {
  return server === 'running' || server === 'waiting' ? server : nic;
}
