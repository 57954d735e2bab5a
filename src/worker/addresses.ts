/** The worker's listening addresses: parsing, and testing whether one can be used. */
import { createServer, isIPv4, isIPv6 } from 'node:net';

export interface Address {
  /** An IP address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** The required form of an address in the environment, for messages. */
export const ADDRESS_FORM = 'an IP address and a port, such as 127.0.0.1:8081, 0.0.0.0:8081 or [::1]:8081';

/**
 * `undefined` for an invalid listening address. Host names are refused except `localhost`: the metrics endpoint of the
 * SDK takes addresses only.
 */
export function parseAddress(text: string): Address | undefined {
  // A zone (`%eth0`) is a name again, which the SDK would not take.
  const match = /^(?:\[([^\]%]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65_535) return undefined;
  const [, v6, plain] = match;
  if (v6 !== undefined) return isIPv6(v6) ? { host: v6, port } : undefined;
  const host = plain === 'localhost' ? '127.0.0.1' : (plain ?? '');
  return isIPv4(host) ? { host, port } : undefined;
}

export function formatAddress({ host, port }: Address): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** Whether the two addresses exclude each other: the same port, and one host covers the other. */
export function collide(one: Address, other: Address): boolean {
  const covers = (a: Address, b: Address) =>
    a.host === b.host || a.host === '::' || (a.host === '0.0.0.0' && isIPv4(b.host));
  return one.port === other.port && (covers(one, other) || covers(other, one));
}

const WORDS: Record<string, string> = {
  EADDRINUSE: 'is in use by another program',
  EADDRNOTAVAIL: 'is not an address of this machine',
  EACCES: 'needs rights that this user does not have',
};

/** Turns an error of `listen` into a problem of the configuration. */
export function addressProblem(
  variable: string,
  address: Address,
  error: { code?: string; message?: string },
): string {
  const why = WORDS[error.code ?? ''] ?? `can't be used (${error.code ?? error.message})`;
  return `${variable}: ${formatAddress(address)} ${why}; set another one, or off`;
}

/** Tries to listen at the address and returns the error; `null`: none. Leaves nothing open. */
export function probeAddress({ host, port }: Address): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen({ host, port }, () => server.close(() => resolve(null)));
  });
}
