import type { AccessKey, Gatekeeper } from './auth';
import type { Knobs } from '../knobs';
import { Stream, hex } from '../world/random';

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
