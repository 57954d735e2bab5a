/** What the operator can do now with a decommission run, each with the exact command. No IO. */
import type { Control } from '../../../client/decommission/steer';
import type { DecommissionStatus } from '../../../contract';
import { BY_WHOM_WORDS } from '../../ask/flags';
import { plural, shellQuote } from '../../format';
import type { Step } from '../lines';

/** The command of each message. */
export const COMMAND_OF: Record<Control, string> = {
  approve: 'approve',
  pause: 'pause',
  resume: 'resume',
  setLimits: 'limits',
  skip: 'skip',
  retryFailed: 'retry',
  abort: 'abort',
  undo: 'undo',
  commit: 'commit',
};

/** A run names messages as a caller sends them; people at a terminal have commands. */
export function inCommands(message: string): string {
  return Object.entries(COMMAND_OF).reduce(
    (text, [control, command]) => text.replaceAll(new RegExp(`\\b${control}\\b`, 'g'), command),
    message.replace(' (query plan)', ''),
  );
}

/** More failed servers in one command than a person reads. */
const MOST_NAMED = 5;

export function decommissionCommand(command: string, run: string, words: readonly string[] = []): string {
  return ['ecs-nics', 'decommission', command, run, ...words].map(shellQuote).join(' ');
}

/** For a run in any state. `but`: the command that has just shown it. */
export function decommissionSteps(status: DecommissionStatus, but?: string): Step[] {
  const { run, phase } = status;
  const steps = status.next.flatMap((what) => stepsOf(what, status));
  if (phase !== 'done') steps.push({ text: 'To follow it:', command: decommissionCommand('watch', run) });
  if (phase === 'planned')
    steps.unshift({ text: 'To read the whole plan:', command: decommissionCommand('plan', run) });
  else if (status.digest !== null)
    steps.push({ text: 'To read its report:', command: decommissionCommand('report', run) });
  return steps.filter(({ command }) => but === undefined || command !== decommissionCommand(but, run));
}

function stepsOf(what: string, status: DecommissionStatus): Step[] {
  const { run, digest, servers, nics, phase, failed } = status;
  const step = (text: string, control: Control, words: readonly string[] = []): Step[] => [
    { text, command: decommissionCommand(COMMAND_OF[control], run, [...words, ...BY_WHOM_WORDS]) },
  ];
  switch (what) {
    case 'approve':
      return step(
        `To approve it, and delete ${plural(nics, 'NIC')} of ${plural(servers, 'server')}:`,
        'approve',
        [...['--digest', digest ?? ''], ...['--servers', String(servers), '--nics', String(nics)]],
      );
    case 'resume':
      return phase === 'running' ? [] : step('To go on:', 'resume');
    case 'pause':
      return step('To start nothing more for now:', 'pause');
    case 'retryFailed':
      return step('To take up failed and busy servers again:', 'retryFailed');
    case 'setLimits':
      // Needed only where the tolerance holds the run back.
      return phase === 'stopped'
        ? step('To tolerate what has failed:', 'setLimits', ['--max-errors', String(failed)])
        : [];
    case 'skip':
      return phase === 'stopped'
        ? step('To leave failed servers as they are:', 'skip', namedFailures(status))
        : [];
    case 'undo':
      return step('To put back everything that was taken off:', 'undo');
    case 'commit':
      return step('To delete the kept ports now and for good:', 'commit');
    case 'abort':
      return step('To start nothing more, and end it:', 'abort');
    default:
      return [];
  }
}

function namedFailures({ failures }: DecommissionStatus): string[] {
  return failures.slice(0, MOST_NAMED).flatMap(({ serverId }) => ['--server', serverId]);
}
