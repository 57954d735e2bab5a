import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Logger } from '@temporalio/worker';
import { clientOf, failure, NIC, serve, SERVER } from '../ecs/support';
import { undiciTransport } from '../../src/ecs/transport';
import type { Shutdown } from '../../src/worker/shutdown';
import { shutdownOf } from '../support/shutdown';

/** A cloud that takes its time to answer, and a client whose calls end with the shutdown. */
async function slowCloud(shutdown: Shutdown, delayMs: number) {
  const { origin, received } = await serve((_request, response) => {
    setTimeout(() => {
      response.setHeader('content-type', 'application/json');
      response.end('{"job_id":"ff80808201a2b3c40001d5e6f7a80042"}');
    }, delayMs);
  });
  return { cloud: clientOf(origin, { transport: shutdown.bound(undiciTransport()) }), received };
}

const warnings = (shutdown: Shutdown) => {
  const lines: string[] = [];
  shutdown.report({ warn: (text: string) => lines.push(text) } as unknown as Logger);
  return lines;
};

describe('a call to the cloud during the drain', () => {
  it('is finished when it needs less than the grace', async () => {
    const shutdown = shutdownOf(2_000);
    const { cloud } = await slowCloud(shutdown, 300);
    const call = cloud.deleteNics(SERVER, [NIC]);
    await sleep(100);
    shutdown.request();
    expect((await call).jobId).toBe('ff80808201a2b3c40001d5e6f7a80042');
    expect(warnings(shutdown)).toEqual([]);
  });

  it('is cut off at the end of the grace, as a call without an answer', async () => {
    const shutdown = shutdownOf(300);
    const { cloud, received } = await slowCloud(shutdown, 60_000);
    const call = failure(cloud.deleteNics(SERVER, [NIC]));
    await sleep(100);
    const began = performance.now();
    shutdown.request();
    const error = await call;
    expect(performance.now() - began).toBeGreaterThan(250);
    expect(received).toHaveLength(1);
    expect(error).toMatchObject({ kind: 'network', sent: 'maybe', fate: 'unknown', action: 'observe' });
    expect(warnings(shutdown).join()).toMatch(/1 call\(s\).*ECS_NICS_SHUTDOWN_GRACE/);
  });

  it('is certainly unsent when it would begin after the grace', async () => {
    const shutdown = shutdownOf(0);
    const { cloud, received } = await slowCloud(shutdown, 0);
    shutdown.request();
    await sleep(50);
    expect(await failure(cloud.deleteNics(SERVER, [NIC]))).toMatchObject({ sent: 'no', fate: 'refused' });
    expect(received).toHaveLength(0);
  });

  it('that the caller gives up is still his own doing', async () => {
    const shutdown = shutdownOf(10_000);
    const { cloud } = await slowCloud(shutdown, 60_000);
    const caller = new AbortController();
    const call = failure(cloud.showServer(SERVER, { signal: caller.signal }));
    await sleep(100);
    caller.abort();
    expect((await call).kind).toBe('aborted');
    expect(warnings(shutdown)).toEqual([]);
  });

  it('is cut off by a second signal, but not by an echo of the first', async () => {
    const shutdown = shutdownOf(60_000);
    const { cloud } = await slowCloud(shutdown, 60_000);
    let over = false;
    const call = failure(cloud.deleteNics(SERVER, [NIC])).finally(() => (over = true));
    await sleep(100);
    process.emit('SIGINT');
    process.emit('SIGINT');
    expect(shutdown.requested.aborted).toBe(true);
    await sleep(1_100);
    expect(over).toBe(false);
    process.emit('SIGTERM');
    expect((await call).kind).toBe('network');
  });
});
