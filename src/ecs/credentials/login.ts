import { z } from 'zod';
import type { Clock } from '../clock';
import type { Problem } from '../wire/envelopes';
import { parseJson, readProblem } from '../wire/envelopes';
import { parseRetryAfter } from '../errors';
import { censor, Secret } from '../secret';
import type { Transport, TransportResponse } from '../transport';
import { TransportError } from '../transport';
import type { CredentialProblem, CredentialProvider } from './provider';
import { Notices, problem } from './provider';
import type { Lease } from './renewal';
import { Renewal } from './renewal';
import { TOKEN_HEADER } from './token';

export interface LoginSettings {
  /** Such as `https://iam.eu-west-101.myhuaweicloud.com`. */
  endpoint: string;
  /** The token's project: the cloud refuses the token of another one (docs/cloud-api.md §5.1). */
  projectId: string;
  domain: string;
  user: string;
  password: string;
  transport: Transport & { close?(): Promise<void> };
  clock: Pick<Clock, 'now'>;
  userAgent: string;
}

/** The vendor says 24 h. Replaces an expiry that is unreadable or implausible: 48 logins a day. */
const ASSUMED_LIFE_MS = 30 * 60_000;
const SHORTEST_LIFE_MS = 5_000;

/**
 * A new token is requested an hour before the end (for a short-lived token: in the last fifth of its life). The old one
 * is used meanwhile, so a shorter outage of IAM has no effect.
 */
const MARGIN_MS = 60 * 60_000;
const MARGIN_SHARE = 1 / 5;

/**
 * Pause after a refused login, and after each further one. IAM locks a user out for 15 minutes or more after 3 to 10
 * wrong passwords (5 by default) within 15 to 60 minutes, and the lock cannot be lifted earlier: two an hour stay below
 * the strictest setting, and two workers below the default.
 */
const REFUSED_PAUSE_MS = [5 * 60_000, 60 * 60_000] as const;
/** Used when the answer names no time. */
const THROTTLED_PAUSE_MS = 60_000;
/** All runs that wait for a login fail together; more attempts would overload an IAM that has trouble. */
const UNAVAILABLE_PAUSE_MS = 5_000;

const REMEDY =
  'Check HW_DOMAIN_NAME, HW_USER_NAME, HW_USER_PASSWORD and the project, then restart the worker, which then tries again at once.';
const UNREACHED =
  'If the error persists: check HUAWEICLOUD_IAM_ENDPOINT, DNS, and firewalls between worker and IAM.';

const tokenBody = z.object({ token: z.object({ expires_at: z.string(), issued_at: z.string().optional() }) });

/**
 * Logs in with a password; the token is kept in memory, renewed before it expires, and once when the cloud refuses it.
 *
 * @throws Error naming the part that cannot be used, never its value
 */
export function passwordLogin(settings: LoginSettings): CredentialProvider {
  const { clock, transport } = settings;
  const login = new Login(settings);
  const notices = new Notices();
  const renewal = new Renewal({
    name: 'IAM token',
    fetch: () => login.perform(),
    pauseMs: ({ facts }, refusals) => {
      if (facts.kind === 'refused') return REFUSED_PAUSE_MS[refusals === 1 ? 0 : 1];
      if (facts.kind === 'throttled') return facts.retryAfterMs ?? THROTTLED_PAUSE_MS;
      return UNAVAILABLE_PAUSE_MS;
    },
    clock,
    notices,
  });
  return {
    notices,
    remedy:
      'The cloud refuses the token that IAM has issued: check the user’s permissions, the project and the region.',
    async authorize(request, _now, signal) {
      return { ...request.headers, [TOKEN_HEADER]: (await renewal.get(signal)).reveal() };
    },
    renew: (refused, signal) => renewal.renew((token) => token.reveal() === refused[TOKEN_HEADER], signal),
    close: async () => transport.close?.(),
  };
}

class Login {
  private readonly endpoint: URL;
  private readonly domain: Secret;
  private readonly user: Secret;
  private readonly password: Secret;

