/** Where Temporal is, from the `TEMPORAL_*` variables and profiles that every SDK reads: for worker and starter. */
import { readFileSync, statSync } from 'node:fs';
import { platform } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { rootCertificates } from 'node:tls';
import type { ClientConnectConfig } from '@temporalio/envconfig';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { ProxyServer } from '../contract/proxy';
import { isThisMachine, proxyFor, readProxies } from '../contract/proxy';
import { invisibleIn, masked, quoted } from '../contract/text';
import type { Env, Variable } from '../contract/variables';
import { VARIABLES, valueOf } from '../contract/variables';

const DEFAULT_ADDRESS = VARIABLES.TEMPORAL_ADDRESS.default;
const DEFAULT_PORT = 7233;

export interface TemporalTarget {
  /** `host` or `host:port`. */
  address: string;
  namespace: string;
  options: ClientConnectConfig['connectionOptions'];
  /** `null`: the server is connected to directly. */
  proxy: ProxyServer | null;
}

export interface Endpoint {
  host: string;
  port: number;
}

/** If there are problems, `target` is `null`. Each problem has its remedy, and none holds a secret. */
export function readTarget(given: Env): { target: TemporalTarget | null; problems: string[] } {
  const env = trimmed(given);
  const { proxies, problems: wrongProxy } = readProxies(env);
  const problems = [...switches(env), ...unverified(env), ...pairs(env), ...wrongProxy];
  try {
    const { connectionOptions, namespace = VARIABLES.TEMPORAL_NAMESPACE.default } = loadClientConnectConfig({
      overrideEnvVars: env as Record<string, string>,
      configSource: { data: profilesOf(env) },
    });
    const address = connectionOptions.address ?? DEFAULT_ADDRESS;
    // A profile file may hold numbers and lists in place of texts.
    if (typeof address !== 'string' || endpointOf(address) === null) {
      problems.push(`TEMPORAL_ADDRESS: ${quoted(address)} is not host:port, such as ${DEFAULT_ADDRESS}`);
    }
    if (typeof namespace !== 'string' || !/^[^\s\p{C}]{1,1000}$/u.test(namespace)) {
      problems.push(`TEMPORAL_NAMESPACE: ${quoted(namespace)} is not a name without spaces`);
    }
    problems.push(...headers(connectionOptions), ...inTheClear(connectionOptions, address));
    const endpoint = typeof address === 'string' ? endpointOf(address) : null;
    if (problems.length === 0 && endpoint !== null) {
      const proxy = proxyFor(proxies, endpoint.host, endpoint.port);
      return { target: { address, namespace, options: trusting(connectionOptions, env), proxy }, problems };
    }
  } catch (error) {
    problems.push(`TEMPORAL_*: ${reasonOf(error, env)}`);
  }
  return { target: null, problems };
}

/**
 * The file of profiles, as text. One that does not exist holds none, as in every SDK; one that nobody has named and that can't be
 * looked for (no home, or one that is not ours) does not exist. What exists must be readable.
 */
