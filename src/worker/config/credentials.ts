/** Which credentials the environment names: the first source that is set wins (docs/credentials.md). */
import type { ProxyServer } from '../../contract/proxy';
import type { NamesOf } from '../../contract/variables';
import type { EnvReader } from './env-reader';
import { systemClock } from '../../ecs/clock';
import type { CredentialProvider } from '../../ecs/credentials';
import { accessKeys, authToken, guarded, passwordLogin, serverAgency } from '../../ecs/credentials';
import { DEFAULT_LIMITS, undiciTransport } from '../../ecs/transport';
import { version } from '../../version';

export interface Place {
  projectId: string;
  iamEndpoint: string;
  metadataEndpoint: string;
  through: (origin: string) => ProxyServer | null;
}

export interface Credentials {
  credentials: CredentialProvider;
  /** Which credentials were found, and which others are set but not used; safe to show. */
  kind: string;
}

type CredentialName = NamesOf<'text'>;

/** A set of variables that belong together. */
interface Source {
  kind: string;
  /** All of them are required. */
  names: readonly CredentialName[];
  /** They belong to the set, but are optional. */
  optional?: readonly CredentialName[];
  /** Other tools use this variable with other credentials. Alone it begins a set only if no other set is there. */
  shared?: CredentialName;
  create(
    values: readonly string[],
    optional: readonly (string | undefined)[],
    place: Place,
  ): CredentialProvider;
}

const keys = (ak: CredentialName, sk: CredentialName, token: CredentialName): Source => ({
  kind: 'access keys',
  names: [ak, sk],
  optional: [token],
  create: ([akValue = '', skValue = ''], [securityToken]) =>
    accessKeys({ ak: akValue, sk: skValue, ...(securityToken === undefined ? {} : { securityToken }) }),
});

/** In this order. Two sets are never mixed: a key of one with the token of another would be refused, and locked. */
const SOURCES: readonly Source[] = [
  keys('HUAWEICLOUD_SDK_AK', 'HUAWEICLOUD_SDK_SK', 'HUAWEICLOUD_SDK_SECURITY_TOKEN'),
  keys('HW_ACCESS_KEY', 'HW_SECRET_KEY', 'HW_SECURITY_TOKEN'),
  {
    kind: 'password login',
    names: ['HW_DOMAIN_NAME', 'HW_USER_NAME', 'HW_USER_PASSWORD'],
    shared: 'HW_DOMAIN_NAME',
    create: ([domain = '', user = '', password = ''], _optional, { projectId, iamEndpoint, through }) =>
      passwordLogin({
        endpoint: iamEndpoint,
        projectId,
        domain,
        user,
        password,
        transport: undiciTransport(DEFAULT_LIMITS, through),
        clock: systemClock,
        userAgent: `ecs-nics/${version}`,
      }),
  },
  { kind: 'a ready token', names: ['HW_AUTH_TOKEN'], create: ([token = '']) => authToken(token) },
];

/** Adds every problem to `read.problems`. With problems the result must not be used. */
export function readCredentials(read: EnvReader, place: Place): Credentials {
  const valueOf = (name: CredentialName) => read.text(name);
  const set = SOURCES.map((source) => ({ source, ...sortOut(source, valueOf) })).filter(({ begun }) => begun);
  // A variable that other tools use with other credentials counts only if it is the only one.
  const [found, ...others] = set.filter(({ lonely }) => !lonely || set.length === 1);
  if (found === undefined) return agency(place);
  const { source, has, lacks } = found;
  if (lacks.length > 0) {
    const instead =
      source.names[0] === 'HW_ACCESS_KEY' ? ' (or HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK)' : '';
    read.problems.push(
      `${has.join(', ')} is set without ${lacks.join(' and ')}: set all of them${instead}, or none`,
    );
    return agency(place);
  }
  try {
    const optional = (source.optional ?? []).map(valueOf);
    const values = source.names.map((name) => valueOf(name) ?? '');
    const temporary = optional.some((value) => value !== undefined) ? 'temporary ' : '';
    const unused = others.map((other) => `${other.source.kind} (${other.has.join(', ')})`);
    const rest = unused.length === 0 ? '' : `; set, but not used: ${unused.join(', ')}`;
    return {
      credentials: guarded(source.create(values, optional, place), systemClock),
      kind: `${temporary}${source.kind} (${source.names.join(', ')})${rest}`,
    };
  } catch (error) {
    read.problems.push(`${source.names.join(', ')}: ${error instanceof Error ? error.message : 'unusable'}`);
    return agency(place);
  }
}

function sortOut(
  { names, optional = [], shared }: Source,
  valueOf: (name: CredentialName) => string | undefined,
) {
  const has = [...names, ...optional].filter((name) => valueOf(name) !== undefined);
  const lacks = names.filter((name) => valueOf(name) === undefined);
  return { has, lacks, begun: has.length > 0, lonely: has.length === 1 && has[0] === shared };
}

/** The service is one hop away on the machine's own link: a service that does not answer soon does not exist. */
const METADATA_LIMITS = { connectMs: 3_000, headersMs: 3_000, bodyMs: 3_000, maxBodyBytes: 64 * 1024 };

function agency({ metadataEndpoint }: Place): Credentials {
  const transport = undiciTransport(METADATA_LIMITS);
  return {
    credentials: guarded(
      serverAgency({ endpoint: metadataEndpoint, transport, clock: systemClock }),
      systemClock,
    ),
    kind: 'the server’s agency (metadata service)',
  };
}
