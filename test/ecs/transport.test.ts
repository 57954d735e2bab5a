import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DEFAULT_LIMITS, undiciTransport } from '../../src/ecs/transport';
import { startConnectProxy } from '../support/connect-proxy';
import { clientOf, failure, JOB, NIC, serve, SERVER, SHORT } from './support';

const unknownFate = { action: 'observe', fate: 'unknown', sent: 'maybe' };

/** The same call as a POST and as a read; each has its own consequence. */
async function both(origin: string, limits = SHORT) {
  const cloud = clientOf(origin, {}, limits);
  return { post: await failure(cloud.deleteNics(SERVER, [NIC])), get: await failure(cloud.showJob(JOB)) };
}

describe('limits', () => {
  it('bound a whole exchange well below an attempt of 60 s', () => {
    const { connectMs, headersMs, bodyMs } = DEFAULT_LIMITS;
    expect(connectMs + headersMs + bodyMs).toBeLessThanOrEqual(25_000);
  });
});

describe('nothing was sent', () => {
  it('when nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const { post, get } = await both(`http://127.0.0.1:${port}`);
    expect(post).toMatchObject({
      kind: 'network',
      sent: 'no',
      fate: 'refused',
      action: 'retry',
      httpStatus: null,
    });
    expect(post.message).toContain('ECONNREFUSED');
    expect(get).toMatchObject({ kind: 'network', sent: 'no', action: 'retry' });
  });

  it('when the name does not resolve', async () => {
    const { post } = await both('http://cloud.invalid');
    expect(post).toMatchObject({ sent: 'no', fate: 'refused', action: 'retry' });
    expect(['network', 'timeout']).toContain(post.kind);
  });

  it('when TLS cannot be agreed on, or the connection never comes up', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as AddressInfo;
    const { post } = await both(`https://127.0.0.1:${port}`);
    expect(post).toMatchObject({ kind: 'timeout', sent: 'no', fate: 'refused' });
    silent.close();
  });

  it('when the proxy does not answer CONNECT; a close does not wait for it either', async () => {
    const proxy = await startConnectProxy({});
    onTestFinished(() => proxy.close());
    proxy.refuses = 'silent';
    const { port } = proxy;
    const transport = undiciTransport(SHORT, () => ({ host: '127.0.0.1', port, login: null }));
    const origin = 'http://cloud.invalid';
    const call = transport({ origin, method: 'POST', path: '/', headers: {}, body: null });
    await expect(call).rejects.toMatchObject({ kind: 'timeout', sent: 'no' });
    await transport.close();
    expect(proxy.asked).toContain('cloud.invalid:80');
  });

  it('when the signal was aborted before', async () => {
    const server = await serve((_request, response) => response.end('{}'));
    const cloud = clientOf(server.origin);
    const error = await failure(cloud.deleteNics(SERVER, [NIC], { signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ kind: 'aborted', sent: 'no', fate: 'refused' });
    expect(server.received).toEqual([]);
  });
});

describe('of unknown fate', () => {
  it('no answer in time', async () => {
    const server = await serve(() => undefined);
    const { post, get } = await both(server.origin);
    expect(post).toMatchObject({ kind: 'timeout', ...unknownFate });
    expect(get).toMatchObject({ kind: 'timeout', action: 'retry' });
    expect(server.received).toHaveLength(2);
  });

  it('an answer that stops in the middle', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': 100, 'x-request-id': 'r-9' }).write('{"job_id":');
    });
    const { post } = await both(server.origin);
    expect(post).toMatchObject({ kind: 'timeout', ...unknownFate, httpStatus: 200, requestId: 'r-9' });
  });

  it('an answer that trickles for ever', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(drip));
    });
    const { post } = await both(server.origin);
    expect(post).toMatchObject({ kind: 'timeout', ...unknownFate });
  });

  it('a connection dropped before or within the answer, and no second try', async () => {
    for (const part of ['', '{"job_id":"']) {
      const server = await serve((_request, response) => {
        if (part === '') return void response.destroy();
        response
          .writeHead(200, { 'content-length': 99 })
          .write(part, () => setTimeout(() => response.destroy(), 10));
      });
      const { post, get } = await both(server.origin);
      expect(post).toMatchObject({ kind: 'network', ...unknownFate });
      expect(get).toMatchObject({ kind: 'network', action: 'retry' });
      expect(server.received).toHaveLength(2);
    }
  });

  it('bytes that are not HTTP', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined).on('data', () => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { post } = await both(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    expect(post).toMatchObject({ kind: 'network', ...unknownFate });
    server.close();
  });

  it('an answer above the limit, which is not read to its end', async () => {
    let written = 0;
    const server = await serve((_request, response) => {
      response.writeHead(200);
      const piece = 'x'.repeat(16 * 1024);
      const more = (): void => {
        while (!response.destroyed && written < 64 * 1024 * 1024) {
          written += piece.length;
          if (!response.write(piece)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    });
    const { post } = await both(server.origin);
    expect(post).toMatchObject({ kind: 'unreadable', ...unknownFate, httpStatus: 200 });
    expect(written).toBeLessThan(32 * 1024 * 1024);
  });

  it('aborted under way', async () => {
    const server = await serve(() => undefined);
    const cloud = clientOf(server.origin);
    const controller = new AbortController();
    const call = failure(cloud.deleteNics(SERVER, [NIC], { signal: controller.signal }));
    while (server.received.length === 0) await delay(5);
    controller.abort();
    expect(await call).toMatchObject({ kind: 'aborted', ...unknownFate });
  });
});

describe('connections', () => {
  it('are kept for the next call', async () => {
    const server = await serve((_request, response) => response.end(JSON.stringify({ status: 'RUNNING' })));
    const cloud = clientOf(server.origin);
    for (let i = 0; i < 20; i++) await cloud.showJob(JOB);
    // A call made in the very tick in which another ended does not find its connection free yet.
    expect(server.connections()).toBeLessThanOrEqual(2);
  });

  it('a redirect is not followed', async () => {
    const other = await serve((_request, response) => response.end(JSON.stringify({ job_id: JOB })));
    const server = await serve((_request, response) =>
      response.writeHead(307, { location: other.origin }).end(),
    );
    const { post, get } = await both(server.origin);
    expect(post).toMatchObject({ httpStatus: 307, action: 'observe', fate: 'unknown' });
    expect(get).toMatchObject({ httpStatus: 307, action: 'retry' });
    expect(other.received).toEqual([]);
  });

  it('a call given up while connecting is not sent later', async () => {
    const server = await serve((_request, response) => response.end('{}'));
    const transport = undiciTransport(SHORT);
    const controller = new AbortController();
    const call = transport({
      origin: server.origin,
      method: 'POST',
      path: '/',
      headers: {},
      body: null,
      signal: controller.signal,
    });
    controller.abort();
    await expect(call).rejects.toMatchObject({ kind: 'aborted', sent: 'no' });
    await delay(50);
    expect(server.received).toEqual([]);
    await transport.close();
  });

  it('an unusable header is an error of this call only, and does not show its value', async () => {
    const transport = undiciTransport(SHORT);
    const call = transport({
      origin: 'http://127.0.0.1:1',
      method: 'GET',
      path: '/',
      headers: { authorization: 'line\nbreak' },
      body: null,
    });
    await expect(call).rejects.toMatchObject({ kind: 'network', sent: 'no' });
    await expect(call).rejects.toThrow(/^(?!.*break)/s);
    await transport.close();
  });
});