function profilesOf(env: Env): string {
  const named = valueOf(env, 'TEMPORAL_CONFIG_FILE')?.[1];
  const path = named ?? usualFile(env);
  let text = '';
  try {
    if (path !== null && (named !== undefined || isThere(path))) text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const which = named === undefined ? `the profile file ${quoted(path, 300)}` : NAMED_FILE;
    if (named === undefined || code !== 'ENOENT')
      throw new Error(
        `${which} can't be read (${code}); mend it, or name another one in TEMPORAL_CONFIG_FILE`,
      );
  }
  // For the SDK every file has profiles: an empty one would be an exception.
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  return lines.every((line) => /^\s*(#|$)/.test(line)) ? '[profile]' : lines.join('\n');
}

const NAMED_FILE = 'the file that TEMPORAL_CONFIG_FILE names';

/** As far as this user may look. */
function isThere(path: string): boolean {
  try {
    return statSync(path) !== undefined;
  } catch {
    return false;
  }
}

/** Where every SDK looks for profiles; `null`: nowhere. */
function usualFile(env: Env): string | null {
  const { APPDATA, HOME, XDG_CONFIG_HOME } = env;
  const unix = platform() === 'darwin' ? ['Library', 'Application Support'] : ['.config'];
  const ofUser = platform() === 'win32' ? APPDATA : HOME && join(HOME, ...unix);
  const folder = (platform() !== 'win32' && platform() !== 'darwin' && XDG_CONFIG_HOME) || ofUser;
  return folder && isAbsolute(folder) ? join(folder, 'temporalio', 'temporal.toml') : null;
}

/** The libraries that connect to Temporal know other authorities each; those of `NODE_EXTRA_CA_CERTS` are to be trusted by all. */
function trusting(options: TemporalTarget['options'], env: Env): TemporalTarget['options'] {
  const extra = valueOf(env, 'NODE_EXTRA_CA_CERTS')?.[1];
  const { apiKey, tls = apiKey !== undefined } = options;
  const given = typeof tls === 'object' && tls !== null ? tls : {};
  if (tls === false || extra === undefined || given.serverRootCACertificate !== undefined) return options;
  try {
    const roots = [...rootCertificates, readFileSync(extra, 'utf8')].join('\n');
    return { ...options, tls: { ...given, serverRootCACertificate: Buffer.from(roots) } };
  } catch {
    // As Node itself: a file that can't be read adds nothing.
    return options;
  }
}

/** As everywhere: blank is unset, and a line end that a file has left there is no part of a value. */
function trimmed(env: Env): Env {
  const isOurs = ([name]: readonly [string, unknown]) => name.startsWith('TEMPORAL_');
  const entries = Object.entries(env).map(([name, value]) => [name, value?.trim() || undefined] as const);
  return { ...env, ...Object.fromEntries(entries.filter(isOurs)) };
}

/** Host and port of an address; `null` for an invalid one. As everywhere in this SDK the port may be left out. */
export function endpointOf(address: string): Endpoint | null {
  const match = /^(?:\[([\da-fA-F:.]+)\]|([^\s\p{C}:/?#@[\]\\]+))(?::(\d{1,5}))?$/u.exec(address);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? DEFAULT_PORT : Number(match[3]);
  return host === undefined || port < 1 || port > 65_535 ? null : { host, port };
}

/** The SDK treats any other value as off, without an error: `True` would send the API key in the clear. */
function switches(env: Env): string[] {
  return Object.entries<Variable>(VARIABLES)
    .map(([name, { kind }]) => [name, kind === 'switch' ? env[name] : undefined] as const)
    .filter(([, value]) => value !== undefined && !/^(true|false|1|0)$/.test(value))
    .map(([name, value]) => `${name}: must be true or false${invisibleIn(value ?? '')}`);
}

/** Peers are always verified, here and at the cloud: for a private one the operator names its CA or server name. */
function unverified(env: Env): string[] {
  const problems: string[] = [];
  if (env.NODE_TLS_REJECT_UNAUTHORIZED === '0') {
    problems.push(
      'NODE_TLS_REJECT_UNAUTHORIZED=0 accepts any certificate: remove it, and name your own CA in ' +
        'NODE_EXTRA_CA_CERTS (cloud) or TEMPORAL_TLS_SERVER_CA_CERT_PATH (Temporal)',
    );
  }
  if (/^(true|1)$/.test(env.TEMPORAL_TLS_DISABLE_HOST_VERIFICATION ?? '')) {
    problems.push(
      'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: the host is always verified; remove it, and put the name that the certificate ' +
        'has in TEMPORAL_TLS_SERVER_NAME',
    );
  }
  return problems;
}

/** An API key must not travel in the clear, where others can read it. Inside this machine it does not travel. */
function inTheClear({ tls, apiKey, metadata }: TemporalTarget['options'], address: unknown): string[] {
  const secret = apiKey !== undefined || Object.keys(metadata ?? {}).some((name) => SECRET_HEADER.test(name));
  if (!secret || (tls !== undefined && tls !== false)) return [];
  const host = typeof address === 'string' ? endpointOf(address)?.host : undefined;
  if (host === undefined || isThisMachine(host)) return [];
  return [
    `${apiKey !== undefined ? 'TEMPORAL_API_KEY' : 'TEMPORAL_GRPC_META_…'} would be sent to ${host} in clear text: ` +
      'set TEMPORAL_TLS=true (or leave it out with an API key; in a profile: no tls.disabled)',
  ];
}

const SECRET_HEADER = /auth|token|key|secret|password|cookie/i;

/** The SDK ignores half a pair without an error. */
function pairs(env: Env): string[] {
  const given = (what: string) => ['PATH', 'DATA'].some((way) => env[`TEMPORAL_TLS_CLIENT_${what}_${way}`]);
  if (given('CERT') === given('KEY')) return [];
  const [has, lacks] = given('CERT') ? ['CERT', 'KEY'] : ['KEY', 'CERT'];
  return [
    `TEMPORAL_TLS_CLIENT_${has}_… is set without TEMPORAL_TLS_CLIENT_${lacks}_PATH or …_DATA: set both, or neither`,
  ];
}

/** Checked here, because the libraries that send a header quote an invalid value in their error, secret or not. */
function headers({ apiKey, metadata }: TemporalTarget['options']): string[] {
  const problems: string[] = [];
  if (apiKey !== undefined && !(typeof apiKey === 'string' && /^[\x21-\x7e]+$/.test(apiKey))) {
    const hint = invisibleIn(String(apiKey));
    problems.push(
      `TEMPORAL_API_KEY is empty, or contains spaces or characters that no header can hold${hint}`,
    );
  }
  for (const [name, value] of Object.entries(metadata ?? {})) {
    if (/^[a-z0-9_.-]+$/.test(name) && typeof value === 'string' && /^[\x20-\x7e]*$/.test(value)) continue;
    problems.push(
      `TEMPORAL_GRPC_META_${quoted(name.toUpperCase()).slice(1, -1)}: name or value contains characters that no header can hold${invisibleIn(`${name}${String(value)}`)}`,
    );
  }
  return problems;
}

/** Only the first line: further lines quote the profile file, which may hold secrets. What only a library understands is told in our words. */
function reasonOf(error: unknown, env: Env): string {
  if (error instanceof TypeError || error instanceof RangeError)
    return 'the profile file holds something else than profiles, which begin with [profile.<name>]';
  const { code, path } = error as NodeJS.ErrnoException;
  if (code !== undefined) {
    // Names the variable, not its value: an operator may have put a key where its path belongs.
    const name = Object.keys(env).find((variable) => path !== undefined && env[variable] === path);
    return `the file that ${name ?? 'a variable or a profile'} names can't be read (${code})`;
  }
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return masked(line.slice(0, 300));
}
