import { describe, expect, it } from 'vitest';
import { proxyFor, readProxies } from '../../src/contract/proxy';

const through = (env: Record<string, string>, host: string, port = 443) => {
  const { proxies, problems } = readProxies(env);
  expect(problems).toEqual([]);
  return proxyFor(proxies, host, port);
};
const PROXY = { HTTPS_PROXY: 'http://proxy.corp:3128' };

describe('one rule for every connection', () => {
  it.each([
    ['http://proxy.corp:3128', { host: 'proxy.corp', port: 3128, login: null }],
    ['proxy.corp:3128', { host: 'proxy.corp', port: 3128, login: null }],
    [' http://proxy.corp/ \n', { host: 'proxy.corp', port: 80, login: null }],
    [
      'http://me:50%off@proxy.corp',
      { host: 'proxy.corp', port: 80, login: { user: 'me', password: '50%off' } },
    ],
    ['http://[2001:db8::1]:8080', { host: '2001:db8::1', port: 8080, login: null }],
    [
      'http://me:p%40ss@proxy.corp:3128',
      { host: 'proxy.corp', port: 3128, login: { user: 'me', password: 'p@ss' } },
    ],
  ])('%j is a proxy', (value, server) => {
    expect(through({ HTTPS_PROXY: value }, 'ecs.example.com')).toEqual(server);
  });

  it.each([
    ['socks5://proxy.corp', ''],
    ['https://user:SECRET@proxy.corp', 'SECRET'],
    ['http://proxy.corp/path', ''],
    ['http://', ''],
    ['::::', ''],
  ])('%j is none, and its problem names the variable alone', (value, secret) => {
    const { problems, proxies } = readProxies({ https_proxy: value });
    expect(problems).toEqual(['https_proxy: not a proxy such as http://proxy.example:3128']);
    expect(proxies.server).toBeNull();
    expect(secret !== '' && problems.join().includes(secret)).toBe(false);
  });

  it('blank is unset, and the lower-case name wins', () => {
    expect(through({ https_proxy: ' ', HTTPS_PROXY: '' }, 'a.b')).toBeNull();
    expect(through({ https_proxy: 'low:1', HTTPS_PROXY: 'up:2' }, 'a.b')?.host).toBe('low');
    expect(through({ ...PROXY, no_proxy: ' ', NO_PROXY: 'a.b' }, 'a.b')).toBeNull();
  });

  it.each(['localhost', '127.0.0.1', '127.1.2.3', '::1', '[::1]', 'sim.localhost'])(
    '%s goes direct',
    (host) => {
      expect(through(PROXY, host)).toBeNull();
    },
  );

  it.each([
    ['*', 'ecs.example.com', 443],
    ['example.com', 'ecs.example.com', 443],
    ['.example.com', 'ecs.example.com', 443],
    ['*.example.com', 'ECS.example.com', 443],
    ['other, example.com:443', 'example.com', 443],
    ['a b example.com', 'example.com', 443],
    ['10.0.0.0/8', '10.1.2.3', 443],
    ['10.1.2.3', '10.1.2.3', 443],
    ['[2001:db8::1]:443', '2001:db8::1', 443],
    ['2001:db8::1', '2001:db8::1', 443],
  ])('NO_PROXY=%j: %s goes direct', (names, host, port) => {
    expect(through({ ...PROXY, NO_PROXY: names }, host, port)).toBeNull();
  });

  it.each([
    ['example.com', 'notexample.com', 443],
    ['example.com:8443', 'example.com', 443],
    ['10.0.0.0/8', '11.1.2.3', 443],
    ['10.0.0.0/99', '10.0.0.1', 443],
    ['10.0.0.0/8', 'ten.example.com', 443],
    ['.', 'example.com', 443],
  ])('NO_PROXY=%j: %s goes through it', (names, host, port) => {
    expect(through({ ...PROXY, NO_PROXY: names }, host, port)?.host).toBe('proxy.corp');
  });
});
