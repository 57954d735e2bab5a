/**
 * Every combination of witnesses, judged as docs/contract.md §3.1 and §6.3 say, independently of the table in
 * the source.
 */
import { describe, expect, it } from 'vitest';
import type { PortState } from '../../src/activities/agreement';
import type { ListWitness, Moment, Verdict, Witnesses } from '../../src/workflows/policy/verdict';
import { verdictOf } from '../../src/workflows/policy/verdict';

const SERVER = '3f0b6f0e-2a53-4d59-9d1b-0a2a7e5f1c11';
const PORTS: Record<string, PortState | null> = {
  absent: { state: 'absent' },
  free: { state: 'free' },
  here: { state: 'attached', deviceId: SERVER },
  elsewhere: { state: 'attached', deviceId: 'another' },
  unread: { state: 'unknown', why: '500' },
  unasked: null,
};
const LISTS: ListWitness[] = ['absent', 'present', 'unsettled'];
const MOMENTS: Moment[] = ['over', 'stable', 'cut-off'];

interface Case {
  list: ListWitness;
  port: string;
  moment: Moment;
  keptBy: Witnesses['keptBy'];
  last: boolean;
}

const CASES: Case[] = LISTS.flatMap((list) =>
  Object.keys(PORTS).flatMap((port) =>
    MOMENTS.flatMap((moment) =>
      ([null, 'own', 'asked'] as const).flatMap((keptBy) =>
        [true, false].map((last) => ({ list, port, moment, keptBy, last })),
      ),
    ),
  ),
);
const judge = ({ port, ...rest }: Case): Verdict | undefined => {
  const witnesses: Witnesses = { ...rest, port: PORTS[port] ?? null, serverId: SERVER };
  return verdictOf(witnesses);
};

/** The sentences of the contract; `undefined`: not established yet. */
function expected({ list, port, moment, keptBy, last }: Case): string | undefined {
  // "`deleted` needs two readings without the NIC"; "`still-attached` needs two readings with it".
  if (list === 'unsettled') return last ? 'unknown' : undefined;
  if (list === 'present') {
    // "a NIC still listed is `unknown` (the job may yet take it)".
    if (moment === 'cut-off') return 'unknown';
    // "the last at least `verifyFor` after the job's end".
    if (moment === 'over') return undefined;
    return port === 'here' || port === 'unread' || port === 'unasked' ? 'still-attached' : 'unknown';
  }
  // "and the port gone".
  if (port === 'absent') return 'deleted';
  // "asked for; or the NIC's own flag keeps it".
  if (port === 'free' && keptBy !== null) return 'detached';
  if (moment === 'over') return undefined;
  if (port === 'elsewhere') return 'detached';
  // "found so"; while something is at work the port may still follow its NIC.
  if (port === 'free') return moment === 'stable' ? 'detached' : 'unknown';
  return 'unknown';
}

describe('the verdict on a NIC', () => {
  // The last look of all while nothing says that the end is far enough away is a matter of its own.
  const open = (each: Case) => each.last && each.moment === 'over' && expected(each) === undefined;
  it.each(CASES.filter((each) => !open(each)))(
    'list $list, port $port, $moment, kept by $keptBy, last $last',
    (each) => expect(judge(each)?.outcome).toBe(expected(each)),
  );

  it('a last look always ends in one', () => {
    for (const each of CASES.filter(({ last }) => last))
      expect(judge(each), JSON.stringify(each)).toBeDefined();
  });

  it('`deleted` carries a warning where something is still at work or its port was to stay, and only then', () => {
    for (const each of CASES) {
      const verdict = judge(each);
      if (verdict?.outcome !== 'deleted') continue;
      const wanted = each.moment === 'cut-off' || each.keptBy === 'asked';
      expect(verdict.warning !== null, JSON.stringify(each)).toBe(wanted);
    }
  });

  it('`detached` carries a warning unless it was asked for, and `unknown` says what is in doubt', () => {
    for (const each of CASES) {
      const verdict = judge(each);
      const asked = each.keptBy === 'asked' && each.port === 'free';
      if (verdict?.outcome === 'detached') expect(verdict.warning === null, JSON.stringify(each)).toBe(asked);
      if (verdict?.outcome === 'unknown') expect(verdict.message, JSON.stringify(each)).not.toBeNull();
    }
  });
});
