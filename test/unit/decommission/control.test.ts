/** When a message of a person applies: what a whole run comes to only by a coincidence. */
import { describe, expect, it } from 'vitest';
import { problemOf } from '../../../src/workflows/fleet/run/control';
import type { FleetState, Halt } from '../../../src/workflows/fleet/run/state';

/** Of a run in its only wave, with one page that has confirmed all. */
function running(failed: number, maxErrors: number, halt: Halt | null): FleetState {
  const news = {
    failed,
    again: failed,
    retries: 0,
    namedSeq: 0,
    toUndo: 0,
    state: 'working',
    atRest: failed,
  };
  const page = { news, lost: false, planned: { servers: 9, nics: 9 }, order: { upTo: 9 } };
  const state = {
    phase: 'running',
    halt,
    aborted: null,
    approved: true,
    maxErrors,
    retries: 0,
    named: { seq: 0 },
    undoSeq: 0,
  };
  return { ...state, pages: [page] } as unknown as FleetState;
}

const STOPPED: Halt = {
  phase: 'stopped',
  reason: 'too many have failed',
  by: null,
  between: false,
  refusal: null,
};

describe('retryFailed', () => {
  it('is refused where nothing would be taken up again', () => {
    expect(problemOf('retryFailed', running(1, 1, null), 0)).toBeNull();
    expect(problemOf('retryFailed', running(0, 1, null), 0)).toBe('no server has failed or was busy');
  });
});

describe('resume', () => {
  it('of a run with a page that is gone names the remedy that helps there', () => {
    const state = running(0, 0, STOPPED);
    for (const page of state.pages) page.lost = true;
    expect(problemOf('resume', state, 0)).toMatch(/of 9 of them the page is gone, and only setLimits helps/);
  });

  it.each([
    ['stopped', STOPPED],
    ['about to stop: it has heard of the failure, and not looked at it yet', null],
  ])('of a run that has %s is refused with the remedies', (_, halt) => {
    expect(problemOf('resume', running(2, 1, halt), 0)).toMatch(/setLimits.*retryFailed.*skip/);
  });

  it.each([
    ['stopped, and its limit was raised since', STOPPED],
    ['nothing to stop for', null],
  ])('of a run that has %s is let in', (_, halt) => {
    expect(problemOf('resume', running(1, 1, halt), 0)).toBeNull();
  });
});
