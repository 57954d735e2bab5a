/**
 * The environment as data: every variable that worker or starter reads. Reading, both `--help`, `docs/environment.md` and the
 * tests for rubbish come from this table. Nothing of the workflows' bundle imports it.
 */
import { DEFAULT_TASK_QUEUE } from './names';

/** How a value is read, and what it is when the variable is not set. */
type Kind =
  | { kind: 'text'; default?: string; verbatim?: true }
  | { kind: 'required'; what: string; pattern: RegExp }
  | { kind: 'number'; default: number; min: number; max: number }
  | { kind: 'duration'; default: string; max: number }
  /** `off`: none. */
  | { kind: 'address'; default: string }
  /** Without a default the program knows a better one than a table. */
  | { kind: 'choice'; values: readonly string[]; default?: string }
  | { kind: 'switch' }
  | { kind: 'domain' }
  /** In the default, `{region}` and `{HW_CLOUD}` stand for their values. */
  | { kind: 'endpoint'; default: string; only?: 'loopback' };

export type Variable = Kind & {
  of: Program | 'both';
  group: keyof typeof GROUPS;
  /** More spellings: the first one that is set counts. */
  also?: readonly string[];
  /** Its value stands in no message. */
  secret?: true;
  /** `--help` leaves it to the page. */
  rare?: true;
  help: string;
};

export type Program = 'worker' | 'starter';

export const GROUPS = {
  temporal: 'Temporal',
  network: 'every connection',
  place: 'where the worker acts',
  credentials: 'credentials, one of these sets; none: the agency of the server',
  itself: 'the worker itself',
  versions: 'worker versioning: both or none',
  shown: 'what is shown',
} as const;

const TEMPORAL = { of: 'both', group: 'temporal', kind: 'text' } as const;
const TLS = { ...TEMPORAL, rare: true } as const;
const PLACE = { of: 'worker', group: 'place' } as const;
const ENDPOINT = { ...PLACE, kind: 'endpoint' } as const;
const NETWORK = { of: 'both', group: 'network', kind: 'text' } as const;
const VERSION = { of: 'worker', group: 'versions', kind: 'text' } as const;
const STARTER = { of: 'starter', group: 'shown', kind: 'text' } as const;
const KEYS = { of: 'worker', group: 'credentials', kind: 'text', secret: true } as const;
const ITSELF = { of: 'worker', group: 'itself' } as const;

