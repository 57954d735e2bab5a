/** The ports that runs have kept, for people: server by server. No IO. */
import type { KeptPort, KeptPorts, WhyKept } from '../../client/kept';
import { BY_WHOM_WORDS } from '../ask/flags';
import { releaseCommand } from '../ask/release-request';
import { clean, cut, fitted, plural } from '../format';
import type { ReportPage } from '../output';
import type { Step } from './lines';
import { indent, stepLines } from './lines';
import { portsCommand } from './release-steps';
import { ageText, agoText, serverOf, utcText } from './wording';

const MAX_REASON = 200;
/** Servers of which the commands are named. */
const MAX_COMMANDS = 3;

const WHY: Record<WhyKept, string> = {
  'keep-port': 'asked for',
  'own-flag': "the NIC's own flag",
  cancelled: 'the run was cancelled',
  'port-in-use': 'in use',
  'port-changed': 'changed',
  'not-deleted': 'not deleted',
  unknown: 'may be left over',
};

const UNKNOWN = 'may be left over: the run ended before it was known';

/** Temporal does not know what people do by hand, nor what it has forgotten. */
const LIMITS =
  'As far as Temporal still knows the runs that have kept them. What was done by hand since only the cloud knows: ecs-nics release looks before it deletes.';

export function portsReport(kept: KeptPorts, serverId: string | null, page: ReportPage): string[] {
  const { ports, more, unread, held, windows } = kept;
  const lines =
    ports.length === 0
      ? [
          serverId === null
            ? 'no port is known to be kept'
            : `no port of server ${serverId} is known to be kept`,
        ]
      : [page.colors.bold(countText(ports)), ...byServer(ports).flatMap((each) => serverLines(each, page))];
  lines.push('', ...indent(LIMITS, page, '  '));
  if (more) {
    const narrower = serverId === null ? ' For one server: ecs-nics ports --server <id>' : '';
    lines.push(...indent(`There may be more: not every closed run was read.${narrower}`, page, '  '));
  }
  for (const { run, ports: count } of held)
    lines.push(
      ...indent(
        `${plural(count, 'port')} more: decommission run ${clean(run)} is open and keeps them for its undo window.`,
        page,
        '  ',
      ),
    );
  for (const { serverId: server, serverName, runId, ids, until } of windows)
    lines.push(
      ...indent(
        `${plural(ids.length, 'port')} more: run ${runId} on server ${serverOf({ serverId: server, serverName })} is open and keeps ${ids.length === 1 ? 'it' : 'them'} for its undo window${until === null ? '' : `, until ${utcText(until)}`}.`,
        page,
        '  ',
      ),
    );
  for (const { serverId: server, runId, why } of unread)
    lines.push(...indent(`run ${runId} on server ${server}: ${clean(why)}`, page, '  '));
  return [...lines, ...stepLines([...stepsOf(ports), ...windowsSteps(windows)], page)];
}

function countText(ports: readonly KeptPort[]): string {
  const maybe = ports.filter(({ why }) => why === 'unknown').length;
  const counts = [
    ...(maybe < ports.length ? [`${plural(ports.length - maybe, 'port')} kept`] : []),
    ...(maybe > 0 ? [`${plural(maybe, 'port')} may be left over`] : []),
  ];
  return counts.join(', ');
}

function byServer(ports: readonly KeptPort[]): KeptPort[][] {
  const servers = new Map<string, KeptPort[]>();
  for (const port of ports) servers.set(port.serverId, [...(servers.get(port.serverId) ?? []), port]);
  return [...servers.values()];
}

function serverLines(ports: readonly KeptPort[], page: ReportPage): string[] {
  const [first] = ports;
  if (first === undefined) return [];
  const rows = ports.map((port) => [
    port.id,
    clean(port.ip ?? '-'),
    port.endedAt === null ? '-' : ageText(port.endedAt, page.now),
    WHY[port.why],
  ]);
  const { head, body } = fitted(['PORT', 'IP', 'AGE', 'WHY'], rows, page.columns - 3);
  const lines = ['', serverOf(first), ...(head === null ? [] : [page.colors.dim(`  ${head}`)])];
  ports.forEach((port, i) => {
    lines.push(...(body[i] ?? []).map((line) => `  ${line}`));
    if (port.why === 'unknown') lines.push(...indent(UNKNOWN, page, '      '));
    else if (port.message !== null)
      lines.push(...indent(cut(clean(port.message), MAX_REASON), page, '      '));
    // Ports that one run has kept stand below each other.
    if (ports[i + 1]?.runId === port.runId) return;
    lines.push(...indent(runText(port, page), page, '      '));
  });
  if (first.openRun !== null)
    lines.push(
      ...indent(
        `run ${first.openRun.runId} (${clean(first.openRun.type)}) is open on the server`,
        page,
        '      ',
      ),
    );
  return lines;
}

function runText({ runId, endedAt, requestedBy, reason }: KeptPort, { now }: ReportPage): string {
  const ended = endedAt === null ? '' : `, ended ${agoText(endedAt, now)}`;
  const by = requestedBy === null ? '' : `, by ${clean(requestedBy)}`;
  return cut(`run ${runId}${ended}${by}${reason === null ? '' : `: ${clean(reason)}`}`, MAX_REASON);
}

/** A port that somebody uses, or has changed, is no proposal. */
function stepsOf(ports: readonly KeptPort[]): Step[] {
  const free = ports.filter(
    ({ why, openRun }) => why !== 'port-in-use' && why !== 'port-changed' && openRun === null,
  );
  const servers = byServer(free);
  const steps = servers.slice(0, MAX_COMMANDS).flatMap(([first, ...rest], i): Step[] => {
    if (first === undefined) return [];
    // One run reads the snapshots of one other.
    const nics = [first, ...rest].filter(({ runId }) => runId === first.runId).map(({ id }) => id);
    const text =
      servers.length === 1
        ? 'To delete kept ports, for good:'
        : `${i === 0 ? 'To delete kept ports, for good: those of' : 'Those of'} ${serverOf(first)}:`;
    return [{ text, command: releaseCommand({ serverId: first.serverId, nics }) }];
  });
  return [...steps, ...moreServers(servers.length - MAX_COMMANDS, portsCommand('SERVER'))];
}

/** Each can be decided about now. */
function windowsSteps(windows: KeptPorts['windows']): Step[] {
  const byWhom = BY_WHOM_WORDS.join(' ');
  const steps = windows.slice(0, MAX_COMMANDS).flatMap(({ serverId }): Step[] => [
    {
      text: 'To delete what the open run keeps, for good:',
      command: `ecs-nics commit ${serverId} ${byWhom}`,
    },
    { text: 'To put its NICs back exactly:', command: `ecs-nics undo ${serverId} ${byWhom}` },
  ]);
  return [...steps, ...moreServers(windows.length - MAX_COMMANDS, 'ecs-nics list --open')];
}

function moreServers(count: number, command: string): Step[] {
  return count <= 0 ? [] : [{ text: `And ${plural(count, 'server')} more:`, command }];
}
