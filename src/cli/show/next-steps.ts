/** What the operator can do now, each with the exact command. No IO. */
import type { DeleteServerNicsInput, NicOutcome, NicRow, ResultDocument } from '../../contract';
import type { EndedRun } from './asked';
import type { Step } from './lines';
import type { Ending } from '../../client/ending';
import { BY_WHOM_WORDS } from '../ask/flags';
import { cut, plural } from '../format';
import type { Beside } from './beside';
import { NOTHING_BESIDE } from './beside';
import { deleteCommand } from '../ask/delete-request';
import { keptSteps, releaseSteps } from './release-steps';
import { putBackSteps, remedySteps, restoreSteps, tryAgainStep, unknownSteps } from './restore-steps';
import { isBackByHand, isInWindow, messageOf } from './wording';

/** For a run that continues. `but`: what the operator has just done; `document`: the run's current document. */
export function openSteps(
  serverId: string,
  but?: 'status' | 'cancel' | 'poll-now',
  document: ResultDocument | null = null,
): Step[] {
  if (isInWindow(document) && but !== 'cancel') return windowSteps(serverId);
  return (
    [
      ['look at it', 'status'],
      ['follow it', 'watch'],
      ['stop it', 'cancel'],
    ] as const
  )
    .filter(([, command]) => command !== but)
    .map(([text, command]) => ({ text, command: `ecs-nics ${command} ${serverId}` }));
}

/** For a run with an open undo window. */
export function windowSteps(serverId: string): Step[] {
  const byWhom = BY_WHOM_WORDS.join(' ');
  return [
    { text: 'To put everything back exactly:', command: `ecs-nics undo ${serverId} ${byWhom}` },
    { text: 'To delete the kept ports now and for good:', command: `ecs-nics commit ${serverId} ${byWhom}` },
    { text: 'To follow it to its end:', command: `ecs-nics watch ${serverId}` },
  ];
}

/** After the end of a run. */
export function endSteps(ending: Ending, run: EndedRun, beside = NOTHING_BESIDE): Step[] {
  const { asked } = run;
  if (asked.kind === 'restore') return restoreSteps(ending, run, asked);
  if (asked.kind === 'release') return releaseSteps(ending, run, asked);
  const { document } = ending;
  if (ending.kind === 'failed' && ending.type === 'RestoreIncomplete') {
    return [...remedySteps(document), tryAgainStep(run)];
  }
  const steps = deletionSteps(ending, run.serverId, asked.input, beside);
  return [
    ...steps,
    ...takenOffSteps(run.serverId, beside),
    ...remedySteps(document, wasToReturn(ending, asked.input)),
    ...unknownSteps(document, run),
    ...putBackSteps(document, run),
    ...keptSteps(ending, run),
  ];
}

/** A way back was asked for, and begun: by an undo, or as the request says. */
function wasToReturn({ kind, document }: Ending, input: DeleteServerNicsInput | null): boolean {
  if (document?.decision?.what === 'undo') return true;
  return (kind === 'cancelled' ? input?.onCancel : input?.onFailure) === 'restore';
}

function takenOffSteps(serverId: string, { takenOffBy }: Beside): Step[] {
  if (takenOffBy === null) return [];
  const command = `ecs-nics restore ${serverId} --run-id ${takenOffBy} ${BY_WHOM_WORDS.join(' ')}`;
  return [{ text: 'To put back what has gone through that run:', command }];
}

