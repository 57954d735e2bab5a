/** The worker's environment, read once into one frozen object. One message holds every problem. */
import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DEFAULT_TASK_QUEUE, SEARCH_ATTRIBUTE, TASK_QUEUE_FORM, taskQueueFrom } from '../../contract/names';
import type { ProxyServer } from '../../contract/proxy';
import { proxyFor, readProxies } from '../../contract/proxy';
import { quoted } from '../../contract/text';
import type { CredentialProvider } from '../../ecs/credentials';
import type { Address } from '../addresses';
import { collide } from '../addresses';
import { METADATA_ENDPOINT, readCredentials } from './credentials';
import type { Env } from './env-reader';
import { EnvReader } from './env-reader';

export interface Config {
  readonly projectId: string;
  readonly region: string;
  readonly endpoints: { readonly ecs: string; readonly vpc: string };
  /** The proxy for an origin of the cloud; `null`: none. */
  readonly through: (origin: string) => ProxyServer | null;
  /** Variables that look as if they were read, and are not: other tools of the cloud know them. */
  readonly unread: readonly string[];
  /** Hosts of endpoints that are not the vendor's for this region; empty: all of them are. */
  readonly foreignHosts: readonly string[];
  /** Holds the secrets, and shows none of them. */
  readonly credentials: CredentialProvider;
  /** Which kind of credentials was found; safe to show. */
  readonly credentialKind: string;
  readonly taskQueue: string;
  /** Cloud calls per second, for all workers together. */
  readonly cloudRps: number;
  /** `null`: off. */
  readonly healthAddress: Address | null;
  readonly metricsAddress: Address | null;
  readonly shutdownGraceMs: number;
  readonly logLevel: LogLevel;
  readonly logFormat: 'json' | 'pretty';
  /** Which of ours the namespace has, where it does not let them be listed; `null`: unknown. */
  readonly searchAttributes: readonly string[] | null;
  /** A file, or `stdout`; `null`: none is kept. */
  readonly auditLog: string | null;
  /** Both set: worker versioning on, pinned. */
  readonly deployment: { readonly deploymentName: string; readonly buildId: string } | null;
  /** The prebuilt workflow bundle; `null`: bundle at start (development only). */
  readonly bundlePath: string | null;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';
const LOG_LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error'];

/** Thrown with every problem and its remedy; exit code 2. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(
      `${problems.length === 1 ? 'one problem' : `${problems.length} problems`} with the configuration:\n` +
        problems.map((problem) => `  - ${problem}`).join('\n'),
    );
  }
}

/** As {@link inspectConfig}, for a caller that needs a valid configuration. Throws {@link ConfigError}. */
export function readConfig(env: Env, libDir: string, terminal: boolean): Config {
  const { config, problems } = inspectConfig(env, libDir, terminal);
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/**
 * If there are problems, the configuration serves only to find more of them: an unusable value is replaced by its
 * default.
 * @param env the environment
 * @param libDir folder of the compiled worker, where the bundle lies
 * @param terminal whether standard error is a terminal
 */
export function inspectConfig(
  env: Env,
  libDir: string,
  terminal: boolean,
): { config: Config; problems: string[] } {
  const read = new EnvReader(env);
  const region = read.required(
    ['HUAWEICLOUD_SDK_REGION_ID', 'HW_REGION_NAME'],
    'the region, e.g. eu-west-101',
    /^[a-z0-9-]{1,40}$/,
  );
  const projectId = read.required(
    ['HUAWEICLOUD_SDK_PROJECT_ID', 'HW_PROJECT_ID'],
    'the one project this worker may touch, 32 hex characters',
    /^[0-9a-zA-Z_-]{1,64}$/,
  );
  const domain = read.domain('HW_CLOUD', cloudOf(region));
  const { proxies, problems: wrongProxy } = readProxies(env);
  read.problems.push(...wrongProxy);
  const through = (origin: string) => {
    const { protocol, hostname, port } = new URL(origin);
    return proxyFor(proxies, hostname, Number(port || (protocol === 'https:' ? 443 : 80)));
  };
  const { credentials, kind } = readCredentials(read, {
    projectId,
    iamEndpoint: read.endpoint('HUAWEICLOUD_IAM_ENDPOINT', `https://iam.${region}.${domain}`),
    metadataEndpoint: read.endpoint('ECS_NICS_METADATA_ENDPOINT', METADATA_ENDPOINT, 'loopback'),
    through,
  });
  const usual = { ecs: `https://ecs.${region}.${domain}`, vpc: `https://vpc.${region}.${domain}` };
  const endpoints = {
    ecs: read.endpoint('HUAWEICLOUD_ECS_ENDPOINT', usual.ecs),
    vpc: read.endpoint('HUAWEICLOUD_VPC_ENDPOINT', usual.vpc),
  };
  const foreign = [endpoints.ecs, endpoints.vpc].filter((each) => !Object.values(usual).includes(each));
  const config: Config = {
    region,
    projectId,
    endpoints,
    through,
    unread: read.unread(),
    foreignHosts: [...new Set(foreign.flatMap((each) => (URL.canParse(each) ? new URL(each).host : [])))],
    credentials,
    credentialKind: kind,
    taskQueue: readTaskQueue(read),
    // Below 0.5 an inspection of a full server no longer fits into one attempt of an activity.
    cloudRps: read.number('ECS_NICS_CLOUD_RPS', 10, 0.5, 1_000),
    healthAddress: read.address('ECS_NICS_HEALTH_ADDRESS', { host: '127.0.0.1', port: 8081 }),
    metricsAddress: read.address('ECS_NICS_METRICS_ADDRESS', { host: '127.0.0.1', port: 9464 }),
    shutdownGraceMs: read.duration('ECS_NICS_SHUTDOWN_GRACE', 20_000, 3_600_000),
    logLevel: read.oneOf('ECS_NICS_LOG_LEVEL', LOG_LEVELS, 'info'),
    logFormat: read.oneOf('ECS_NICS_LOG_FORMAT', ['json', 'pretty'] as const, terminal ? 'pretty' : 'json'),
    searchAttributes: readSearchAttributes(read),
    auditLog: readAuditLog(read),
    deployment: readDeployment(read),
    bundlePath: findBundle(read, libDir),
  };
  const { healthAddress, metricsAddress } = config;
  if (healthAddress !== null && metricsAddress !== null && collide(healthAddress, metricsAddress)) {
    read.problems.push(
      `ECS_NICS_HEALTH_ADDRESS and ECS_NICS_METRICS_ADDRESS: both name port ${healthAddress.port}; give each a port of its own`,
    );
  }
  return { config: Object.freeze(config), problems: read.problems };
}

/** One sentence about {@link Config.unread}. */
export function unreadAdvice(names: readonly string[]): string {
  return `set, and not read by this worker: ${names.join(', ')} (\`ecs-nics-worker --help\` lists what is)`;
}

/** The vendor runs its European cloud below a domain of its own. */
function cloudOf(region: string): string {
  return /^eu-west-1\d\d$/.test(region) ? 'myhuaweicloud.eu' : 'myhuaweicloud.com';
}

function readTaskQueue(read: EnvReader): string {
  const name = taskQueueFrom(read.env.ECS_NICS_TASK_QUEUE);
  if (name === null) read.problems.push(`ECS_NICS_TASK_QUEUE: ${TASK_QUEUE_FORM}`);
  return name ?? DEFAULT_TASK_QUEUE;
}

/** For a namespace that does not let its search attributes be listed, as in Temporal Cloud. */
function readSearchAttributes(read: EnvReader): readonly string[] | null {
  const [name, value] = read.first(['ECS_NICS_SEARCH_ATTRIBUTES']);
  const all: readonly string[] = Object.values(SEARCH_ATTRIBUTE);
  if (value === undefined) return null;
  if (value === 'all') return all;
  if (value === 'none') return [];
  const names = value.split(',').map((each) => each.trim());
  const wrong = names.filter((each) => !all.includes(each));
  if (wrong.length === 0) return all.filter((each) => names.includes(each));
  read.problems.push(
    `${name}: ${wrong.map((each) => quoted(each)).join(', ')}: give all, none, or some of ${all.join(',')}, separated by commas`,
  );
  return null;
}

/** What changed something must not be lost for a wrong path. Only looked at: `--check` may run as another user. */
function readAuditLog(read: EnvReader): string | null {
  const [name, value] = read.first(['ECS_NICS_AUDIT_LOG']);
  if (value === undefined || value === 'stdout') return value ?? null;
  try {
    accessSync(existsSync(value) ? value : dirname(resolve(value)), constants.W_OK);
  } catch (error) {
    read.problems.push(`${name}: ${(error as Error).message}; give a file that can be written, or stdout`);
  }
  return value;
}

function readDeployment(read: EnvReader): Config['deployment'] {
  const [, deploymentName] = read.first(['TEMPORAL_DEPLOYMENT_NAME']);
  const [, buildId] = read.first(['TEMPORAL_WORKER_BUILD_ID']);
  if (deploymentName !== undefined && buildId !== undefined) return { deploymentName, buildId };
  if (deploymentName !== undefined || buildId !== undefined) {
    read.problems.push(
      'TEMPORAL_DEPLOYMENT_NAME and TEMPORAL_WORKER_BUILD_ID belong together: set both (worker versioning) or neither',
    );
  }
  return null;
}

function findBundle(read: EnvReader, libDir: string): string | null {
  const path = join(libDir, 'workflow-bundle.js');
  if (existsSync(path)) return path;
  if (read.env.NODE_ENV === 'production') {
    read.problems.push(
      `the workflow bundle ${path} is missing: run \`npm run build\` (NODE_ENV is production)`,
    );
  }
  return null;
}
