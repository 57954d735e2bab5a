import { microseconds } from './iam-operations';
import type { Answer, Call, Operation } from '../compute/operation';
import { ok } from '../compute/operation';
import { CloudError } from '../refusals';
import { headerValue } from './signature';
import type { Cloud } from '../simulated-cloud';

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