export const VARIABLES = {
  TEMPORAL_ADDRESS: { ...TEMPORAL, default: 'localhost:7233', help: 'host:port of the server' },
  TEMPORAL_NAMESPACE: { ...TEMPORAL, default: 'default', help: 'the namespace' },
  TEMPORAL_API_KEY: { ...TEMPORAL, secret: true, help: 'an API key; turns TLS on' },
  TEMPORAL_TLS: { ...TEMPORAL, kind: 'switch', help: 'true or false' },
  TEMPORAL_TLS_SERVER_NAME: { ...TLS, help: 'the name that the server’s certificate has' },
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: {
    ...TLS,
    also: ['TEMPORAL_TLS_SERVER_CA_CERT_DATA'],
    help: 'authorities of the server alone: a file, or the certificates themselves',
  },
  TEMPORAL_TLS_CLIENT_CERT_PATH: {
    ...TLS,
    also: ['TEMPORAL_TLS_CLIENT_CERT_DATA'],
    help: 'the certificate of this client; with its key',
  },
  TEMPORAL_TLS_CLIENT_KEY_PATH: {
    ...TLS,
    also: ['TEMPORAL_TLS_CLIENT_KEY_DATA'],
    secret: true,
    help: 'the key of this client; with its certificate',
  },
  TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: {
    ...TLS,
    kind: 'switch',
    help: 'refused when true: the server is always verified',
  },
  'TEMPORAL_GRPC_META_*': { ...TLS, secret: true, help: 'a header for each request' },
  TEMPORAL_PROFILE: { ...TEMPORAL, default: 'default', help: 'which profile of the file' },
  TEMPORAL_CONFIG_FILE: {
    ...TEMPORAL,
    help: 'file of profiles; default: temporalio/temporal.toml in the user’s configuration',
  },
  XDG_CONFIG_HOME: { ...TLS, help: 'where the file of profiles is looked for; default: `$HOME/.config`' },
  HOME: { ...TLS, help: 'the same without the one above; on macOS `$HOME/Library/Application Support`' },
  APPDATA: { ...TLS, help: 'the same on Windows' },
  ECS_NICS_TASK_QUEUE: { ...TEMPORAL, default: DEFAULT_TASK_QUEUE, help: 'task queue of the workers' },

  https_proxy: {
    ...NETWORK,
    also: ['HTTPS_PROXY'],
    secret: true,
    help: 'proxy of all connections but those to this machine',
  },
  no_proxy: { ...NETWORK, also: ['NO_PROXY'], help: 'hosts that are connected to directly' },
  NODE_EXTRA_CA_CERTS: { ...NETWORK, help: 'a file of further authorities, for every connection' },
  NODE_TLS_REJECT_UNAUTHORIZED: {
    ...NETWORK,
    rare: true,
    help: 'refused when 0: certificates are always verified',
  },

  HUAWEICLOUD_SDK_PROJECT_ID: {
    ...PLACE,
    kind: 'required',
    also: ['HW_PROJECT_ID'],
    what: 'the one project this worker may touch, 32 hex characters',
    pattern: /^[0-9a-zA-Z_-]{1,64}$/,
    help: 'the one project this worker may touch',
  },
  HUAWEICLOUD_SDK_REGION_ID: {
    ...PLACE,
    kind: 'required',
    also: ['HW_REGION_NAME'],
    what: 'the region, e.g. eu-west-101',
    pattern: /^[a-z0-9-]{1,40}$/,
    help: 'region, also for the default endpoints',
  },
  HUAWEICLOUD_ECS_ENDPOINT: {
    ...ENDPOINT,
    default: 'https://ecs.{region}.{HW_CLOUD}',
    help: 'address of the cloud’s ECS',
  },
  HUAWEICLOUD_VPC_ENDPOINT: {
    ...ENDPOINT,
    default: 'https://vpc.{region}.{HW_CLOUD}',
    help: 'address of the cloud’s VPC',
  },
  HUAWEICLOUD_IAM_ENDPOINT: {
    ...ENDPOINT,
    default: 'https://iam.{region}.{HW_CLOUD}',
    help: 'address of the cloud’s IAM, for the password login',
  },
  HW_CLOUD: {
    ...PLACE,
    kind: 'domain',
    help: 'domain of the endpoints; default: myhuaweicloud.eu for eu-west-1xx, else myhuaweicloud.com',
  },
  ECS_NICS_ALLOW_HTTP: {
    ...PLACE,
    kind: 'text',
    help: 'true: plain http to other machines than this one, too',
  },

  HUAWEICLOUD_SDK_AK: { ...KEYS, help: 'access keys; with …_SK' },
  HUAWEICLOUD_SDK_SK: { ...KEYS, help: 'their secret part' },
  HUAWEICLOUD_SDK_SECURITY_TOKEN: { ...KEYS, help: 'of temporary access keys' },
  HW_ACCESS_KEY: { ...KEYS, help: 'access keys, as other tools name them' },
  HW_SECRET_KEY: { ...KEYS, help: 'their secret part' },
  HW_SECURITY_TOKEN: { ...KEYS, help: 'of temporary access keys' },
  HW_DOMAIN_NAME: { ...KEYS, help: 'password login: the account' },
  HW_USER_NAME: { ...KEYS, help: 'password login: the user' },
  // Whoever chooses a password may choose quotes and spaces, but not the line end that a file has left there.
  HW_USER_PASSWORD: { ...KEYS, verbatim: true, help: 'password login: the password, as it is' },
  HW_AUTH_TOKEN: { ...KEYS, help: 'a ready IAM token' },
  ECS_NICS_METADATA_ENDPOINT: {
    ...ENDPOINT,
    group: 'credentials',
    // Link-local: the same address on every server of the cloud.
    default: 'http://169.254.169.254',
    only: 'loopback',
    help: 'the agency’s metadata service; for tests, on this machine alone',
  },

  ECS_NICS_CLOUD_RPS: {
    ...ITSELF,
    kind: 'number',
    default: 10,
    // Below 0.5 an inspection of a full server no longer fits into one attempt of an activity.
    min: 0.5,
    max: 1_000,
    help: 'calls to the cloud per second, all workers together; equal on all of them',
  },
  ECS_NICS_HEALTH_ADDRESS: {
    ...ITSELF,
    kind: 'address',
    default: '127.0.0.1:8081',
    help: 'where /livez and /readyz are, or off',
  },
  ECS_NICS_METRICS_ADDRESS: {
    ...ITSELF,
    kind: 'address',
    default: '127.0.0.1:9464',
    help: 'where /metrics is, or off',
  },
  ECS_NICS_SHUTDOWN_GRACE: {
    ...ITSELF,
    kind: 'duration',
    default: '20s',
    max: 3_600_000,
    help: 'time for running work to finish',
  },
  ECS_NICS_AUDIT_LOG: { ...ITSELF, kind: 'text', help: 'a file, or stdout: changes as JSON lines' },
  ECS_NICS_SEARCH_ATTRIBUTES: {
    ...ITSELF,
    kind: 'text',
    help: 'all, none or names: which there are where Temporal does not let them be listed',
  },
  NODE_ENV: {
    ...ITSELF,
    kind: 'text',
    rare: true,
    help: 'production: a missing workflow bundle is an error',
  },

  TEMPORAL_DEPLOYMENT_NAME: { ...VERSION, help: 'pins runs to versions; docs/upgrades.md first' },
  TEMPORAL_WORKER_BUILD_ID: { ...VERSION, help: 'this version' },

  ECS_NICS_LOG_LEVEL: {
    of: 'both',
    group: 'shown',
    kind: 'choice',
    values: ['trace', 'debug', 'info', 'warn', 'error'],
    default: 'info',
    help: 'trace, debug, info, warn or error; debug: errors of the starter come with their stack',
  },
  ECS_NICS_LOG_FORMAT: {
    of: 'worker',
    group: 'shown',
    kind: 'choice',
    values: ['json', 'pretty'],
    help: 'json, or pretty; default: pretty on a terminal',
  },
  TEMPORAL_UI_URL: {
    ...STARTER,
    help: 'address of Temporal’s Web UI for links, where the server’s does not tell it',
  },
  NO_COLOR: { ...STARTER, help: 'no colours on a terminal' },
  TERM: { ...STARTER, rare: true, help: 'dumb: no colours, and nothing is redrawn' },
} as const satisfies Readonly<Record<string, Variable>>;

