/** The worker's environment, read once into one frozen object. One message holds every problem. */
import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { SEARCH_ATTRIBUTE } from '../../contract/names';
import type { ProxyServer } from '../../contract/proxy';
import { proxyFor, readProxies } from '../../contract/proxy';
import { invisibleIn, quoted } from '../../contract/text';
import { VARIABLES } from '../../contract/variables';
import type { CredentialProvider } from '../../ecs/credentials';
import type { Address } from '../addresses';
import { collide } from '../addresses';
import { readCredentials } from './credentials';
import type { ChoiceOf, Env } from './env-reader';
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
  readonly logLevel: ChoiceOf<'ECS_NICS_LOG_LEVEL'>;
  readonly logFormat: ChoiceOf<'ECS_NICS_LOG_FORMAT'>;
  /** Which of ours the namespace has, where it does not let them be listed; `null`: unknown. */
  readonly searchAttributes: readonly string[] | null;
  /** A file, or `stdout`; `null`: none is kept. */
  readonly auditLog: string | null;
  /** Both set: worker versioning on, pinned. */
  readonly deployment: { readonly deploymentName: string; readonly buildId: string } | null;
  /** The prebuilt workflow bundle; `null`: bundle at start (development only). */
  readonly bundlePath: string | null;
}

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
  const region = read.required('HUAWEICLOUD_SDK_REGION_ID');
  const projectId = read.required('HUAWEICLOUD_SDK_PROJECT_ID');
  const domain = read.domain('HW_CLOUD', cloudOf(region));
  const { proxies, problems: wrongProxy } = readProxies(env);
  read.problems.push(...wrongProxy);
  const through = (origin: string) => {
    const { protocol, hostname, port } = new URL(origin);
    return proxyFor(proxies, hostname, Number(port || (protocol === 'https:' ? 443 : 80)));
  };
  const { credentials, kind } = readCredentials(read, {
    projectId,
    iamEndpoint: read.endpoint('HUAWEICLOUD_IAM_ENDPOINT', region, domain),
    metadataEndpoint: read.endpoint('ECS_NICS_METADATA_ENDPOINT'),
    through,
  });
  const endpointsOf = (from: EnvReader) => ({
    ecs: from.endpoint('HUAWEICLOUD_ECS_ENDPOINT', region, domain),
    vpc: from.endpoint('HUAWEICLOUD_VPC_ENDPOINT', region, domain),
  });
  const [endpoints, usual] = [endpointsOf(read), endpointsOf(new EnvReader({}))];
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
    taskQueue: read.queue('ECS_NICS_TASK_QUEUE'),
    cloudRps: read.number('ECS_NICS_CLOUD_RPS'),
    healthAddress: read.address('ECS_NICS_HEALTH_ADDRESS'),
    metricsAddress: read.address('ECS_NICS_METRICS_ADDRESS'),
    shutdownGraceMs: read.duration('ECS_NICS_SHUTDOWN_GRACE'),
    logLevel: read.oneOf('ECS_NICS_LOG_LEVEL', VARIABLES.ECS_NICS_LOG_LEVEL.default),
    logFormat: read.oneOf('ECS_NICS_LOG_FORMAT', terminal ? 'pretty' : 'json'),
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

/** For a namespace that does not let its search attributes be listed, as in Temporal Cloud. */
function readSearchAttributes(read: EnvReader): readonly string[] | null {
  const name = 'ECS_NICS_SEARCH_ATTRIBUTES';
  const value = read.text(name);
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
  const value = read.text('ECS_NICS_AUDIT_LOG');
  if (value === undefined || value === 'stdout') return value ?? null;
  try {
    accessSync(existsSync(value) ? value : dirname(resolve(value)), constants.W_OK);
  } catch (error) {
    const why = `${(error as Error).message}; give a file that can be written, or stdout`;
    read.problems.push(`ECS_NICS_AUDIT_LOG: ${why}${invisibleIn(value)}`);
  }
  return value;
}

function readDeployment(read: EnvReader): Config['deployment'] {
  const deploymentName = read.text('TEMPORAL_DEPLOYMENT_NAME');
  const buildId = read.text('TEMPORAL_WORKER_BUILD_ID');
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
