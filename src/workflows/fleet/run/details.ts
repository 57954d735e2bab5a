/** The operator's page of a run in the Web UI ("Current Details"): bounded, and every foreign text escaped. */
import { formatDuration } from '../../../contract/duration';
import { decommissionWorkflowId } from '../../../contract/decommission/names';
import type { DecommissionPhase, DecommissionStatus } from '../../../contract/decommission/types';
import { TO_FILL_IN } from '../../../contract/placeholders';
import { bar } from '../../../contract/text';
import { escaped, section, when } from '../../run/details';
import type { FleetState } from './state';
import { planOf, statusOf } from './status';

const TITLE: Record<DecommissionPhase, string> = {
  loading: 'The list is being loaded; nothing is touched',
  planning: 'Looking at every server; nothing is touched',
  planned: 'The plan waits for an approval; nothing is touched',
  running: 'Deleting',
  paused: 'Paused',
  stopped: 'Stopped',
  'undo-window': 'All waves are over; ports are kept for an undo',
  committing: 'Deleting the kept ports',
  undoing: 'Putting servers back',
  done: 'Done',
};

const BAR = 30;

export function detailsOf(state: FleetState, now: number): string {
  const status = statusOf(state, now);
  const { phase, wave, counts, reason, by } = status;
  const why = reason === null ? '' : `: ${escaped(reason)}${by === null ? '' : ` (${escaped(by)})`}`;
  const lines = [`### ${phase === 'done' ? `Done: ${status.outcome}` : TITLE[phase]}${why}`, ''];
  lines.push(`- Phase: **${phase}**`);
  if (phase === 'loading') lines.push(`- Loaded: ${status.progress.listed} servers`);
  if (phase === 'planning')
    lines.push(`- Inspected: \`${bar(status.progress.inspected, status.progress.listed, BAR)}\``);
  if (status.digest !== null) lines.push(...planLines(state, status));
  if (wave !== null) {
    lines.push(
      `- Wave ${wave.number} of ${wave.of}: \`${bar(wave.done, wave.size, BAR)}\``,
      `- Servers: ${listed(counts)}${status.inFlight > 0 ? `, ${status.inFlight} under way` : ''}`,
      `- Failed: **${status.failed}**, tolerated ${status.maxErrors}` +
        (status.undone ? '' : `; at most ${status.mayStillFail} more can fail before it stops`),
      `- Concurrency: ${status.effectiveConcurrency}`,
    );
  }
  if (status.back !== null) lines.push(`- Put back: \`${bar(status.back.done, status.back.of, BAR)}\``);
  if (status.ratePerMinute !== null)
    lines.push(
      `- Rate: ${status.ratePerMinute} servers a minute${status.eta === null ? '' : `; end about ${when(status.eta)}`}`,
    );
  if (status.undoUntil !== null) lines.push(`- Ports are deleted: **${when(status.undoUntil)}**`);
  if (status.expires !== null) lines.push(`- The plan expires: ${when(status.expires)}`);
  if (status.requestedBy !== null) lines.push(`- Requested by: ${escaped(status.requestedBy)}`);
  const lost = status.pages.filter((page) => page.state === 'lost');
  lines.push(
    ...section(
      '**Failures**',
      status.failures.map(
        ({ serverId, errorCode, message }) =>
          `\`${serverId}\` ${escaped(errorCode ?? '')} ${escaped(message ?? '')}`,
      ),
    ),
    ...section(
      '**Who did what**',
      status.controls.map(
        ({ what, by: who, reason: why, at }) => `${when(at)} **${what}** by ${escaped(who)}: ${escaped(why)}`,
      ),
    ),
    ...section(
      '**Lost pages** (their servers are told as unknown)',
      lost.map(({ workflowId }) => `\`${workflowId}\``),
    ),
  );
  lines.push(...pageLines(state), ...nextLines(state, status));
  return lines.join('\n');
}

function planLines(state: FleetState, status: DecommissionStatus): string[] {
  const plan = planOf(state, status, 0);
  const without = Object.entries(plan.excludedByCode).map(([code, count]) => `${code} ${count}`);
  const { forecast } = plan;
  return [
    `- Plan: **${plan.servers} servers, ${plan.nics} NICs**, digest \`${plan.digest}\``,
    `- Left alone: ${plan.excludedCount}${without.length === 0 ? '' : ` (${without.join(', ')})`}`,
    `- Ways back: ${listed(plan.byGrade)}${plan.elasticIps > 0 ? `; ${plan.elasticIps} elastic IPs` : ''}`,
    `- Waves, cumulative: ${plan.waves.join(', ')}`,
    ...(forecast === null || state.approved
      ? []
      : [
          `- Forecast: ${formatDuration(forecast.seconds * 1_000)} at least, limited by ${forecast.limitedBy}` +
            (forecast.callsPerSecond === null
              ? ''
              : ` (${forecast.callsPerServer} calls a server, ${forecast.callsPerSecond} calls a second)`),
        ]),
  ];
}

function pageLines({ run, pages }: FleetState): string[] {
  if (pages.length === 0) return [];
  const id = decommissionWorkflowId(run);
  return [
    '',
    `**Pages and servers** (${pages.length} page${pages.length === 1 ? '' : 's'}): in the list of workflows, filter by \`RootWorkflowId = '${id}'\``,
  ];
}

/** The exact commands; a person fills in who and why. */
function nextLines(state: FleetState, { next, digest, servers, nics, phase }: DecommissionStatus): string[] {
  if (phase === 'done' || phase === 'loading') return [];
  const who = ` --by '${TO_FILL_IN.who}' --reason '${TO_FILL_IN.why}'`;
  const command = (what: string): string | null => {
    const of = (verb: string, more = '') => `\`ecs-nics decommission ${verb} ${state.run}${more}${who}\``;
    switch (what) {
      case 'approve':
        return of('approve', ` --digest ${digest} --servers ${servers} --nics ${nics}`);
      case 'retryFailed':
        return of('retry');
      case 'setLimits':
        return of('limits', ' --max-errors <n>');
      case 'undo':
        return of('undo', ' --yes');
      case 'pause':
      case 'resume':
      case 'abort':
      case 'commit':
        return of(what);
      default:
        return null;
    }
  };
  return section(
    '**What can be done now**',
    next.flatMap((what) => command(what) ?? []),
  );
}

function listed(counts: Partial<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
  return parts.length === 0 ? 'none yet' : parts.join(', ');
}