export type VariableName = keyof typeof VARIABLES;

/** Names of the variables of one kind. */
export type NamesOf<K extends Kind['kind']> = {
  [N in VariableName]: (typeof VARIABLES)[N] extends { kind: K } ? N : never;
}[VariableName];

export type Env = Readonly<Record<string, string | undefined>>;

/** The spelling that is set, and its value without the blanks around it; `null`: none is. Blank is unset, everywhere. */
export function valueOf(env: Env, name: VariableName): readonly [name: string, value: string] | null {
  const { also = [], ...row }: Variable = VARIABLES[name];
  for (const each of [name, ...also]) {
    const value = env[each]?.trim();
    if (value) return [each, 'verbatim' in row ? (env[each]?.replace(/[\r\n]+$/, '') ?? value) : value];
  }
  return null;
}

/** The rows of a program, by their groups. */
export function rowsOf(programs: readonly Variable['of'][]): [title: string, rows: [string, Variable][]][] {
  const all = Object.entries<Variable>(VARIABLES).filter(([, { of }]) => programs.includes(of));
  return Object.entries(GROUPS).flatMap(([name, title]): [string, [string, Variable][]][] => {
    const rows = all.filter(([, { group }]) => group === name);
    return rows.length === 0 ? [] : [[title, rows]];
  });
}

/** What a row says, its default included. */
export function meaningOf(row: Variable): string {
  if (row.kind === 'required') return `${row.help}; required`;
  return 'default' in row ? `${row.help}; default: ${row.default}` : row.help;
}

const NAMES_WIDTH = 35;
const WIDTH = 80;

/** The part of `--help` about the environment. */
export function environmentHelp(program: Program): string {
  const lines = rowsOf([program, 'both']).flatMap(([title, rows]) => {
    const common = rows.filter(([, { rare }]) => rare === undefined);
    return common.length === 0 ? [] : ['', `  ${title}:`, ...common.flatMap(helpLines)];
  });
  return [...lines.slice(1), '', '  More, for rare needs: docs/environment.md'].join('\n');
}

function helpLines([name, row]: [string, Variable]): string[] {
  const names = [`  ${name}`, ...(row.also ?? []).map((other) => `    (${other})`)];
  const wrapped = new RegExp(`(.{1,${WIDTH - NAMES_WIDTH}})(?: |$)`, 'g');
  const texts = [...meaningOf(row).matchAll(wrapped)].map(([, line = '']) => line);
  return Array.from({ length: Math.max(names.length, texts.length) }, (_, i) =>
    `${(names[i] ?? '').padEnd(NAMES_WIDTH)}${texts[i] ?? ''}`.trimEnd(),
  );
}
