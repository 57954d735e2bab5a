/** Connections that a caller brings along. */
import type { Client } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { temporalOf, within } from '../../src/client/connect';

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

function clientWith(connection: object) {
  const deadlines: number[] = [];
  const withDeadline = (at: number, work: () => unknown) => {
    deadlines.push(at - Date.now());
    return work();
  };
  const client = { connection, options: { namespace: 'prod' }, withDeadline } as unknown as Client;
  return { client, deadlines };
}

describe('a connection of one’s own', () => {
  it('is named by its address where it has one, else as its owner says', () => {
    const { client } = clientWith({ options: { address: 'temporal.example:7233' } });
    expect(temporalOf(client)).toMatchObject({ address: 'temporal.example:7233', namespace: 'prod' });
    expect(temporalOf(clientWith({}).client).address).toBe('an unknown address');
    expect(temporalOf(clientWith({}).client, 'there').address).toBe('there');
  });

  it('bounds each call, and all of them together for somebody who has to end in time', async () => {
    const { client, deadlines } = clientWith({});
    const temporal = within(temporalOf(client), 5_000);
    const work = () => Promise.resolve('done');
    expect(await temporal.call(3_000, work)).toBe('done');
    await vi.advanceTimersByTimeAsync(4_000);
    await temporal.call(3_000, work);
    await vi.advanceTimersByTimeAsync(4_000);
    await temporal.call(3_000, work);
    expect(deadlines).toEqual([3_000, 1_000, -3_000]);
  });
});
