import type { AccessKey, Gatekeeper } from './auth';
import type { Cloud } from './cloud';
import { CloudError } from './errors';
import { microseconds } from './iam';
import type { Knobs } from './knobs';
import type { Answer, Call, Operation } from './operation';
import { ok } from './operation';
import { Stream, hex } from './random';
import { headerValue } from './signature';

type TemporaryKey = Required<AccessKey>;

/** The service that a server finds at 169.254.169.254: temporary keys of its agency (docs/cloud-api.md §5.3). */
export class Metadata {
  private key: TemporaryKey | undefined;
  private made = 0;
  private readonly tokens = new Map<string, number>();

  constructor(
    private readonly seed: number,
    private readonly gatekeeper: Gatekeeper,
    private readonly knobs: () => Knobs,
  ) {}

  newToken(ttlSeconds: number, now: number): string {
    const token = hex(this.seed, Stream.metadataToken, this.tokens.size);
    this.tokens.set(token, now + ttlSeconds * 1_000);
    this.gatekeeper.secrets.add(token);
    return token;
  }

  knows(token: string, now: number): boolean {
    return now < (this.tokens.get(token) ?? 0);
  }

  /** The same keys until their end is near. Older ones stay valid until theirs. */
  currentKey(now: number): TemporaryKey {
    const { agencyKeySeconds, agencyKeyMarginSeconds } = this.knobs();
    if (!this.key || now >= this.key.expiresAt - agencyKeyMarginSeconds * 1_000) {
      const text = (part: number) => hex(this.seed, Stream.agencyKey, 3 * this.made + part);
      this.key = {
        ak: text(0).toUpperCase().slice(0, 20),
        sk: text(1),
        securityToken: `${text(2)}${text(1)}`,
        expiresAt: now + agencyKeySeconds * 1_000,
      };
      this.made += 1;
      this.gatekeeper.putKey(this.key);
    }
    return this.key;
  }
}

/** Not the gateway's: plain texts. */
const refused = (status: number, message: string) => new CloudError(status, 'flat', '', message);
const MAX_TTL_SECONDS = 21_600;

function createToken(cloud: Cloud, call: Call): Answer {
  if (cloud.knobs.metadataToken === 'unsupported') throw refused(404, 'Not Found');
  const ttl = Number(headerValue(call, 'x-metadata-token-ttl-seconds'));
  if (!(ttl >= 1 && ttl <= MAX_TTL_SECONDS)) throw refused(400, 'Bad Request');
  return {
    status: 200,
    headers: { 'content-type': 'text/plain' },
    body: cloud.metadata.newToken(ttl, call.now),
  };
}

function securityKey(cloud: Cloud, call: Call): Answer {
  const { metadataToken, agency } = cloud.knobs;
  const token = headerValue(call, 'x-metadata-token');
  const known = cloud.metadata.knows(token, call.now);
  if (metadataToken === 'required' && !known) throw refused(401, 'Unauthorized');
  if (!agency) throw refused(404, 'Not Found');
  const key = cloud.metadata.currentKey(call.now);
  return ok({
    credential: {
      access: key.ak,
      secret: key.sk,
      securitytoken: key.securityToken,
      expires_at: microseconds(key.expiresAt),
    },
  });
}

const metadata = (operation: Pick<Operation, 'method' | 'path' | 'handle'>): Operation => ({
  service: 'metadata',
  open: true,
  requestClass: 'metadata',
  ...operation,
});

export const metadataOperations: readonly Operation[] = [
  metadata({ method: 'PUT', path: '/meta-data/latest/api/token', handle: createToken }),
  metadata({ method: 'GET', path: '/openstack/latest/securitykey', handle: securityKey }),
];
