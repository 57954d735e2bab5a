/** Next steps for NICs that are off their server, or that were not put back as they had been. No IO. */
import type { NicRow, ResultDocument, RestoreGrade } from '../../contract';
import type { Asked, EndedRun } from './asked';
import type { Ending } from '../../client/ending';
import { clean, plural } from '../format';
import type { Step } from './lines';
import { mayBeLeft } from '../../contract/types';
import { releaseCommand } from '../ask/release-request';
import { restoreCommand } from '../ask/restore-request';
import { ipOf, isLeftAlone } from './wording';

const GRADES: Record<RestoreGrade, string> = {
  exact: 'exactly as before',
  'new-mac': 'same IP, new MAC',
  'new-ip-and-mac': 'new IP and MAC',
  no: 'no way back',
};

/** `exactly as before`; with several grades `2 exactly as before, 1 same IP, new MAC`. */
function gradesText(nics: readonly NicRow[]): string {
  const counts = new Map<RestoreGrade, number>();
  for (const { restore } of nics) counts.set(restore, (counts.get(restore) ?? 0) + 1);
  const [only] = counts.keys();
  if (counts.size === 1 && only !== undefined) return GRADES[only] ?? clean(only);
  return [...counts].map(([grade, count]) => `${count} ${GRADES[grade] ?? clean(grade)}`).join('; ');
}

/** The NIC is off the server, and everything needed to put it back is known. */
function canReturn(nic: NicRow): boolean {
  const off = nic.outcome === 'deleted' || (nic.outcome === 'detached' && !isLeftAlone(nic));
  return off && Boolean(nic.snapshot) && nic.restore !== 'no';
}

/** After a deletion, regardless of how it ended. */
export function putBackSteps(
  document: ResultDocument | null,
  { serverId, runId }: Pick<EndedRun, 'serverId' | 'runId'>,
): Step[] {
  const nics = document?.nics.filter(canReturn) ?? [];
  if (nics.length === 0) return [];
  const what = nics.length === 1 ? 'this NIC' : plural(nics.length, 'NIC');
  return [
    {
      text: `To put ${what} back (${gradesText(nics)}):`,
      command: restoreCommand({ serverId, source: ['--run-id', runId] }),
    },
  ];
}

/**
 * What a person can do and the run could not.
 * @param wasAsked the NICs were to be put back
 */
export function remedySteps(document: ResultDocument | null, wasAsked = true): Step[] {
  return (document?.nics ?? []).flatMap((nic) => {
    if (!nic.remedy) return [];
    const isBack = nic.outcome === 'restored' || nic.outcome === 'recreated';
    let state = isBack ? 'is back, but not as it was' : `is not back (${nic.outcome})`;
    if (!wasAsked && nic.outcome === 'unknown' && nic.remedy.includes('delete_on_termination'))
      state =
        'is unknown, and its flag still false, so that a late deletion leaves its port. ' +
        'Once nothing more can come of what was sent, and only if the NIC is still on the server';
    return [
      {
        text: `NIC ${nic.id}, ${ipOf(nic)}, ${state}${state.startsWith('is unknown') ? ', by' : '. By'} hand:`,
        command: clean(nic.remedy),
        whole: !nic.remedy.startsWith('ecs-nics '),
      },
    ];
  });
}

/** NICs without a verdict whose flag the run left false: what went later has left its port behind. */
export function unknownSteps(document: ResultDocument | null, { serverId, runId }: EndedRun): Step[] {
  const nics =
    document?.nics.filter((nic) => mayBeLeft(nic) && Boolean(nic.snapshot)).map(({ id }) => id) ?? [];
  if (nics.length === 0) return [];
  const source = ['--run-id', runId];
  const ports = nics.length === 1 ? 'its port' : 'their ports';
  return [
    {
      text: `If the look finds ${nics.length === 1 ? 'it' : 'them'} gone and ${ports} left over: to delete what is free, for good:`,
      command: releaseCommand({ serverId, nics, source }),
    },
    {
      text: 'To put back what has gone, and to set the flag back of what has stayed:',
      command: restoreCommand({ serverId, nics, source }),
    },
  ];
}

const TRY_AGAIN = 'This needs a person. To try the rest again, without changing what is in place:';

/** After a deletion that could not put back every NIC. */
export function tryAgainStep({ serverId, runId }: EndedRun): Step {
  return {
    text: TRY_AGAIN,
    command: restoreCommand({ serverId, source: ['--run-id', runId] }),
  };
}

/** After a restore. */
export function restoreSteps(
  ending: Ending,
  { serverId }: EndedRun,
  { input, source }: Asked & { kind: 'restore' },
): Step[] {
  const { document } = ending;
  const again = (more: { nics?: string[]; dryRun?: boolean } = {}) =>
    restoreCommand({ serverId, source, input, ...more });
  const needsPerson = [...remedySteps(document), { text: TRY_AGAIN, command: again() }];
  switch (ending.kind) {
    case 'completed': {
      if (document?.outcome !== 'planned') return remedySteps(document);
      const nics = document.nics.filter((nic) => nic.outcome === 'untouched' && nic.restore !== 'no');
      if (nics.length === 0) return [];
      const ids = nics.map(({ id }) => id);
      const what = ids.length === 1 ? 'this NIC' : `these ${ids.length} NICs`;
      // The command names the NICs that were shown: "all" may mean other NICs by the time it is run.
      return [{ text: `To put ${what} back (${gradesText(nics)}):`, command: again({ nics: ids }) }];
    }
    case 'failed':
      if (ending.type === 'InvalidInput') return [];
      if (ending.type !== 'Refused' && ending.type !== 'CloudRefused') return needsPerson;
      return [
        {
          text: 'Once that is settled, check again without changing anything:',
          command: again({ dryRun: true }),
        },
      ];
    case 'cancelled': {
      const isLeft = document === null || document.nics.some(canReturn) || remedySteps(document).length > 0;
      if (!isLeft) return [];
      const text = 'To put back what is not in place:';
      return [...remedySteps(document), { text, command: again() }];
    }
    case 'ended-from-outside':
      return [
        {
          text: 'This needs a person. A dry run reads what is there now and changes nothing:',
          command: again({ dryRun: true }),
        },
      ];
  }
}
