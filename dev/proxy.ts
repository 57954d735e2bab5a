/** A TCP proxy that fails as networks do: between worker and cloud, or between worker and Temporal. */
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { randomInt } from 'node:crypto';

export type Mode =
  | 'forward'
  /** Every connection is broken, new ones are refused. */
  | 'cut'
  /** New connections come about; whatever is sent vanishes, either way. */
  | 'hang'
  /** What the worker sends arrives, the answers vanish. */
  | 'half-open'
  /** Nothing is lost, but it arrives only once the network is back: packets that are sent again and again. */
  | 'stall';

interface Link {
  client: Socket;
  server: Socket;
  /** First line of the last request. */
  request: string;
  /** Some of its bytes are lost: nothing that comes later would make sense. */
  torn: boolean;
  /** What waits for the network, in order. */
  held: (() => void)[];
}

export class Proxy {
  /** Hears the first line of each request before it is passed on, and may change the mode. */
  onRequest: (line: string) => void = () => {};
  /** Hears it again when (the first part of) the answer has been passed back. */
  onAnswer: (line: string) => void = () => {};

  private now: Mode = 'forward';
  private port = 0;
  private listening: Server | undefined;
  private readonly links = new Set<Link>();

  private constructor(private target: { host: string; port: number }) {}

  /** `to`: `host:port`. */
  static async open(to: string): Promise<Proxy> {
    const proxy = new Proxy(targetOf(to));
    // Below the ports that the system hands out: while it refuses connections, nobody else may get this one.
    while (proxy.listening === undefined) {
      proxy.port = randomInt(12_000, 30_000);
      await proxy.listen().catch(() => undefined);
    }
    return proxy;
  }

  /** New connections lead there from now on, e.g. to a server that was started again on another port. */
  leadTo(to: string): void {
    this.target = targetOf(to);
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get mode(): Mode {
    return this.now;
  }

  set mode(mode: Mode) {
    this.now = mode;
    if (mode === 'cut') {
      this.listening?.close();
      this.listening = undefined;
      for (const link of this.links) tear(link);
    }
    if (mode !== 'stall') for (const link of this.links) release(link);
    if (mode === 'forward') for (const link of this.links) if (link.torn) tear(link);
  }

  /** The network is as it was. */
  async heal(): Promise<void> {
    if (this.listening === undefined) await this.listen();
    this.mode = 'forward';
  }

  close(): Promise<void> {
    this.mode = 'cut';
    return Promise.resolve();
  }

  private listen(): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (client) => this.accept(client));
    return new Promise((fulfil, reject) => {
      server.once('error', reject);
      server.listen(this.port, '127.0.0.1', () => {
        this.listening = server;
        fulfil();
      });
    });
  }

  private accept(client: Socket): void {
    if (this.now === 'cut') return void client.destroy();
    const server = connect({ ...this.target, allowHalfOpen: true });
    const link: Link = { client, server, request: '', torn: false, held: [] };
    this.links.add(link);
    client.on('data', (chunk: Buffer) => {
      const line = /^[^\r\n]{1,300}/.exec(chunk.toString('latin1'))?.[0] ?? '';
      link.request = line;
      this.onRequest(line);
      this.pass(link, 'request', () => server.write(chunk));
    });
    server.on('data', (chunk: Buffer) => {
      const passed = this.pass(link, 'answer', () => client.write(chunk));
      if (passed) this.onAnswer(link.request);
    });
    client.on('end', () => this.pass(link, 'request', () => server.end()));
    server.on('end', () => this.pass(link, 'answer', () => client.end()));
    client.on('error', () => this.pass(link, 'request', () => server.destroy()));
    server.on('error', () => this.pass(link, 'answer', () => client.destroy()));
    const closed = () => {
      if (client.destroyed && server.destroyed) this.links.delete(link);
    };
    client.on('close', closed);
    server.on('close', closed);
  }

  /** `false`: not now, or never. */
  private pass(link: Link, what: 'request' | 'answer', on: () => unknown): boolean {
    if (this.now === 'stall') {
      link.held.push(on);
      return false;
    }
    const arrives = this.now === 'forward' || (this.now === 'half-open' && what === 'request');
    if (!arrives) {
      link.torn = true;
      return false;
    }
    on();
    return true;
  }
}

function targetOf(to: string): { host: string; port: number } {
  const [host = '', port] = to.split(':');
  return { host, port: Number(port) };
}

function release(link: Link): void {
  for (const on of link.held.splice(0)) on();
}

function tear({ client, server }: Link): void {
  client.destroy();
  server.destroy();
}
