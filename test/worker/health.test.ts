import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../dev/ports';
import { serveHealth } from '../../src/worker/health';
import type { Answer } from '../../src/worker/health';
import { Lifecycle } from '../../src/worker/lifecycle';

async function served(checks: { livez: () => Answer; readyz: () => Answer }) {
  const port = await freePort();
  const health = await serveHealth({ host: '127.0.0.1', port }, checks);
  onTestFinished(() => health.close());
  return { health, port, url: `http://127.0.0.1:${port}` };
}

const ALL_WELL = {
  livez: () => ({ ok: true, state: 'alive' }),
  readyz: () => ({ ok: false, state: 'draining', reason: 'because' }),
};

describe('the health endpoint', () => {
  it('answers by 200 and 503, with the reason, and holds no connection', async () => {
    const { url } = await served(ALL_WELL);
    const live = await fetch(`${url}/livez?verbose`);
    expect([live.status, await live.json()]).toEqual([200, { ok: true, state: 'alive' }]);
    expect(live.headers.get('connection')).toBe('close');
    expect(live.headers.get('cache-control')).toBe('no-store');
    const ready = await fetch(`${url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      503,
      { ok: false, state: 'draining', reason: 'because' },
    ]);
  });

  it.each([
    ['GET', '/', 404],
    ['GET', '/metrics', 404],
    ['POST', '/healthz', 404],
    ['POST', '/livez', 405],
    ['DELETE', '/readyz', 405],
    ['HEAD', '/livez', 200],
  ])('%s %s: %i', async (method, path, status) => {
    const { url } = await served(ALL_WELL);
    const answer = await fetch(`${url}${path}`, { method });
    expect(answer.status).toBe(status);
    if (status === 405) expect(answer.headers.get('allow')).toBe('GET, HEAD');
  });

  it('closes at once, whatever clients have left half done', async () => {
    const { health, port } = await served(ALL_WELL);
    const silent = connect(port, '127.0.0.1').on('error', () => undefined);
    const half = connect(port, '127.0.0.1').on('error', () => undefined);
    half.write('POST /livez HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nonly this');
    const kept = request({ port, path: '/livez', headers: { connection: 'keep-alive' } }).on(
      'error',
      () => undefined,
    );
    kept.write('no end');
    await Promise.all([once(silent, 'connect'), once(half, 'connect')]);
    await health.close();
    await expect(fetch(`http://127.0.0.1:${port}/livez`)).rejects.toThrow();
  });

  it('survives what is not HTTP', async () => {
    const { url, port } = await served(ALL_WELL);
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    socket.write('\x16\x03\x01 hello\r\n\r\n');
    await once(socket, 'close');
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });

  it('rejects with the error of a taken port', async () => {
    const { port } = await served(ALL_WELL);
    await expect(serveHealth({ host: '127.0.0.1', port }, ALL_WELL)).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });
});

describe('what the process says of itself', () => {
  const worker = (state: string) => ({ state, getState: () => state });
  const all = () => {
    const workflows = { state: 'RUNNING', getState: () => workflows.state };
    const cloud = { state: 'RUNNING', getState: () => cloud.state };
    const looks = { state: 'RUNNING', getState: () => looks.state };
    return { workflows, cloud, looks };
  };
  const connected = { lost: () => null };
  const fresh = () => {
    const stop = new AbortController();
    return { stop, lifecycle: new Lifecycle('temporal.example:7233', stop.signal) };
  };

  it('is alive from the start, and ready only when both workers run', () => {
    const { lifecycle } = fresh();
    expect(lifecycle.livez()).toEqual({ ok: true, state: 'alive' });
    expect(lifecycle.readyz()).toMatchObject({ ok: false, state: 'connecting' });
    lifecycle.connecting('connection refused');
    expect(lifecycle.readyz().reason).toMatch(/temporal\.example:7233: connection refused/);
    lifecycle.starting();
    expect(lifecycle.readyz()).toMatchObject({ ok: false, state: 'starting' });
    const workers = all();
    workers.cloud.state = 'INITIALIZED';
    lifecycle.running(workers, connected);
    expect(lifecycle.readyz()).toMatchObject({ ok: false, state: 'starting' });
    expect(lifecycle.readyz().reason).toMatch(/cloud is INITIALIZED/);
    workers.cloud.state = 'RUNNING';
    expect(lifecycle.readyz()).toEqual({ ok: true, state: 'ready' });
  });

  it('is not ready as soon as it is asked to stop, though the workers may not know yet; it stays alive', () => {
    const { lifecycle, stop } = fresh();
    lifecycle.running(all(), connected);
    stop.abort();
    expect(lifecycle.readyz()).toMatchObject({ ok: false, state: 'draining' });
    expect(lifecycle.livez().ok).toBe(true);
  });

  it('is neither alive nor ready after a failure', () => {
    const { lifecycle } = fresh();
    lifecycle.running({ ...all(), workflows: worker('DRAINING'), cloud: worker('FAILED') }, connected);
    expect(lifecycle.livez()).toMatchObject({ ok: false, state: 'failed' });
    expect(lifecycle.readyz().reason).toMatch(/cloud has failed/);
    const other = fresh().lifecycle;
    other.failed('out of something');
    expect(other.livez()).toEqual({ ok: false, state: 'failed', reason: 'out of something' });
    expect(other.readyz().state).toBe('failed');
  });

  it('notices a worker that stops without being asked to', () => {
    const { lifecycle } = fresh();
    lifecycle.running({ ...all(), looks: worker('DRAINED') }, connected);
    expect(lifecycle.readyz()).toMatchObject({ ok: false, state: 'draining' });
  });

  it('is not ready when Temporal has not answered for half a minute', () => {
    const { lifecycle } = fresh();
    let forMs = 29_000;
    lifecycle.running(all(), { lost: () => ({ forMs, problem: 'tcp connect error' }) });
    expect(lifecycle.readyz().ok).toBe(true);
    forMs = 44_000;
    expect(lifecycle.readyz()).toEqual({
      ok: false,
      state: 'disconnected',
      reason: 'Temporal has not answered for 44 s: tcp connect error',
    });
    expect(lifecycle.livez().ok).toBe(true);
  });
});
