/**
 * Why a Temporal server can't be used, with the remedy: the one explanation that starter, worker and its `--check` give.
 * What runs on a server that answers does wrong is explained in `silence.ts`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { NamespaceNotFoundError, isGrpcDeadlineError } from '@temporalio/client';
import type { Socket } from 'node:net';
import type { ProxyServer } from '../../contract/proxy';
import { causeOf, GRPC, grpcCode, reasonOf } from '../grpc';
import type { Endpoint, TemporalTarget } from '../target';
import { endpointOf } from '../target';
import { shellQuote } from './commands';
import { askProxy, greet, nameOf, probe } from './looks';

/** Long enough for a slow VPN, short enough for an operator who waits. */
const PROBE_MS = 5_000;

/** The server is not reachable. */
type Unreachable = 'unresolved' | 'refused' | 'no-route' | 'late' | 'mute' | 'other';
type OfProxy = 'proxy-unreachable' | 'proxy-mute' | 'proxy-login' | 'proxy-refuses';
/** Something answers. */
type OfCertificate = 'unknown-authority' | 'expired' | 'not-yet-valid' | 'other-name';
type OfTls = 'wants-tls' | 'no-tls' | 'wants-certificate' | 'unusable-certificate' | OfCertificate;
type Refusal = 'not-temporal' | 'answers' | 'unauthenticated' | 'permission-denied' | 'no-namespace';

export type TroubleKind = Unreachable | OfProxy | OfTls | Refusal;

/** Why Temporal can't be used. */
export interface Explanation {
  kind: TroubleKind;
  /** The fact: a clause, without a full stop. */
  text: string;
  /** What helps: one sentence or more, without the last full stop. */
  remedy: string;
}

interface Facts {
  address: string;
  host: string;
  namespace: string;
  proxy: ProxyServer | null;
  /** A code, a status or the words of the peer. */
  detail: string;
}

const PEM = 'TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH';
const proxyOf = ({ proxy }: Facts) => `the proxy ${proxy === null ? '' : nameOf(proxy)}`;

/** The texts, each with its remedy. */
const TEXTS: Record<TroubleKind, (facts: Facts) => [text: string, remedy: string]> = {
  unresolved: ({ host }) => [
    `the name ${host} does not resolve`,
    'Check TEMPORAL_ADDRESS, and the name service (DNS) of this machine',
  ],
  refused: () => [
    'connection refused: no program listens there',
    'Start Temporal, or set TEMPORAL_ADDRESS to where it runs',
  ],
  'no-route': ({ detail }) => [
    `no network leads there (${detail})`,
    'Check TEMPORAL_ADDRESS, and the network of this machine',
  ],
  late: () => [
    `no connection within ${PROBE_MS / 1_000} s`,
    'Check TEMPORAL_ADDRESS, and firewalls on the way',
  ],
  mute: () => [
    'it accepts connections, but does not answer',
    'Check TEMPORAL_ADDRESS, and whether Temporal is healthy',
  ],
  other: ({ detail }) => [detail, 'Check TEMPORAL_ADDRESS, TEMPORAL_TLS and TEMPORAL_API_KEY'],
  'proxy-unreachable': (facts) => [
    `${proxyOf(facts)} does not answer (${facts.detail})`,
    `Check HTTPS_PROXY, or name ${facts.host} in NO_PROXY to connect to it directly`,
  ],
  'proxy-mute': (facts) => [
    `${proxyOf(facts)} does not answer CONNECT`,
    `Check HTTPS_PROXY, or name ${facts.host} in NO_PROXY to connect to it directly`,
  ],
  'proxy-login': (facts) =>
    facts.proxy?.login === null
      ? [`${proxyOf(facts)} wants a login`, 'Put it into HTTPS_PROXY: http://user:password@host:port']
      : [`${proxyOf(facts)} refuses the login`, 'Check user and password in HTTPS_PROXY'],
  'proxy-refuses': (facts) => [
    `${proxyOf(facts)} answered CONNECT with ${facts.detail}`,
    `Check TEMPORAL_ADDRESS; have the proxy allow ${facts.address}, or name ${facts.host} in NO_PROXY`,
  ],
  'wants-tls': () => ['it expects TLS', 'Set TEMPORAL_TLS=true'],
  'no-tls': () => [
    'it does not speak TLS',
    'Leave out TEMPORAL_TLS and TEMPORAL_API_KEY, or check the port in TEMPORAL_ADDRESS',
  ],
  'unknown-authority': () => [
    'its certificate is signed by an authority that is not trusted here',
    'Name that authority in TEMPORAL_TLS_SERVER_CA_CERT_PATH, or in NODE_EXTRA_CA_CERTS',
  ],
  expired: () => [
    'its certificate has expired',
    'It needs a new one; if not, the clock of this machine is wrong',
  ],
  'not-yet-valid': () => ['its certificate is not valid yet', 'Check the clock of this machine'],
  'other-name': () => [
    'its certificate is for another name',
    'Put the name that the certificate has into TEMPORAL_TLS_SERVER_NAME',
  ],
  'wants-certificate': () => ['it wants a certificate of the client', `Set ${PEM}`],
  'unusable-certificate': () => [
    'the certificate, key or authority to be used here is not readable as PEM, or they do not belong together',
    'Check TEMPORAL_TLS_*',
  ],
  'not-temporal': () => [
    'the program that answers there is not Temporal',
    'Check the port in TEMPORAL_ADDRESS: it is that of the frontend (7233), not that of the Web UI',
  ],
  answers: ({ detail }) => [
    `it answers: ${detail}`,
    'Try again; if it stays so, whoever runs that server has to look',
  ],
  unauthenticated: ({ detail }) => [
    `it does not accept the credentials (${detail})`,
    `Check TEMPORAL_API_KEY, or ${PEM}`,
  ],
  'permission-denied': ({ detail, namespace }) => [
    `it forbids this to these credentials (${detail})`,
    `Check TEMPORAL_NAMESPACE (here: ${namespace}), and have them permitted to use it, or use others (TEMPORAL_API_KEY, TEMPORAL_TLS_CLIENT_*)`,
  ],
  'no-namespace': ({ namespace }) => [
    `it has no namespace "${namespace}"`,
    `Check TEMPORAL_NAMESPACE, or create it: temporal operator namespace create --namespace ${shellQuote(namespace)} --retention 7d`,
  ],
};