  constructor(private readonly settings: LoginSettings) {
    this.endpoint = new URL(settings.endpoint);
    this.domain = new Secret('HW_DOMAIN_NAME', settings.domain, 'text');
    this.user = new Secret('HW_USER_NAME', settings.user, 'text');
    this.password = new Secret('HW_USER_PASSWORD', settings.password, 'text');
  }

  async perform(): Promise<Lease<Secret>> {
    const { transport, userAgent } = this.settings;
    const startedAt = this.settings.clock.now();
    let answer: TransportResponse;
    try {
      answer = await transport({
        origin: this.endpoint.origin,
        method: 'POST',
        path: '/v3/auth/tokens?nocatalog=true',
        headers: {
          host: this.endpoint.host,
          'content-type': 'application/json;charset=utf8',
          accept: 'application/json',
          'user-agent': userAgent,
        },
        body: this.body(),
      });
    } catch (error) {
      const why = error instanceof TransportError ? error.message : 'the request could not be made';
      throw problem('unavailable', `IAM gave no answer to the login (${why})`, UNREACHED);
    }
    const token = answer.headers['x-subject-token']?.trim() ?? '';
    const text = censor(answer.body.toString('utf8'), [...this.secrets(), token]);
    const ok = answer.status >= 200 && answer.status < 300;
    if (!ok) throw this.refusal(answer, readProblem(parseJson(text)));
    let secret: Secret;
    try {
      secret = new Secret('the token', token);
    } catch {
      throw problem(
        'unavailable',
        `IAM answered HTTP ${answer.status} to the login without a usable token`,
        UNREACHED,
      );
    }
    return leaseOf(secret, parseJson(text), startedAt);
  }

  private body(): Buffer {
    const user = {
      domain: { name: this.domain.reveal() },
      name: this.user.reveal(),
      password: this.password.reveal(),
    };
    const identity = { methods: ['password'], password: { user } };
    const scope = { project: { id: this.settings.projectId } };
    return Buffer.from(JSON.stringify({ auth: { identity, scope } }));
  }

  private secrets(): string[] {
    return [this.domain, this.user, this.password].map((secret) => secret.reveal());
  }

  private refusal(answer: TransportResponse, said: Problem | null): CredentialProblem {
    const { status, headers } = answer;
    const facts = {
      // IAM's code often only repeats the status.
      code: said?.code === String(status) ? null : (said?.code ?? null),
      cloudMessage: said?.message ?? null,
      requestId: said?.requestId ?? null,
      retryAfterMs: parseRetryAfter(headers['retry-after'], this.settings.clock.now()),
    };
    const what = `HTTP ${status}`;
    if (status === 429 || said?.code === 'IAM.0012') {
      return problem(
        'throttled',
        `IAM limits logins (${what})`,
        'Nothing to do, unless it happens often.',
        facts,
      );
    }
    // As everywhere, a page without a code (a firewall's, a proxy's) is a failed call (docs/contract.md §6.5).
    const definite =
      status === 401 || (status >= 400 && status < 500 && status !== 408 && said?.code != null);
    return definite
      ? problem('refused', `IAM refused the worker’s login (${what})`, REMEDY, facts)
      : problem('unavailable', `IAM gave no usable answer to the login (${what})`, UNREACHED, facts);
  }
}

/** Counted by the local clock from the start of the login, so that a difference to IAM's clock does no harm. */
function leaseOf(value: Secret, body: unknown, startedAt: number): Lease<Secret> {
  const { data } = tokenBody.safeParse(body);
  const issuedAt = Date.parse(data?.token.issued_at ?? '');
  const told = Date.parse(data?.token.expires_at ?? '') - (Number.isNaN(issuedAt) ? startedAt : issuedAt);
  const lifeMs = told >= SHORTEST_LIFE_MS ? told : ASSUMED_LIFE_MS;
  return {
    value,
    renewAt: startedAt + lifeMs - Math.min(MARGIN_MS, lifeMs * MARGIN_SHARE),
    validUntil: startedAt + lifeMs,
  };
}
