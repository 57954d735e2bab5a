import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { UndrainedError } from '../../src/worker/shutdown';
import { runAll } from '../../src/worker/workers';
import { shutdownOf } from '../support/shutdown';

/** A worker that is asked to stop, and then takes so long. */
function worker(drainMs: number) {
  let end: { resolve: () => void; reject: (error: Error) => void };
  const it = {
    state: 'INITIALIZED' as 'INITIALIZED' | 'RUNNING' | 'DRAINING' | 'STOPPED',
    run: () => {
      it.state = 'RUNNING';
      return new Promise<void>((resolve, reject) => (end = { resolve, reject }));
    },
    getState: () => it.state,
    shutdown: () => {
      it.state = 'DRAINING';
      setTimeout(() => {
        it.state = 'STOPPED';
        end.resolve();
      }, drainMs);
    },
    die: (error: Error) => end.reject(error),
  };
  return it;
}

describe('all three workers', () => {
  it('run until asked, and to the end of each drain', async () => {
    const shutdown = shutdownOf(1_000);
    const all = { workflows: worker(10), cloud: worker(200), looks: worker(100) };
    const states = () => Object.values(all).map(({ state }) => state);
    const ended = runAll(all, shutdown);
    await sleep(50);
    expect(states()).toEqual(['RUNNING', 'RUNNING', 'RUNNING']);
    shutdown.request();
    await ended;
    expect(states()).toEqual(['STOPPED', 'STOPPED', 'STOPPED']);
  });

  it('are asked at once when the request came before they ran', async () => {
    const shutdown = shutdownOf(1_000);
    shutdown.request();
    const [workflows, cloud, looks] = [worker(10), worker(10), worker(10)];
    await runAll({ workflows, cloud, looks }, shutdown);
    expect(cloud.state).toBe('STOPPED');
  });

  it('when one dies, the others are drained before its error ends the process', async () => {
    const [workflows, cloud, looks] = [worker(10), worker(200), worker(100)];
    const ended = runAll({ workflows, cloud, looks }, shutdownOf(1_000));
    await sleep(20);
    workflows.die(new Error('out of memory'));
    await expect(ended).rejects.toThrow('out of memory');
    expect([cloud.state, looks.state]).toEqual(['STOPPED', 'STOPPED']);
  });

  it('that don’t come to an end are left 5 s after their grace', async () => {
    const shutdown = shutdownOf(100);
    const ended = runAll({ workflows: worker(10), cloud: worker(60_000), looks: worker(10) }, shutdown);
    const began = performance.now();
    shutdown.request();
    await expect(ended).rejects.toThrow(UndrainedError);
    expect(performance.now() - began).toBeLessThan(50_000);
  });
});