const UNREACHABLE = /^(unresolved|refused|no-route|late|mute|other|proxy-.*)$/;

/** Something answers at the address, and refuses. */
export function isRefusal({ kind }: Explanation): boolean {
  return !UNREACHABLE.test(kind);
}

/** All of it, for a person. */
export function sentencesOf(explanation: Explanation, address: string): string {
  const { text, remedy } = explanation;
  const head = isRefusal(explanation)
    ? `Temporal at ${address || '""'} can't be used`
    : `Temporal is not reachable at ${address || '""'}`;
  return `${head}: ${text}. ${remedy}.`;
}

type Where = Pick<TemporalTarget, 'address' | 'namespace'> & Partial<TemporalTarget>;

function of(kind: TroubleKind, { address, namespace, proxy = null }: Where, detail = ''): Explanation {
  const host = endpointOf(address)?.host ?? address;
  const [text, remedy] = TEXTS[kind]({ address, host, namespace, proxy, detail });
  return { kind, text, remedy };
}

/** Why a server that answers refuses this caller; `null`: it does not. */
export function refusalOf(error: unknown, where: Where): Explanation | null {
  const cause = causeOf(error);
  const isNamespace =
    error instanceof NamespaceNotFoundError ||
    cause instanceof NamespaceNotFoundError ||
    (grpcCode(error) === GRPC.notFound && /^namespace\b/i.test(reasonOf(error)));
  if (isNamespace) return of('no-namespace', where);
  // The worker's own client only quotes the answer to its first call.
  const quoted = /^Failed to call GetSystemInfo: code: '([^']*)'/.exec((error as Error).message)?.[1] ?? '';
  const code = grpcCode(error);
  if (code === GRPC.unauthenticated || /authentication credentials/.test(quoted))
    return of('unauthenticated', where, reasonOf(error));
  if (code === GRPC.permissionDenied || /does not have permission/.test(quoted))
    return of('permission-denied', where, reasonOf(error));
  return null;
}

/** Whether connections to the server come about, also through its proxy. `null`: they do. */
export async function blockedWay(target: TemporalTarget, ms = PROBE_MS): Promise<Explanation | null> {
  const endpoint = endpointOf(target.address);
  if (endpoint === null) return null;
  const tunnel = await tunnelTo(endpoint, target);
  if (tunnel !== null) {
    if ('kind' in tunnel) return tunnel;
    tunnel.destroy();
    return null;
  }
  const problem = await probe(endpoint, Math.min(ms, PROBE_MS));
  if (problem === null) return null;
  const code = problem === 'late' ? 'ETIMEDOUT' : (problem.code ?? problem.message);
  if (code === 'ETIMEDOUT') return of('late', target);
  if (code === 'ECONNREFUSED') return of('refused', target);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return of('unresolved', target);
  return /UNREACH$/.test(code) ? of('no-route', target, code) : of('other', target, code);
}

