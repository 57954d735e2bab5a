/** How many calls of the cloud a run makes that meets nothing, and which: by the ledger, not by what the run tells. */
import { describe, expect, it } from 'vitest';
import type { RequestClass } from '../../../simulator';
import { TIMING } from '../engine/play';
import { decide, MINUTE } from './audit/audit-support';
import { play } from './play-undo';

const timing = { ...TIMING, firstPoll: '10s' };
/** Of a job that has ended at the first poll. */
const ONE_POLL = 8;
/** Of one that has not ended then, and has at the second. */
const TWO_POLLS = 12;

const times = (count: number, what: RequestClass) => Array.from({ length: count }, () => what);

/** @param count NICs that the run deletes; the server has the primary one besides */
async function made(
  count: number,
  {
    jobSeconds = ONE_POLL,
    request = {},
    change = {},
  }: Partial<Record<'request' | 'change', object>> & { jobSeconds?: number } = {},
) {
  const nics = [{ primary: true }, ...Array.from({ length: count }, () => ({ deleteOnTermination: true }))];
  const { told, world } = await play({ timing, ...request }, { nics, take: count, jobSeconds, ...change });
  expect([told.outcome, told.nics.length]).toEqual(['deleted', count]);
  return world.simulator.ledger.requests.map(({ requestClass }) => requestClass);
}

/** Up to 10, whatever the number of NICs; a port alone is read by its id. */
const happy = (ports: 'port' | 'ports', polls = 1): RequestClass[] => [
  ...(['detail', 'elastic-ips', 'list', 'ports'] as const),
  'delete',
  ...times(polls, 'job'),
  // The first reading comes along with the poll that has met the end; the second proves it.
  ...(['list', ports] as const),
  ...(['list', ...(ports === 'ports' ? [ports] : [])] as const),
];

describe('a happy run', () => {
  it.each([3, 11])('makes 10 calls for %i NICs', async (count) => {
    const calls = await made(count);
    expect(calls).toEqual(happy('ports'));
    expect(calls).toHaveLength(10);
  });

  it('makes 9 for one NIC, whose port need not be read again once it is gone', async () => {
    const calls = await made(1);
    expect(calls).toEqual(happy('port'));
    expect(calls).toHaveLength(9);
  });

  it('makes one more for each poll that has not met the end of the job', async () => {
    expect(await made(3, { jobSeconds: TWO_POLLS })).toEqual(happy('ports', 2));
  });
});

describe('a run that promises an exact undo, and a commit', () => {
  it.each([
    [3, 18],
    [11, 34],
  ])('of %i NICs makes %i calls: 12, and for each NIC its flag and its port', async (count, all) => {
    const calls = await made(count, {
      request: { undoWindow: '1 hour' },
      change: { updates: decide('commit', MINUTE) },
    });
    expect(calls).toEqual([
      ...['detail', 'elastic-ips', 'list', 'ports'],
      ...times(count, 'flag'),
      // Proves the flags just before the deletion is sent (docs/decisions/0017).
      ...['list', 'delete', 'job'],
      ...['list', 'ports', 'list'],
      // What others have made of the ports meanwhile is looked up before they are deleted.
      ...['elastic-ips', 'ports'],
      ...times(count, 'port-delete'),
    ]);
    expect(calls).toHaveLength(all);
  });
});
