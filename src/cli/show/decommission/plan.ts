/** The plan of a decommission run for people: totals first, then the servers. No IO. */
import type { Excluded, Forecast, JoinedPlan, PlanDocument, UnreadablePage } from '../../../contract';
import { formatDuration } from '../../../contract';
import { clean, plural, table } from '../../format';
import type { ReportPage } from '../../output';
import { fact } from '../lines';
import { countsText, utcText } from '../wording';

/** Exclusions that are named below totals. */
const MOST_EXCLUDED = 10;

export function planLines(plan: JoinedPlan, page: ReportPage): string[] {
  const { planned, excluded } = plan;
  const { dim } = page.colors;
  const rows = planned.map(({ serverId, serverName, nics }) => [
    serverId,
    clean(serverName ?? '') || '-',
    String(nics.length),
    nics.map(({ ip, restore }) => `${clean(ip ?? '-')} ${restore}`).join(', '),
  ]);
  const [head = '', ...body] = table([['SERVER', 'NAME', 'NICS', 'IP AND WAY BACK'], ...rows]);
  return [
    ...totalLines(plan, page),
    ...(rows.length === 0 ? [] : ['', dim(head), ...body]),
    ...excludedLines(excluded, Infinity, page),
    ...unreadableLines(plan.unreadable, page),
  ];
}

/** What has to be read before an approval: without the servers one by one. */
export function planSummary(plan: PlanDocument, page: ReportPage): string[] {
  return [...totalLines(plan, page), ...excludedLines(plan.excluded, MOST_EXCLUDED, page)];
}

function totalLines(plan: PlanDocument, page: ReportPage): string[] {
  const { run, servers, nics, digest, inspected, listed } = plan;
  const what = `${plural(servers, 'server')}, ${plural(nics, 'NIC')}`;
  const yet = digest === null ? ` so far (${inspected} of ${listed} inspected)` : ' would be touched';
  const left = countsText(plan.excludedByCode);
  return [
    page.colors.bold(`plan of ${run}: ${what}${yet}`),
    ...(digest === null ? [] : fact('digest', digest, page)),
    ...fact('left alone', plan.excludedCount === 0 ? 'none' : `${plan.excludedCount}: ${left}`, page),
    ...(nics === 0 ? [] : fact('way back', countsText(plan.byGrade), page)),
    ...(plan.elasticIps === 0 ? [] : fact('elastic IPs', plural(plan.elasticIps, 'NIC'), page)),
    ...(plan.waves.length === 0 ? [] : fact('waves', plan.waves.join(', '), page)),
    ...(plan.forecast === null || servers === 0 ? [] : fact('forecast', forecastText(plan.forecast), page)),
    ...(plan.expires === null ? [] : fact('expires', utcText(plan.expires), page)),
  ];
}

function forecastText({
  seconds,
  callsPerServer,
  callsPerSecond,
  effectiveConcurrency,
  limitedBy,
}: Forecast): string {
  const calls = `${callsPerServer} calls a server`;
  const rate = callsPerSecond === null ? '' : ` at ${callsPerSecond} a second`;
  const held =
    limitedBy === 'calls'
      ? `${calls}${rate} hold it back`
      : `${effectiveConcurrency} servers at a time hold it back`;
  return `at least ${formatDuration(seconds * 1_000)} without pauses; ${held}`;
}

function excludedLines(excluded: readonly Excluded[], most: number, page: ReportPage): string[] {
  if (excluded.length === 0) return [];
  const rows = excluded
    .slice(0, most)
    .map(({ serverId, serverName, code, reason }) => [
      serverId,
      clean(serverName ?? '') || '-',
      code,
      clean(reason),
    ]);
  const [head = '', ...body] = table([['LEFT ALONE', 'NAME', 'CODE', 'WHY'], ...rows]);
  const more = excluded.length - rows.length;
  return ['', page.colors.dim(head), ...body, ...(more > 0 ? [`and ${more} more`] : [])];
}

export function unreadableLines(pages: readonly UnreadablePage[], page: ReportPage): string[] {
  return pages.map(({ workflowId, servers, reason }) =>
    page.colors.yellow(`! ${workflowId} (${plural(servers, 'server')}) can't be read: ${clean(reason)}`),
  );
}
