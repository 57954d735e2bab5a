/**
 * One rule for every connection of worker and starter, whatever library makes it (docs/worker.md, Proxies): all go through
 * `HTTPS_PROXY`, by CONNECT, but those to this machine and those that `NO_PROXY` names. The lower-case name wins, as in curl.
 */
import type { Env } from './variables';
import { valueOf } from './variables';

export interface Proxies {
  /** Nothing but connections of the kind `http://` can be made to it. `null`: there is none. */
  server: ProxyServer | null;
  /** Hosts that are connected to directly, as written. */
  direct: readonly string[];
}

export interface ProxyServer {
  host: string;
  port: number;
  /** A secret. */
  login: { user: string; password: string } | null;
}

/** With a problem, which names no secret, there is no proxy. */
export function readProxies(env: Env): { proxies: Proxies; problems: string[] } {
  const direct = (valueOf(env, 'no_proxy')?.[1] ?? '').split(/[\s,]+/).filter(Boolean);
  const given = valueOf(env, 'https_proxy');
  if (given === null) return { proxies: { server: null, direct }, problems: [] };
  const [name, value] = given;
  const server = serverOf(value);
  const problems = server === null ? [`${name}: not a proxy such as http://proxy.example:3128`] : [];
  return { proxies: { server, direct }, problems };
}

function serverOf(value: string): ProxyServer | null {
  const text = value.includes('://') ? value : `http://${value}`;
  if (!URL.canParse(text)) return null;
  const { protocol, hostname, port, username, password, pathname } = new URL(text);
  if (protocol !== 'http:' || hostname === '' || pathname !== '/') return null;
  const login = username === '' ? null : { user: decoded(username), password: decoded(password) };
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? 80 : Number(port), login };
}

/** A percent sign that stands for itself is one. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Where a connection to the host goes first; `null`: straight to it. */
export function proxyFor({ server, direct }: Proxies, host: string, port: number): ProxyServer | null {
  if (server === null || isThisMachine(host) || /\.localhost$/i.test(host)) return null;
  return direct.some((entry) => isNamed(entry, host.toLowerCase(), port)) ? null : server;
}

/**
 * Whether nothing of what is sent to the host leaves this machine: credentials may go there in the clear. Names below `localhost` are none of
 * them: whoever answers for those in the network may name another machine.
 */
export function isThisMachine(host: string): boolean {
  return /^(localhost|::1|\[::1\]|127(\.\d{1,3}){3})$/i.test(host);
}

/** `*`, a host with its subdomains (with or without a leading dot or `*.`), an address, a network of addresses; each with or without a port. */
function isNamed(entry: string, host: string, port: number): boolean {
  if (entry === '*') return true;
  const [, name = '', only] = /^(\[[^\]]*\]|[^:]*|.*:.*:.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
  if (only !== undefined && Number(only) !== port) return false;
  const wanted = name.replace(/^\[(.*)\]$/, '$1').replace(/^\*?\./, '');
  if (wanted === '') return false;
  return host === wanted || host.endsWith(`.${wanted}`) || isWithin(wanted, host);
}

/** `10.0.0.0/8`; networks of IPv6 are not understood. */
function isWithin(network: string, host: string): boolean {
  const [base = '', length = ''] = network.split('/');
  const [from, address] = [numberOf(base), numberOf(host)];
  if (from === null || address === null || !/^([0-9]|[12][0-9]|3[0-2])$/.test(length)) return false;
  const size = 2 ** (32 - Number(length));
  return Math.floor(from / size) === Math.floor(address / size);
}

function numberOf(address: string): number | null {
  const parts = address.split('.').map(Number);
  const isAddress =
    parts.length === 4 && parts.every((part) => Number.isInteger(part) && part >= 0 && part < 256);
  return isAddress ? parts.reduce((sum, part) => sum * 256 + part, 0) : null;
}
