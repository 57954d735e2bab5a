/** What may become of a call, for every generator to draw from. */
import type { FaultSpec } from './index';

type What = FaultSpec['what'];

/** A fault of one kind of request. */
export const on = (
  requestClass: NonNullable<NonNullable<FaultSpec['match']>['class']>,
  what: What,
  more: Partial<FaultSpec>,
): FaultSpec => ({ match: { class: requestClass }, what, ...more });

/** Reads of ports: of a single one, and of several with one call, which is how runs read them. */
export const PORT_READS: ('port' | 'ports')[] = ['port', 'ports'];

/** A firewall's page in the place of an answer. */
export const page = { headers: { server: 'CloudWAF' }, body: '<html>no</html>' };

/** What becomes of the POST. */
export const POSTS: What[] = [
  { kind: 'drop', accepted: true },
  { kind: 'drop' },
  { kind: 'drop', accepted: true, partway: true },
  { kind: 'status', status: 502, accepted: true },
  { kind: 'status', status: 500 },
  { kind: 'status', status: 504, accepted: true },
  { kind: 'no-job-id' },
  { kind: 'no-job-id', status: 204 },
  { kind: 'no-job-id', status: 202, accepted: false },
  { kind: 'busy' },
  { kind: 'throttled', retryAfter: 20 },
  { kind: 'throttled', as: '202' },
  { kind: 'hang' },
  { kind: 'hang', accepted: true },
  { kind: 'delay', ms: 1 },
  { kind: 'answer', status: 403, accepted: true, ...page },
  { kind: 'answer', status: 403, ...page },
  { kind: 'answer', status: 202, accepted: true, body: { error: { code: 'Common.0024', message: 'busy' } } },
  { kind: 'answer', status: 400, accepted: true, body: { error: { code: 'Ecs.0507', message: 'no' } } },
  { kind: 'answer', status: 400, body: { error: { code: 'Ecs.0000', message: 'later' } } },
  { kind: 'answer', status: 409, body: { conflictingRequest: { code: 409, message: 'held' } } },
  { kind: 'answer', status: 403, body: { error: { code: 'Ecs.0003', message: 'no' } } },
  { kind: 'answer', status: 401, body: { error_code: 'APIGW.0301', error_msg: 'no' } },
];

/** What becomes of the job. */
export const JOBS: What[] = [
  { kind: 'partial-failure', nics: [0] },
  { kind: 'partial-failure', nics: [0], parent: 'SUCCESS' },
  { kind: 'partial-failure', nics: [0], lateMs: 20_000 },
  { kind: 'partial-failure', nics: [1], code: 'Ecs.0401' },
  { kind: 'lying-job' },
  { kind: 'lying-job', nics: [0] },
  { kind: 'lying-job', lateMs: 40_000 },
  { kind: 'false-failure' },
  { kind: 'false-failure', nics: [0], parent: 'SUCCESS' },
  { kind: 'job-gone', afterMs: 15_000 },
  { kind: 'job-gone' },
  { kind: 'job-stuck' },
  { kind: 'job-stuck', nicsGo: true },
  { kind: 'job-seconds', seconds: 100 },
  { kind: 'job-seconds', seconds: 1_500 },
];

export const READS: What[] = [
  { kind: 'status', status: 500 },
  { kind: 'status', status: 503 },
  { kind: 'drop' },
  { kind: 'drop', partway: true },
  { kind: 'throttled' },
  { kind: 'throttled', retryAfter: 60 },
  { kind: 'hang' },
  { kind: 'delay', ms: 1, when: 'after' },
  { kind: 'answer', status: 400, body: { code: 'Common.0025', message: 'later' } },
  { kind: 'answer', status: 400, body: { error: { code: 'Ecs.0307', message: 'no ports' } } },
  { kind: 'answer', status: 403, ...page },
  { kind: 'answer', status: 200, body: 'no JSON' },
  { kind: 'answer', status: 403, body: { error_code: 'APIGW.0302', error_msg: 'no' } },
  { kind: 'answer', status: 401, body: { error_code: 'APIGW.0301', error_msg: 'no' } },
];