/** With these gRPC tells that there was no answer, or that it does not know. */
const NO_ANSWER: ReadonlySet<number> = new Set([
  0,
  GRPC.cancelled,
  GRPC.unknown,
  GRPC.deadlineExceeded,
  GRPC.unavailable,
]);
/** Both looks at the way, direct; through a proxy each begins with its CONNECT. */
const LOOK_MS = 15_000;

/**
 * Why Temporal can't be used, after this error. Never throws.
 * @param ms for looks at the way to it
 */
export async function explain(error: unknown, target: TemporalTarget, ms = LOOK_MS): Promise<Explanation> {
  const refusal = refusalOf(error, target);
  if (refusal !== null) return refusal;
  // Errors of Node have codes, too, which are words.
  const code: unknown = grpcCode(error);
  if (typeof code === 'number' && !NO_ANSWER.has(code)) return of('answers', target, reasonOf(error));
  const looked = async () => (await blockedWay(target)) ?? (await closerLook(target));
  const late = new AbortController();
  const known = await Promise.race([looked(), delay(ms, null, { signal: late.signal })]);
  late.abort();
  if (known !== null) return known;
  const isLate = isGrpcDeadlineError(causeOf(error)) || /before the deadline|in time/.test(reasonOf(error));
  return isLate ? of('mute', target) : of('other', target, reasonOf(error));
}

async function closerLook(target: TemporalTarget): Promise<Explanation | null> {
  const { apiKey, tls = apiKey !== undefined } = target.options;
  const seen = await greeted(target, tls !== false);
  if (typeof seen !== 'string') return seen;
  if (tls === false && seen !== 'late') {
    const byTls = await greeted(target, true);
    if (byTls === null || (typeof byTls === 'string' && SPEAKS_TLS.has(kindOf(byTls))))
      return of('wants-tls', target);
  }
  const kind = kindOf(seen);
  return kind === null ? null : of(kind, target);
}

/** The code of the error; an explanation: the proxy is it; `null`: HTTP/2 is spoken. */
async function greeted(target: TemporalTarget, isTls: boolean): Promise<string | Explanation | null> {
  const endpoint = endpointOf(target.address);
  if (endpoint === null) return null;
  const tunnel = await tunnelTo(endpoint, target);
  if (tunnel !== null && 'kind' in tunnel) return tunnel;
  return greet(endpoint, isTls ? tlsOptions(endpoint, target.options) : null, tunnel);
}

/** The connection that the proxy makes, or why it makes none; `null`: there is no proxy on the way. */
async function tunnelTo(endpoint: Endpoint, target: TemporalTarget): Promise<Socket | Explanation | null> {
  if (target.proxy === null) return null;
  const answer = await askProxy(target.proxy, endpoint);
  if (answer === 'late') return of('proxy-mute', target);
  if (answer === 407) return of('proxy-login', target);
  if (typeof answer === 'number') return of('proxy-refuses', target, String(answer));
  return answer instanceof Error ? of('proxy-unreachable', target, answer.code ?? answer.message) : answer;
}

function tlsOptions({ host }: Endpoint, { tls }: TemporalTarget['options']) {
  const given = typeof tls === 'object' && tls !== null ? tls : {};
  const { serverNameOverride: servername = host, serverRootCACertificate, clientCertPair } = given;
  return {
    ...(/^[\d.:]+$/.test(servername) ? {} : { servername }),
    ALPNProtocols: ['h2'],
    ...(serverRootCACertificate && { ca: Buffer.from(serverRootCACertificate) }),
    ...(clientCertPair && { cert: Buffer.from(clientCertPair.crt), key: Buffer.from(clientCertPair.key) }),
  };
}

/** Who refuses a handshake for these reasons, or is refused, speaks TLS. */
const SPEAKS_TLS: ReadonlySet<TroubleKind | null> = new Set<OfTls>([
  'unknown-authority',
  'expired',
  'not-yet-valid',
  'other-name',
  'wants-certificate',
]);

/** By Node's codes. `null`: a connection that is reset says nothing, since a server that starts again does that. */
function kindOf(code: string): TroubleKind | null {
  if (code === 'late') return 'mute';
  if (code === 'CERT_HAS_EXPIRED') return 'expired';
  if (code === 'CERT_NOT_YET_VALID') return 'not-yet-valid';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'other-name';
  if (/^ERR_HTTP2|NO_APPLICATION_PROTOCOL/.test(code)) return 'not-temporal';
  if (/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/.test(code)) return 'wants-certificate';
  if (/PEM|ASN1|KEY_VALUES_MISMATCH|NO_START_LINE/.test(code)) return 'unusable-certificate';
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNEXPECTED_MESSAGE/.test(code)) return 'no-tls';
  return /SIGN|ISSUER|LEAF|CHAIN|VERIF/.test(code) ? 'unknown-authority' : null;
}
