import { describe, expect, it } from 'vitest';
import { readOptions, UsageError } from '../../../chaos/options';
import type { Action } from '../../../chaos/plan';
import { digestOf, planOf, WORKERS } from '../../../chaos/plan';
import { FaultSpec } from '../../../simulator/world/faults';
import { parseKnobs } from '../../../simulator/knobs';

const MINUTES = 3;
const SEEDS = Array.from({ length: 20 }, (_, seed) => seed);

const of = <K extends Action['kind']>(actions: readonly Action[], kind: K): Extract<Action, { kind: K }>[] =>
  actions.filter((action): action is Extract<Action, { kind: K }> => action.kind === kind);

describe('a plan of chaos', () => {
  it('is the same for the same seed, and another one for another', () => {
    expect(planOf(7, MINUTES)).toEqual(planOf(7, MINUTES));
    expect(new Set(SEEDS.map((seed) => digestOf(planOf(seed, MINUTES)))).size).toBe(SEEDS.length);
  });

  it('has everything in it, in the order of the times, within its minutes', () => {
    for (const seed of SEEDS) {
      const { actions, ms } = planOf(seed, MINUTES);
      const times = actions.map(({ at }) => at);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(times.every((at) => at >= 0 && at <= ms)).toBe(true);
      for (const kind of [
        'single',
        'again',
        'restore',
        'fleet',
        'outside',
        'kill',
        'freeze',
        'cut',
        'weather',
      ] as const)
        expect(of(actions, kind).length, kind).toBeGreaterThan(0);
      expect(of(actions, 'kill-temporal').length).toBeGreaterThan(0);
      for (const { worker } of [...of(actions, 'kill'), ...of(actions, 'cut')])
        expect(worker).toBeLessThan(WORKERS);
      for (const { servers } of of(actions, 'fleet')) expect(servers.length).toBeGreaterThanOrEqual(12);
    }
  });

  it('has only faults and knobs that the simulated cloud knows', () => {
    for (const seed of SEEDS) {
      const { actions, knobs } = planOf(seed, MINUTES);
      parseKnobs(knobs);
      const servers = [
        ...of(actions, 'single').map(({ server }) => server),
        ...of(actions, 'fleet').flatMap((fleet) => fleet.servers),
      ];
      for (const fault of [
        ...servers.flatMap(({ faults }) => faults),
        ...of(actions, 'weather').map(({ fault }) => fault),
      ])
        FaultSpec.parse(fault);
    }
  });

  it('draws every message that people can send, over some seeds', () => {
    const all = SEEDS.flatMap((seed) => planOf(seed, MINUTES).actions);
    const sent = new Set([
      ...of(all, 'single').flatMap(({ messages }) => messages.map(({ what }) => what as string)),
      ...of(all, 'fleet').flatMap(({ messages }) => messages.map(({ what }) => `decommission ${what}`)),
      ...of(all, 'outside').map(({ what, whom }) => `${what} ${whom}`),
    ]);
    for (const what of ['undo', 'commit', 'cancel', 'terminate', 'reset', 'pollNow', 'settled', 'submitted'])
      expect([...sent]).toContain(what);
    for (const what of [
      'pause',
      'resume',
      'abort',
      'retryFailed',
      'skip',
      'setLimits',
      'undo',
      'undoSome',
      'commit',
    ])
      expect([...sent]).toContain(`decommission ${what}`);
    for (const whom of ['server', 'page', 'run'])
      for (const what of ['terminate', 'reset', 'cancel']) expect([...sent]).toContain(`${what} ${whom}`);
  });
});

describe('the command line of chaos', () => {
  it('is read', () => {
    expect(readOptions(['--minutes', '0.5', '--seed', '7', '--naive'])).toEqual({
      ...{ minutes: 0.5, seed: 7, naive: true, json: null, evidence: null },
    });
    expect(readOptions(['--help'])).toBeNull();
  });

  it.each([
    [['--minutes', '0'], '--minutes'],
    [['--minutes', 'long'], '--minutes'],
    [['--seed', '-1'], '--seed'],
    [['--seed', '1.5'], '--seed'],
    [['--json', '/nowhere/at/all.json'], '--json'],
    [['--fast'], '--fast'],
  ])('refuses %j', (args, named) => {
    expect(() => readOptions(args)).toThrow(UsageError);
    expect(() => readOptions(args)).toThrow(named);
  });
});
