/** Why a Temporal server that accepts connections can't be talked to: gRPC only says that it has not connected in time. */
import { request } from 'node:http';
import type { Socket } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { connect } from 'node:tls';
import type { ProxyServer } from '../contract/proxy';
import type { Endpoint, TemporalTarget } from './target';
import { endpointOf } from './target';

const LIMIT_MS = 5_000;
/** Of the errors of a handshake, by their codes in Node. */
const CERTIFICATES: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired: it needs a new one (or the clock here is wrong)',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: check the clock here',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'its certificate is for another name: put the name that the certificate has in TEMPORAL_TLS_SERVER_NAME',
};
const UNTRUSTED =
  'its certificate is signed by an authority that is not trusted here: name that authority in TEMPORAL_TLS_SERVER_CA_CERT_PATH, or in NODE_EXTRA_CA_CERTS';
const PLAIN =
  'it does not speak TLS: leave out TEMPORAL_TLS and TEMPORAL_API_KEY, or check the port in TEMPORAL_ADDRESS';
const EXPECTS_TLS = 'it expects TLS: set TEMPORAL_TLS=true';
const WANTS_CERTIFICATE =
  'it wants a certificate of the client: set TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH';

const UNUSABLE =
  'the certificate, key or authority that is to be used here is not readable as PEM, or they do not belong together: check TEMPORAL_TLS_*';

/** The cause with its remedy; `null`: TLS is not it, or could not be looked at. Never throws. */
export async function diagnose({ address, options, proxy }: TemporalTarget): Promise<string | null> {
  const endpoint = endpointOf(address);
  if (endpoint === null) return null;
  const socket = proxy === null ? undefined : await tunnel(proxy, endpoint);
  if (socket === null) return null;
  const { apiKey, tls = apiKey !== undefined } = options;
  const given = typeof tls === 'object' && tls !== null ? tls : {};
  const { serverNameOverride: servername = endpoint.host, serverRootCACertificate, clientCertPair } = given;
  const code = await handshake({
    ...endpoint,
    ...(socket && { socket }),
    ...(/^[\d.:]+$/.test(servername) ? {} : { servername }),
    ALPNProtocols: ['h2'],
    ...(serverRootCACertificate && { ca: Buffer.from(serverRootCACertificate) }),
    ...(clientCertPair && { cert: Buffer.from(clientCertPair.crt), key: Buffer.from(clientCertPair.key) }),
  });
  const { isPlain, isTrust } = signsIn(code);
  if (tls === false) return code === null || CERTIFICATES[code] !== undefined || isTrust ? EXPECTS_TLS : null;
  if (code === null) return null;
  if (/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/.test(code)) return WANTS_CERTIFICATE;
  if (/PEM|ASN1|KEY_VALUES_MISMATCH|NO_START_LINE/.test(code)) return UNUSABLE;
  if (isPlain) return PLAIN;
  return CERTIFICATES[code] ?? (isTrust ? UNTRUSTED : null);
}

/** A connection that is reset, refused or late says nothing of TLS: a server that starts again does that. */
function signsIn(code: string | null): { isPlain: boolean; isTrust: boolean } {
  return {
    isPlain: /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNEXPECTED_MESSAGE/.test(code ?? ''),
    isTrust: /SIGN|ISSUER|LEAF|CHAIN|VERIF/.test(code ?? ''),
  };
}

/** A connection through the proxy; `null`: it makes none. */
function tunnel({ host, port, login }: ProxyServer, to: Endpoint): Promise<Socket | null> {
  return new Promise((resolve) => {
    const path = `${to.host.includes(':') ? `[${to.host}]` : to.host}:${to.port}`;
    const asked = request({
      host,
      port,
      method: 'CONNECT',
      path,
      headers: { host: path },
      timeout: LIMIT_MS,
    });
    if (login !== null) {
      const proof = Buffer.from(`${login.user}:${login.password}`).toString('base64');
      asked.setHeader('proxy-authorization', `Basic ${proof}`);
    }
    asked.once('connect', ({ statusCode }, socket: Socket) => {
      if (statusCode === 200) return resolve(socket);
      socket.destroy();
      resolve(null);
    });
    asked.once('timeout', () => asked.destroy());
    // Also an answer that is no tunnel ends here.
    asked.once('close', () => resolve(null));
    asked.once('error', () => resolve(null));
    asked.end();
  });
}

/** The error's code; `null`: it was made. */
function handshake(options: ConnectionOptions): Promise<string | null> {
  return new Promise((resolve) => {
    let socket: TLSSocket;
    try {
      socket = connect({ ...options, timeout: LIMIT_MS });
    } catch (error) {
      return resolve((error as NodeJS.ErrnoException).code ?? String(error));
    }
    const end = (code: string | null) => {
      socket.destroy();
      resolve(code);
    };
    // TLS 1.3 refuses a client without a certificate only after the handshake, with its first answer.
    socket.once('secureConnect', () => setTimeout(end, 300, null));
    socket.once('timeout', () => end('late'));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}
