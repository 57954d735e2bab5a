import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { promisify } from 'node:util';
import { Agent, Pool, ProxyAgent } from 'undici';
import type { Dispatcher } from 'undici';
import type { ProxyServer } from '../contract/proxy';

export interface TransportRequest {
  /** Scheme, host and port. */
  origin: string;
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path with query. */
  path: string;
  headers: Record<string, string>;
  body: Buffer | null;
  signal?: AbortSignal;
  /**
   * Called when the connection is ready, just before the request is written. If it throws, the call rejects with that
   * error, and nothing is written.
   */
  beforeWrite?: () => void;
}

export interface TransportResponse {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: Buffer;
}

/** One exchange: no retry, no redirect. Throws {@link TransportError}, or what `beforeWrite` threw. */
export type Transport = (request: TransportRequest) => Promise<TransportResponse>;

export class TransportError extends Error {
  override readonly name = 'TransportError';

  constructor(
    readonly kind: 'network' | 'timeout' | 'too-large' | 'aborted',
    /** `no`: certainly nothing was written (for example, no connection was made). */
    readonly sent: 'no' | 'maybe',
    message: string,
    /** Status and headers, when the answer broke off after them. */
    readonly answer: Pick<TransportResponse, 'status' | 'headers'> | null = null,
  ) {
    super(message);
  }
}

export interface TransportLimits {
  /** ms to connect, TLS included. */
  connectMs: number;
  /** ms from the written request to the answer's headers. */
  headersMs: number;
  /** ms between two pieces of the answer's body. */
  bodyMs: number;
  /** Limit for the bytes of an answer's body. */
  maxBodyBytes: number;
}

/**
 * The sum, 25 s, also limits a whole exchange (an answer that trickles would never reach `bodyMs`). It leaves room in
 * an attempt of 60 s for the rate limit and a renewal of credentials. 4 MiB: the
 * details of 100 servers with 12 NICs each take some 1.5 MB.
 */
export const DEFAULT_LIMITS: TransportLimits = {
  connectMs: 5_000,
  headersMs: 10_000,
  bodyMs: 10_000,
  maxBodyBytes: 4 * 1024 * 1024,
};

/**
 * An idle connection is dropped before a load balancer is likely to close it: a POST sent while the connection closes
 * is of unknown fate and costs a minute of looking.
 */
const KEEP_ALIVE_MS = 4_000;

/**
 * HTTP by undici, one pool of connections per origin.
 * @param through the proxy for an origin; `null`: none
 */
export function undiciTransport(
  limits: TransportLimits = DEFAULT_LIMITS,
  through: (origin: string) => ProxyServer | null = () => null,
): Transport & { close(): Promise<void> } {
  const timeout = limits.connectMs;
  const options = {
    headersTimeout: limits.headersMs,
    bodyTimeout: limits.bodyMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    pipelining: 1,
  };
  const agent = new Agent({ ...options, connect: { timeout } });
  let proxied: ProxyAgent | null = null;
  const viaProxy = (server: ProxyServer) =>
    (proxied ??= new ProxyAgent({
      ...options,
      ...asProxy(server),
      proxyTls: { timeout },
      requestTls: { timeout },
      // Of the connection to the proxy itself: without it an unanswered CONNECT would end after 300 s.
      clientFactory: (origin, its) => new Pool(origin, { ...its, headersTimeout: timeout }),
    }));
  const transport: Transport = (request) => {
    const server = through(request.origin);
    return exchange(server === null ? agent : viaProxy(server), limits, request);
  };
  return Object.assign(transport, {
    close: async () => void (await Promise.all([agent.close(), proxied?.close()])),
  });
}

/** A tunnel also for plain http: whoever runs the proxy sees no request. */
function asProxy({ host, port, login }: ProxyServer) {
  const uri = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (login === null) return { uri, proxyTunnel: true };
  const token = `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`;
  return { uri, proxyTunnel: true, token };
}

function exchange(
  agent: Dispatcher,
  limits: TransportLimits,
  request: TransportRequest,
): Promise<TransportResponse> {
  return new Promise((resolve, reject) => {
    const { signal } = request;
    let controller: Dispatcher.DispatchController | null = null;
    let sent: 'no' | 'maybe' = 'no';
    let answer: Pick<TransportResponse, 'status' | 'headers'> | null = null;
    const pieces: Buffer[] = [];
    let size = 0;
    let over = false;

    const finish = (): boolean => {
      if (over) return false;
      over = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      return true;
    };
    const fail = (error: Error): void => {
      if (finish()) reject(error);
      // Also reached when the connection is made after the call was given up: nothing is written then.
      if (controller !== null && !controller.aborted) controller.abort(error);
    };
    const failAs = (kind: TransportError['kind'], message: string) =>
      fail(new TransportError(kind, sent, message, answer));
    const onAbort = () => failAs('aborted', 'the call was aborted');
    const totalMs = limits.connectMs + limits.headersMs + limits.bodyMs;
    const timer = setTimeout(() => failAs('timeout', `not finished within ${totalMs} ms`), totalMs);
    if (signal?.aborted === true) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        controller = started;
        if (over) return started.abort(new Error('given up before it was sent'));
        try {
          request.beforeWrite?.();
        } catch (error) {
          return fail(error instanceof Error ? error : new Error(String(error)));
        }
        sent = 'maybe';
      },
      onResponseStart(_controller, status, headers) {
        answer = { status, headers: flatten(headers) };
      },
      onResponseData(_controller, piece) {
        size += piece.length;
        if (size > limits.maxBodyBytes)
          failAs('too-large', `the answer exceeds ${limits.maxBodyBytes} bytes`);
        else pieces.push(piece);
      },
      onResponseEnd() {
        const { headers = {} } = answer ?? {};
        decoded(headers['content-encoding'], Buffer.concat(pieces), limits.maxBodyBytes).then(
          (body) => finish() && answer !== null && resolve({ ...answer, body }),
          () => failAs('network', "the answer is compressed in a way that can't be read"),
        );
      },
      onResponseError(_controller, error) {
        const code = (error as { code?: unknown }).code;
        const refused = /^Proxy response \((\d+)\)/.exec(error.message)?.[1];
        if (refused !== undefined) return failAs('network', `the proxy answered CONNECT with ${refused}`);
        const text = typeof code === 'string' ? code : error.name;
        failAs(/TIMEOUT|TIMEDOUT/.test(text) ? 'timeout' : 'network', text);
      },
    };
    try {
      const { origin, path, method, headers, body } = request;
      agent.dispatch({ origin, path, method, headers, body }, handler);
    } catch (error) {
      // An unusable origin or header. undici's message names the header, not its value.
      failAs('network', error instanceof Error ? error.message : 'not dispatched');
    }
  });
}

const DECODERS = { gzip: promisify(gunzip), deflate: promisify(inflate), br: promisify(brotliDecompress) };

/** Nothing of that kind is asked for, and some gateways compress all the same. */
async function decoded(
  encodings: string | undefined,
  body: Buffer,
  maxOutputLength: number,
): Promise<Buffer> {
  let plain = body;
  for (const name of (encodings ?? '').toLowerCase().split(',').reverse()) {
    const encoding = name.trim().replace(/^x-/, '');
    if (encoding === '' || encoding === 'identity' || plain.length === 0) continue;
    const decode = DECODERS[encoding as keyof typeof DECODERS];
    if (decode === undefined) throw new Error(encoding);
    plain = await decode(plain, { maxOutputLength });
  }
  return plain;
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
