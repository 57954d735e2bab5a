/** Where Temporal is, by the `TEMPORAL_*` variables and profile files that every SDK reads: for worker and starter alike. */
import type { ClientConnectConfig } from '@temporalio/envconfig';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { quoted } from './quoted';

const DEFAULT_ADDRESS = 'localhost:7233';
const DEFAULT_NAMESPACE = 'default';
const DEFAULT_PORT = 7233;

export interface TemporalTarget {
  /** `host` or `host:port`. */
  address: string;
  namespace: string;
  options: ClientConnectConfig['connectionOptions'];
}

type Env = Readonly<Record<string, string | undefined>>;

/** With problems, each with its remedy and none with a secret in it, `target` is `null`. */
export function readTarget(env: Env): { target: TemporalTarget | null; problems: string[] } {
  const problems = [...switches(env), ...pairs(env)];
  try {
    const { connectionOptions, namespace = DEFAULT_NAMESPACE } = loadClientConnectConfig({
      overrideEnvVars: env as Record<string, string>,
    });
    const address = connectionOptions.address ?? DEFAULT_ADDRESS;
    // A profile file may hold numbers and lists where texts belong.
    if (typeof address !== 'string' || endpointOf(address) === null) {
      problems.push(`TEMPORAL_ADDRESS: ${quoted(address)} is not host:port, such as ${DEFAULT_ADDRESS}`);
    }
    if (typeof namespace !== 'string' || !/^[^\s\p{C}]{1,1000}$/u.test(namespace)) {
      problems.push(`TEMPORAL_NAMESPACE: ${quoted(namespace)} is not a name without spaces`);
    }
    problems.push(...headers(connectionOptions));
    if (problems.length === 0)
      return { target: { address, namespace, options: connectionOptions }, problems };
  } catch (error) {
    problems.push(`TEMPORAL_*: ${reasonOf(error, env)}`);
  }
  return { target: null, problems };
}

/** Host and port of an address; `null` when it is none. As everywhere in this SDK the port may be left out. */
export function endpointOf(address: string): { host: string; port: number } | null {
  const match = /^(?:\[([\da-fA-F:.]+)\]|([^\s\p{C}:/?#@[\]\\]+))(?::(\d{1,5}))?$/u.exec(address);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? DEFAULT_PORT : Number(match[3]);
  return host === undefined || port < 1 || port > 65_535 ? null : { host, port };
}

/** Anything but these two words turns it off without a word: `True` would send the API key in the clear. */
function switches(env: Env): string[] {
  return ['TEMPORAL_TLS', 'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION']
    .filter((name) => env[name] !== undefined && !/^(true|false|1|0)$/.test(env[name]))
    .map((name) => `${name}: must be true or false`);
}

/** Half a pair is left out without a word. */
function pairs(env: Env): string[] {
  const given = (what: string) => ['PATH', 'DATA'].some((way) => env[`TEMPORAL_TLS_CLIENT_${what}_${way}`]);
  if (given('CERT') === given('KEY')) return [];
  const [has, lacks] = given('CERT') ? ['CERT', 'KEY'] : ['KEY', 'CERT'];
  return [
    `TEMPORAL_TLS_CLIENT_${has}_… is set without TEMPORAL_TLS_CLIENT_${lacks}_PATH or …_DATA: set both, or neither`,
  ];
}

/** What can't stand in a header is quoted, secret or not, by those who would have to send it. */
function headers({ apiKey, metadata }: TemporalTarget['options']): string[] {
  const problems: string[] = [];
  if (apiKey !== undefined && !(typeof apiKey === 'string' && /^[\x21-\x7e]+$/.test(apiKey))) {
    problems.push('TEMPORAL_API_KEY is empty, or contains spaces or characters that no header can hold');
  }
  for (const [name, value] of Object.entries(metadata ?? {})) {
    if (/^[a-z0-9_.-]+$/.test(name) && typeof value === 'string' && /^[\x20-\x7e]*$/.test(value)) continue;
    problems.push(
      `TEMPORAL_GRPC_META_${quoted(name.toUpperCase()).slice(1, -1)}: name or value contains what no header can hold`,
    );
  }
  return problems;
}

/** The first line only: further ones quote the profile file, and what may be secret in it. */
function reasonOf(error: unknown, env: Env): string {
  // By the name of its variable: who puts a key where its path belongs would find the key quoted.
  const { code, path } = error as NodeJS.ErrnoException;
  if (path !== undefined) {
    const name = Object.keys(env).find((variable) => env[variable] === path) ?? 'a profile';
    return `the file that ${name} names can't be read (${code})`;
  }
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return line.replace(/\p{C}/gu, '?').slice(0, 300);
}