function deletionSteps(
  ending: Ending,
  serverId: string,
  input: DeleteServerNicsInput | null,
  { before }: Beside,
): Step[] {
  const { document } = ending;
  switch (ending.kind) {
    case 'completed':
      return document?.outcome === 'planned' ? plannedSteps(document, serverId, input, before) : [];
    case 'failed':
      return failedSteps(ending.type, document, serverId, input);
    case 'cancelled': {
      const rest = withOutcome(document, 'untouched', 'still-attached', 'restored');
      if ((ending.counts?.unknown ?? 0) > 0 || ending.counts === null)
        return [lookStep(serverId, document, input)];
      if (rest.length === 0) return [];
      return [
        {
          text: `${plural(rest.length, 'NIC')} of the request ${rest.length === 1 ? 'is' : 'are'} still there. To go on:`,
          command: command(serverId, rest, input),
        },
      ];
    }
    case 'ended-from-outside': {
      const known = ending.open === null ? null : { serverId, nics: ending.open.nics.map((id) => ({ id })) };
      return [lookStep(serverId, document, input ?? known)];
    }
  }
}
function plannedSteps(
  document: ResultDocument,
  serverId: string,
  input: DeleteServerNicsInput | null,
  before: Beside['before'],
): Step[] {
  const ids = withOutcome(document, 'untouched');
  if (ids.length === 0) return [];
  const which = ids.length === 1 ? 'this NIC' : `these ${ids.length} NICs`;
  const isOpen = before?.kind === 'open';
  const look = { text: 'To see the run that is open:', command: `ecs-nics status ${serverId}` };
  // The command names the NICs that were shown: "all" may mean other NICs by the time it is run.
  return [
    ...(isOpen ? [look] : []),
    {
      text: isOpen ? `Once it has ended, to delete ${which}:` : `To delete ${which}:`,
      command: command(serverId, ids, input),
    },
  ];
}

function failedSteps(
  type: string,
  document: ResultDocument | null,
  serverId: string,
  input: DeleteServerNicsInput | null,
): Step[] {
  switch (type) {
    case 'NotDeleted': {
      const stayed = document?.nics.filter(({ outcome }) => outcome === 'still-attached') ?? [];
      if (stayed.length === 0) return [lookStep(serverId, document, input)];
      const rest = stayed.filter((nic) => !isBackByHand(nic)).map(({ id }) => id);
      // An operator who has put a NIC back wants to keep it there.
      if (rest.length === 0)
        return [
          {
            text: `${stayed.length === 1 ? 'The NIC is' : 'These NICs are'} on the server again: somebody has put back what this run had taken off. To see what is there, without changing anything:`,
            command: dryRun(serverId, document, input),
          },
        ];
      return [
        {
          text: `${reasonText(stayed)}, then try ${rest.length === 1 ? 'this NIC' : `these ${rest.length} NICs`} again:`,
          command: command(serverId, rest, input),
        },
      ];
    }
    case 'Refused':
    case 'CloudRefused':
      return [
        {
          text: 'Once that is settled, check again without changing anything:',
          command: dryRun(serverId, document, input),
        },
      ];
    case 'RolledBack':
      return [
        {
          text: 'Everything was put back. To look at the server without changing anything:',
          command: dryRun(serverId, document, input),
        },
      ];
    case 'InvalidInput':
      return [];
    default:
      return [lookStep(serverId, document, input)];
  }
}

/** The reasons that the cloud has given; a NIC may stay without one. */
function reasonText(stayed: readonly NicRow[]): string {
  const reasons = [...new Set(stayed.map(messageOf).filter((reason) => reason !== ''))];
  if (reasons.length === 0) return 'The cloud gave no reason. Look at the server';
  return `Remove the reason (${reasons.map((reason) => cut(reason, 120)).join('; ')})`;
}

/** For unknown outcomes: a dry run reads every NIC and changes nothing. */
function lookStep(
  serverId: string,
  document: ResultDocument | null,
  input: DeleteServerNicsInput | null,
): Step {
  return {
    text: 'This needs a person. A new run waits by itself, until its own deadline, until nothing more can come of what was sent. Look first; a dry run reads what is there now and changes nothing:',
    command: dryRun(serverId, document, input),
  };
}

function dryRun(
  serverId: string,
  document: ResultDocument | null,
  input: DeleteServerNicsInput | null,
): string {
  if (input !== null) {
    // A look needs no limit, and one that was too short for the deletion would be repeated with it.
    const request = { ...input, dryRun: true };
    delete request.deadline;
    return deleteCommand(request);
  }
  const ids = document?.nics.map((nic) => nic.id) ?? [];
  return deleteCommand({
    serverId,
    nics: ids.length === 0 ? 'all' : ids.map((id) => ({ id })),
    dryRun: true,
  });
}

function command(serverId: string, ids: string[], input: DeleteServerNicsInput | null): string {
  return deleteCommand({ serverId, ...input, dryRun: false, nics: ids.map((id) => ({ id })) });
}

function withOutcome(document: ResultDocument | null, ...outcomes: NicOutcome[]): string[] {
  return (document?.nics ?? []).filter((nic) => outcomes.includes(nic.outcome)).map((nic) => nic.id);
}
