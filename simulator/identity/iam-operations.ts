import type { Answer, Call, Operation } from '../compute/operation';
import { jsonOf } from '../compute/operation';
import { CloudError } from '../refusals';
import type { Cloud } from '../simulated-cloud';

function createToken(cloud: Cloud, call: Call): Answer {
  const { loginThrottle, tokenExpiry } = cloud.knobs;
  if (loginThrottle && !cloud.withinLimit('login', loginThrottle, call.now)) {
    throw new CloudError(429, 'iam-coded', 'IAM.0012', 'The throttling threshold has been reached.');
  }
  const { token, expiresAt, projectId } = cloud.iam.login(jsonOf(call.body), call.now);
  call.entry.accepted = true;
  const expiry = {
    shown: { expires_at: microseconds(expiresAt) },
    missing: {},
    unreadable: { expires_at: 'tomorrow' },
  };
  return {
    status: 201,
    headers: { 'x-subject-token': token },
    body: {
      token: {
        methods: ['password'],
        issued_at: microseconds(call.now),
        ...expiry[tokenExpiry],
        ...(projectId === null ? {} : { project: { id: projectId, name: cloud.settings.region } }),
      },
    },
  };
}

/** As IAM writes times. */
export const microseconds = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');

export const iamOperations: readonly Operation[] = [
  {
    service: 'iam',
    open: true,
    requestClass: 'iam',
    method: 'POST',
    path: '/v3/auth/tokens',
    handle: createToken,
  },
];
