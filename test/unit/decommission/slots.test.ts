import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allowed, mayStillFail, MOST_PER_PAGE, share } from '../../../src/workflows/policy/fleet/slots';

describe('servers under way', () => {
  it.each([
    ['soft', false, 50, 2, 0, 50],
    ['soft, as many as tolerated have failed', false, 50, 2, 2, 50],
    ['soft, one too many', false, 50, 2, 3, 0],
    ['strict', true, 50, 2, 0, 3],
    ['strict, after a failure', true, 50, 2, 1, 2],
    ['strict, one too many', true, 50, 2, 3, 0],
    ['strict, nothing tolerated: one at a time', true, 50, 0, 0, 1],
    ['strict, but fewer at a time', true, 2, 9, 0, 2],
  ])('%s', (_, strict, concurrency, maxErrors, failed, servers) => {
    expect(allowed({ strict, concurrency, maxErrors }, failed)).toBe(servers);
  });

  const tolerance = fc.record({
    concurrency: fc.integer({ min: 1, max: 500 }),
    maxErrors: fc.nat(50),
    strict: fc.boolean(),
  });

  it('never more can fail than is told, however many of those under way do, and whatever the limits were before', () => {
    // Limits may have been lowered while more were under way.
    const before = fc.record({ failed: fc.nat(60), flying: fc.nat(60) });
    fc.assert(
      fc.property(tolerance, before, fc.array(fc.boolean(), { maxLength: 600 }), (limits, begun, fails) => {
        const ends = [...Array<boolean>(begun.flying).fill(true), ...fails];
        let { failed, flying } = begun;
        let started = flying;
        const told = mayStillFail(limits, failed, flying, ends.length);
        // As many as may be under way, and then the oldest one ends.
        while (started < ends.length || flying > 0) {
          while (started < ends.length && flying < allowed(limits, failed)) {
            started += 1;
            flying += 1;
          }
          if (flying === 0) break;
          if (ends[started - flying] === true) failed += 1;
          flying -= 1;
        }
        expect(failed - begun.failed).toBeLessThanOrEqual(told);
        if (limits.strict && begun.failed + begun.flying === 0)
          expect(failed).toBeLessThanOrEqual(limits.maxErrors + 1);
      }),
    );
  });

  it('pages never have more slots together than there are, whatever has not been confirmed', () => {
    const page = fc.record({ need: fc.nat(100), held: fc.nat(20) });
    fc.assert(
      fc.property(fc.nat(500), fc.array(page, { maxLength: 20 }), (total, pages) => {
        const slots = share(total, pages);
        const held = pages.reduce((sum, { held }) => sum + held, 0);
        // What a page may be using until it has confirmed less, or more that it gets now.
        const used = slots.reduce((sum, slot, i) => sum + Math.max(slot, pages[i]?.held ?? 0), 0);
        expect(used).toBeLessThanOrEqual(Math.max(total, held));
        slots.forEach((slot, i) => expect(slot).toBeLessThanOrEqual(Math.max(pages[i]?.need ?? 0, 0)));
      }),
    );
  });

  it('what is free is not left lying while a page needs it, once everything is confirmed', () => {
    const needs = fc.array(fc.nat(100), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.nat(500), needs, (total, wanted) => {
        const slots = share(
          total,
          wanted.map((need) => ({ need, held: 0 })),
        );
        const sum = (values: readonly number[]) => values.reduce((all, each) => all + each, 0);
        expect(sum(slots)).toBe(Math.min(total, sum(wanted)));
      }),
    );
  });

  it('one page gets no more than one burst while others wait', () => {
    const pages = Array.from({ length: 4 }, () => ({ need: 100, held: 0 }));
    expect(share(50, pages)).toEqual([MOST_PER_PAGE, MOST_PER_PAGE, 0, 0]);
    expect(share(120, pages)).toEqual([45, 25, 25, 25]);
  });

  it('a slow page holds up nobody: what it does not need goes on', () => {
    expect(
      share(50, [
        { need: 1, held: 1 },
        { need: 100, held: 25 },
        { need: 100, held: 0 },
      ]),
    ).toEqual([1, 25, 24]);
  });
});
