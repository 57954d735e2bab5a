/** Next steps for ports that a run has kept, and after a release of such ports. No IO. */
import type { NicRow, ReleasePortsInput, ResultDocument } from '../../contract';
import type { Ending } from '../../client/ending';
import { releaseCommand } from '../ask/release-request';
import { plural } from '../format';
import type { Asked, EndedRun } from './asked';
import type { Step } from './lines';
import { isLeftAlone } from './wording';

/** The commands that look at kept ports. */
export function portsCommand(serverId: string | null): string {
  return serverId === null ? 'ecs-nics ports' : `ecs-nics ports --server ${serverId}`;
}

/** Detached, its port still there, and nobody else uses it. Without a snapshot nobody could tell whether it is still what it was. */
function isKept(nic: NicRow): boolean {
  return nic.outcome === 'detached' && Boolean(nic.snapshot) && !isLeftAlone(nic);
}

/** After a deletion whose ports stay: no later run deletes them by itself. */
export function keptSteps({ kind, document }: Ending, { serverId, runId }: EndedRun): Step[] {
  const kept = kind === 'completed' || kind === 'cancelled' ? (document?.nics.filter(isKept) ?? []) : [];
  if (kept.length === 0) return [];
  return [
    {
      text: `To delete ${kept.length === 1 ? 'the port' : `the ${plural(kept.length, 'port')}`} that the run has kept, for good:`,
      command: releaseCommand({ serverId, nics: kept.map(({ id }) => id), source: ['--run-id', runId] }),
    },
  ];
}

/** After a release. It looks before it deletes, so the same command is safe whatever has happened meanwhile. */
export function releaseSteps(
  ending: Ending,
  { serverId }: EndedRun,
  { input, source }: Asked & { kind: 'release' },
): Step[] {
  const { document } = ending;
  const look: Step = { text: 'To see which ports are kept:', command: portsCommand(serverId) };
  const again = (text: string, nics: readonly string[]): Step[] =>
    nics.length === 0 ? [look] : [{ text, command: releaseCommand({ serverId, nics, source, input }) }];
  const all = namedIn(document, input);
  switch (ending.kind) {
    case 'completed':
      if (document?.outcome !== 'planned') return [];
      return again(
        'To delete the ports that are free:',
        document.nics
          .filter(({ outcome, message }) => outcome === 'untouched' && message === null)
          .map(({ id }) => id),
      );
    case 'cancelled': {
      const left = document?.nics.filter(({ outcome }) => outcome === 'detached' || outcome === 'untouched');
      return again('To delete the ports that are left:', left?.map(({ id }) => id) ?? all);
    }
    case 'failed': {
      if (ending.type === 'InvalidInput') return [];
      const isOpen = (nic: NicRow) => isKept(nic) || nic.outcome === 'unknown';
      const open = document?.nics.filter(isOpen).map(({ id }) => id) ?? [];
      // A port that somebody uses, or has changed, stays: no command is named that deletes it.
      return again('Once the reason named above is removed, the same again:', open);
    }
    case 'ended-from-outside':
      return again('To go on: the ports are looked at before one is deleted.', all);
  }
}

function namedIn(document: ResultDocument | null, input: ReleasePortsInput | null): string[] {
  if (input !== null && input.nics !== 'all') return input.nics.map(({ id }) => id);
  return document?.nics.map(({ id }) => id) ?? [];
}
