import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  addressProblem,
  collide,
  formatAddress,
  parseAddress,
  probeAddress,
} from '../../src/worker/addresses';

describe('an address to listen at', () => {
  it.each([
    ['127.0.0.1:8081', { host: '127.0.0.1', port: 8081 }],
    ['0.0.0.0:1', { host: '0.0.0.0', port: 1 }],
    ['[::1]:9464', { host: '::1', port: 9464 }],
    ['[::]:65535', { host: '::', port: 65_535 }],
    ['localhost:8081', { host: '127.0.0.1', port: 8081 }],
  ])('%s', (text, address) => {
    expect(parseAddress(text)).toEqual(address);
    expect(parseAddress(formatAddress(address))).toEqual(address);
  });

  it.each([
    '',
    '8081',
    ':8081',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:0',
    '127.0.0.1:65536',
    '127.0.0.1:http',
    '127.0.0.256:8081',
    '127.1:8081',
    'worker.example:8081',
    '::1:8081',
    '[127.0.0.1]:8081',
    '[fe80::1%eth0]:8081',
    'http://127.0.0.1:8081',
    '127.0.0.1:8081/metrics',
  ])('%j is none', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  it.each([
    ['127.0.0.1:1', '127.0.0.1:1', true],
    ['127.0.0.1:1', '127.0.0.1:2', false],
    ['0.0.0.0:1', '127.0.0.1:1', true],
    ['[::1]:1', '[::]:1', true],
    ['127.0.0.1:1', '[::]:1', true],
    ['127.0.0.1:1', '127.0.0.2:1', false],
    ['127.0.0.1:1', '[::1]:1', false],
  ])('%s and %s: in each other’s way is %s', (one, other, expected) => {
    expect(collide(parseAddress(one)!, parseAddress(other)!)).toBe(expected);
  });

  it('is tried without being kept, and told apart when taken or not here', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const taken = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
    const problem = await probeAddress(taken);
    expect(problem?.code).toBe('EADDRINUSE');
    expect(addressProblem('SOME_ADDRESS', taken, problem!)).toBe(
      `SOME_ADDRESS: 127.0.0.1:${taken.port} is in use by another program; set another one, or off`,
    );
    // Of a network for documents, which no machine is in.
    expect((await probeAddress({ host: '192.0.2.1', port: taken.port }))?.code).toBe('EADDRNOTAVAIL');
    const free = { host: '127.0.0.2', port: taken.port };
    expect([await probeAddress(free), await probeAddress(free)]).toEqual([null, null]);
  });
});
