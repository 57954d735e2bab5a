/** In front of a Temporal server: passes every call on, but refuses some of them, as a namespace does that does not permit them. */
import { once } from 'node:events';
import { connect, constants, createServer } from 'node:http2';
import type {
  ClientHttp2Session,
  IncomingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';

export interface GrpcFront {
  /** `host:port` */
  address: string;
  /** By the last part of a call's path: the gRPC status that it is refused with. */
  refuses: Record<string, number>;
  /** The calls that were refused. */
  refused: string[];
  close(): Promise<void>;
}

const { HTTP2_HEADER_PATH, NGHTTP2_CANCEL } = constants;

export async function grpcFront(target: string): Promise<GrpcFront> {
  const sessions = new Set<ClientHttp2Session | ServerHttp2Session>();
  const keep = <T extends ClientHttp2Session | ServerHttp2Session>(session: T): T => {
    sessions.add(session);
    session.on('error', () => undefined).on('close', () => sessions.delete(session));
    return session;
  };
  const server = createServer();
  const front: GrpcFront = {
    ...{ address: '', refuses: {}, refused: [] },
    close: async () => {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  const pass = (client: ServerHttp2Stream, upstream: ClientHttp2Session, headers: IncomingHttpHeaders) => {
    const call = upstream.request({ ...headers });
    let trailers: IncomingHttpHeaders = {};
    call.on('response', (answer, flags) => {
      // An answer may consist of its trailers alone.
      const endStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      if (!client.destroyed) client.respond(answer, endStream ? { endStream } : { waitForTrailers: true });
    });
    call.on('trailers', (last: IncomingHttpHeaders) => void (trailers = last));
    client.on('wantTrailers', () => client.sendTrailers(trailers));
    call.on('error', () => client.close(NGHTTP2_CANCEL));
    client.on('error', () => undefined).on('close', () => call.close(NGHTTP2_CANCEL));
    client.pipe(call);
    call.pipe(client);
  };
  server.on('session', (session) => {
    const upstream = keep(connect(`http://${target}`));
    keep(session).on('close', () => void upstream.destroy());
    session.on('stream', (stream, headers) => {
      const name = String(headers[HTTP2_HEADER_PATH]).split('/').at(-1) ?? '';
      const status = front.refuses[name];
      if (status === undefined) return pass(stream, upstream, headers);
      front.refused.push(name);
      stream.respond(
        {
          ...{ ':status': 200, 'content-type': 'application/grpc' },
          ...{ 'grpc-status': String(status), 'grpc-message': `${name} is not permitted here` },
        },
        { endStream: true },
      );
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  front.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return front;
}
