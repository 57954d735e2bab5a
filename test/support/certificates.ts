/** Certificates that are made for one test: an authority, and what it or another one has signed. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsOptions } from 'node:tls';
import { createServer } from 'node:tls';
import { md, pki } from 'node-forge';

export interface Certificate {
  key: Buffer;
  cert: Buffer;
}

const DAY_MS = 86_400_000;

/** Kinds of a subject alternative name (RFC 5280, 4.2.1.6). */
const [DNS_NAME, IP_ADDRESS] = [2, 7];
const LOOPBACK = [
  { type: DNS_NAME, value: 'localhost' },
  { type: IP_ADDRESS, ip: '127.0.0.1' },
];

export class Authority {
  private readonly folder = mkdtempSync(join(tmpdir(), 'ecs-nics-ca-'));
  /** What a client has to know to trust it. */
  readonly file = join(this.folder, 'ca.pem');
  readonly certificate: string;
  private readonly name: pki.CertificateField[];
  private readonly keys = newKeys();

  constructor(name: string) {
    this.name = [{ name: 'commonName', value: name }];
    this.certificate = this.issue(this.name, this.keys.publicKey, DAY_MS, [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ]);
    writeFileSync(this.file, this.certificate);
  }

  /** For a server at `127.0.0.1`, or for another one. */
  sign({ host = null as string | null, expired = false, early = false } = {}): Certificate {
    const { publicKey, pem } = newKeys();
    const altNames = host === null ? LOOPBACK : [{ type: DNS_NAME, value: host }];
    const subject = [{ name: 'commonName', value: 'test' }];
    const extensions = [{ name: 'subjectAltName', altNames }];
    const [startsInMs, endsInMs] = early ? [DAY_MS, 2 * DAY_MS] : [-3 * DAY_MS, expired ? -DAY_MS : DAY_MS];
    const cert = this.issue(subject, publicKey, endsInMs, extensions, startsInMs);
    return { key: Buffer.from(pem), cert: Buffer.from(cert) };
  }

  close(): void {
    rmSync(this.folder, { recursive: true });
  }

  private issue(
    subject: pki.CertificateField[],
    publicKey: pki.PublicKey,
    endsInMs: number,
    extensions: object[],
    startsInMs = -3 * DAY_MS,
  ): string {
    const certificate = pki.createCertificate();
    certificate.publicKey = publicKey;
    // Positive, as the first bit is not set.
    certificate.serialNumber = `01${randomBytes(8).toString('hex')}`;
    certificate.validity.notBefore = new Date(Date.now() + startsInMs);
    certificate.validity.notAfter = new Date(Date.now() + endsInMs);
    certificate.setSubject(subject);
    certificate.setIssuer(this.name);
    certificate.setExtensions(extensions);
    certificate.sign(this.keys.privateKey, md.sha256.create());
    return pki.certificateToPem(certificate);
  }
}

function newKeys(): { privateKey: pki.rsa.PrivateKey; publicKey: pki.rsa.PublicKey; pem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return {
    privateKey: pki.privateKeyFromPem(privateKey),
    publicKey: pki.publicKeyFromPem(publicKey),
    pem: privateKey,
  };
}

/** Ends TLS in front of `host:port`; both HTTP versions are offered, as gRPC and the cloud want them. */
export async function tlsInFrontOf(
  target: string,
  certificate: Certificate,
  more: TlsOptions = {},
): Promise<{ port: number; close(): Promise<void> }> {
  const { hostname: host, port } = new URL(`tcp://${target}`);
  const sockets = new Set<Socket>();
  const server = createServer({ ...certificate, ...more, ALPNProtocols: ['h2', 'http/1.1'] }, (client) => {
    const upstream = connect(Number(port), host);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    client.pipe(upstream).pipe(client);
  });
  // Clients that refuse the certificate end the handshake: no matter for the server.
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
