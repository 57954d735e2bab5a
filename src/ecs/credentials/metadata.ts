import { z } from 'zod';
import type { Clock } from '../clock';
import { parseJson } from '../wire/envelopes';
import type { Transport, TransportResponse } from '../transport';
import { TransportError } from '../transport';
import { KeyPair } from './access-keys';
import type { CredentialProblem, CredentialProvider } from './provider';
import { Notices, problem } from './provider';
import type { Lease } from './renewal';
import { Renewal } from './renewal';

export interface MetadataSettings {
  /** `http://169.254.169.254`: link-local; the host of the server answers. */
  endpoint: string;
  /** Must connect to the address directly: through a proxy it would get the credentials of the proxy's server. */
  transport: Transport & { close?(): Promise<void> };
  clock: Pick<Clock, 'now'>;
}

/** As in the vendor's client: the service is one hop away, and a machine without it should fail soon. */
const TIMEOUT_MS = 3_000;
/** Life of a metadata token. Each is used once, within a second: any value would do (docs/cloud-api.md §5.3). */
const TOKEN_TTL_SECONDS = '21600';
/** Keys with less remaining life are renewed: the service has newer ones by then (docs/cloud-api.md §5.3). */
const MARGIN_MS = 40 * 60_000;
/**
 * Keys are used for at least this time before new ones are requested, however short their remaining life seems: the
 * local clock may be ahead, or the service late with new keys. The cloud refuses keys that have really expired, and
 * they are renewed then.
 */
const AT_LEAST_MS = 60_000;
const PAUSE_MS = { refused: 60_000, throttled: 60_000, unavailable: 5_000 };

const AGENCY =
  'Give the server an agency with the permissions that docs/credentials.md lists, or set other credentials (HUAWEICLOUD_SDK_AK, …).';
const UNREACHED =
  'No credentials are set, so the worker asks for those of the server’s agency: outside the cloud set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK.';

const securityKey = z.object({
  credential: z.object({
    access: z.string(),
    secret: z.string(),
    securitytoken: z.string(),
    expires_at: z.string().optional(),
  }),
});

/** The temporary keys of the agency of the server that runs this process, renewed before they expire. */
export function serverAgency(settings: MetadataSettings): CredentialProvider {
  const { clock, transport } = settings;
  const notices = new Notices();
  const renewal = new Renewal({
    name: 'keys of the server’s agency',
    fetch: () => fetchKeys(settings),
    pauseMs: ({ facts }) => facts.retryAfterMs ?? PAUSE_MS[facts.kind],
    clock,
    notices,
  });
  return {
    notices,
    remedy:
      'The cloud refuses the temporary keys of the server’s agency: check the agency and its permissions.',
    authorize: async (request, now, signal) => (await renewal.get(signal)).sign(request, now),
    renew: (refused, signal) => renewal.renew((pair) => pair.signed(refused), signal),
    close: async () => transport.close?.(),
  };
}

async function fetchKeys(settings: MetadataSettings): Promise<Lease<KeyPair>> {
  const token = await fetchToken(settings);
  const answer = await ask(settings, 'GET', '/openstack/latest/securitykey', token);
  if (answer.status === 404)
    throw problem('refused', 'the server has no agency (the metadata service has no keys)', AGENCY);
  if (answer.status !== 200) throw unusable(answer, 'for the keys');
  const { data } = securityKey.safeParse(parseJson(answer.body.toString('utf8')));
  if (data === undefined) throw unusable(answer, 'without keys');
  const { access, secret, securitytoken, expires_at: expiresAt } = data.credential;
  const now = settings.clock.now();
  const until = Date.parse(expiresAt ?? '');
  try {
    return {
      value: new KeyPair({ ak: access, sk: secret, securityToken: securitytoken }),
      renewAt: Math.max((Number.isNaN(until) ? now : until) - MARGIN_MS, now + AT_LEAST_MS),
      validUntil: Math.max(Number.isNaN(until) ? now : until, now + AT_LEAST_MS),
    };
  } catch {
    throw unusable(answer, 'with keys that no request can carry');
  }
}

/** `null`: an older service, which requires no token. */
async function fetchToken(settings: MetadataSettings): Promise<string | null> {
  const answer = await ask(settings, 'PUT', '/meta-data/latest/api/token', null);
  if (answer.status === 404 || answer.status === 405) return null;
  const token = answer.body.toString('utf8').trim();
  if (answer.status !== 200 || !/^[\x21-\x7e]+$/.test(token)) throw unusable(answer, 'for a token');
  return token;
}

async function ask(
  { endpoint, transport }: MetadataSettings,
  method: 'GET' | 'PUT',
  path: string,
  token: string | null,
): Promise<TransportResponse> {
  const { origin, host } = new URL(endpoint);
  const headers: Record<string, string> = { host, accept: '*/*' };
  if (method === 'PUT') headers['x-metadata-token-ttl-seconds'] = TOKEN_TTL_SECONDS;
  if (token !== null) headers['x-metadata-token'] = token;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    return await transport({ origin, method, path, headers, body: null, signal });
  } catch (error) {
    const why =
      error instanceof TransportError && error.kind !== 'aborted'
        ? error.message
        : `nothing within ${TIMEOUT_MS / 1_000} s`;
    throw problem('unavailable', `the metadata service gave no answer (${why})`, UNREACHED);
  }
}

/** The answer may hold keys, so the error has only its status. */
function unusable({ status }: TransportResponse, what: string): CredentialProblem {
  return problem('unavailable', `the metadata service answered HTTP ${status} ${what}`, UNREACHED);
}
