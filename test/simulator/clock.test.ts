import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock, ScaledClock } from '../../simulator';
import { Agenda } from '../../simulator/world/agenda';
import { AdjustableClock } from '../../simulator/world/clock';

describe('clocks', () => {
  it('run faster from the moment of their making on', () => {
    const base = new ManualClock(1000);
    const scaled = new ScaledClock(60, base);
    expect(scaled.now()).toBe(1000);
    base.advance(500);
    expect(scaled.now()).toBe(31_000);
  });

  it('can be moved, whatever they are', () => {
    const manual = new ManualClock(0);
    new AdjustableClock(manual).advance(5);
    expect(manual.now()).toBe(5);
    const moved = new AdjustableClock({ now: () => 7 });
    moved.advance(5);
    expect(moved.now()).toBe(12);
  });
});

describe('the agenda', () => {
  it('carries out what is due, in the order of time and then of making', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50 })),
        fc.integer({ min: 0, max: 60 }),
        (times, now) => {
          const agenda = new Agenda();
          const done: [number, number][] = [];
          times.forEach((at, i) => agenda.schedule(at, () => done.push([at, i])));
          agenda.settle(now);
          const expected = times
            .map((at, i): [number, number] => [at, i])
            .filter(([at]) => at <= now)
            .sort(([a, i], [b, j]) => a - b || i - j);
          expect(done).toEqual(expected);
        },
      ),
    );
  });

  it('leaves out what never comes', () => {
    const agenda = new Agenda();
    agenda.schedule(Infinity, () => expect.unreachable());
    agenda.settle(Infinity);
  });
});
