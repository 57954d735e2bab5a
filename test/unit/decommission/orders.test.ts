/** Which pages are planned at the same time. */
import { expect, it } from 'vitest';
import { ordersOf } from '../../../src/workflows/fleet/run/orders';
import type { FleetState, PageRecord } from '../../../src/workflows/fleet/run/state';
import { FIRST_ORDER } from '../../../src/workflows/policy/fleet/agreement';

const page = (): PageRecord => ({
  ...{ servers: 1, marks: '', digest: '', order: { ...FIRST_ORDER }, undelivered: false, endedEarly: false },
  ...{ unconfirmed: 0, news: null, arrived: null, planned: null, refusalsSeen: 0, lost: false, owed: null },
});

/** Plans all pages but the first one, which never comes to an end; says in which order they were begun. */
function begunBeside(count: number): number[][] {
  const pages = Array.from({ length: count }, page);
  const state = { phase: 'planning', halt: null, aborted: null, plan: { pages: 0 }, pages, approved: false };
  const turns: number[][] = [];
  for (;;) {
    const orders = ordersOf({ ...state, waves: [], wave: 0 } as unknown as FleetState);
    const begun = orders.flatMap(({ plan }, index) =>
      plan && pages[index]?.order.plan === false ? [index] : [],
    );
    if (begun.length === 0) return turns;
    turns.push(begun);
    for (const index of begun) {
      const each = pages[index];
      if (each === undefined) continue;
      each.order.plan = true;
      if (index > 0) each.arrived = { servers: 1 } as PageRecord['arrived'];
    }
  }
}

it('five at a time; one that takes long holds up no other, as far as their plans can wait', () => {
  const turns = begunBeside(100);
  expect(turns[0]).toEqual([0, 1, 2, 3, 4]);
  for (const begun of turns.slice(1)) expect(begun.length).toBeLessThanOrEqual(4);
  expect(turns.flat()).toEqual(Array.from({ length: 25 }, (_, n) => n));
});
