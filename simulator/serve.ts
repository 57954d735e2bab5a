import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Scope } from './identity/auth';
import type { Cloud } from './simulated-cloud';
import { CloudError, ecsError, flatError, throttled, vpcV3Error } from './refusals';
import type { WhatOf } from './world/faults';
import { Faults, allOf, firstOf } from './world/faults';
import type { Knobs } from './knobs';
import type { LedgerRequest } from './world/ledger';
import type { Answer, Call, Operation } from './compute/operation';
import { meanwhile } from './world/others';

/** What a route needs besides the operation. */
export interface Gateway {
  cloud: Cloud;
  /** The project that the caller may ask for; throws when the request is not authentic. */
  authenticate: (request: FastifyRequest, body: Buffer) => Scope;
}

const TRANSPORT = ['drop', 'hang', 'status', 'no-job-id', 'throttled', 'answer'] as const;
type Transport = WhatOf<(typeof TRANSPORT)[number]>;

/** The way of every API request: gateway, faults, service, faults, answer. */
export async function serve(
  gateway: Gateway,
  operation: Operation,
  request: FastifyRequest,
  reply: FastifyReply,
  entry: LedgerRequest,
): Promise<void> {
  const params = request.params as Record<string, string>;
  const cloud = gateway.cloud.ofProject(params['projectId']);
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const query = new URLSearchParams(queryOf(request));
  describe(entry, operation, request, cloud, operation.serverOf?.(cloud, params, query));
  operation.note?.(cloud, entry, body, params, query);
  try {
    if (operation.open !== true) {
      admit(cloud, operation, params, gateway.authenticate(request, body));
    }
  } catch (error) {
    return send(reply, entry, refusal(cloud, entry, error));
  }

  const faults = cloud.faults.strike(operation.requestClass, entry.servers);
  if (faults.length > 0) entry.faults = faults.map((fault) => fault.id);
  for (const { ms, when } of allOf(faults, 'delay')) if (when === 'before') await sleep(ms);
  const now = cloud.now();
  for (const { what, match } of faults) {
    if (what.kind === 'meanwhile') meanwhile(cloud, match.serverId ?? entry.servers[0], what, now);
  }
  const transport = firstOf(faults, ...TRANSPORT);
  if (transport && !acceptedBy(transport)) {
    Faults.takeBack(faults);
    return interfere(cloud, reply, entry, transport);
  }

  const { headers } = request;
  const call: Call = { params, query, body, headers, entry, now, faults };
  const { answer, refused } = carryOut(cloud, operation, call);
  if (refused) Faults.takeBack(faults);
  for (const { ms, when } of allOf(faults, 'delay')) if (when === 'after') await sleep(ms);
  // A refusal has no job id to lose.
  if (transport && !(refused && transport.kind === 'no-job-id')) {
    return interfere(cloud, reply, entry, transport, answer);
  }
  for (const { merge } of allOf(faults, 'edit')) answer.body = merged(answer.body, merge);
  for (const what of allOf(faults, 'bloated-job')) answer.body = bloated(answer.body, what);
  return send(reply, entry, answer);
}

function describe(
  entry: LedgerRequest,
  operation: Operation,
  request: FastifyRequest,
  cloud: Cloud,
  serverId: string | undefined,
): void {
  entry.requestClass = operation.requestClass;
  if (cloud.isNeighbour) entry.projectId = cloud.settings.projectId;
  if (serverId !== undefined) entry.serverId = serverId;
  const callerRequestId = request.headers['x-request-id'];
  if (typeof callerRequestId === 'string') entry.callerRequestId = callerRequestId;
  const userAgent = request.headers['user-agent'];
  if (userAgent !== undefined) entry.userAgent = cloud.ledger.intern(userAgent);
  if (request.headers.authorization !== undefined) entry.proof = 'signature';
  else if (request.headers['x-auth-token'] !== undefined) entry.proof = 'token';
}

function admit(cloud: Cloud, operation: Operation, params: Record<string, string>, scope: Scope): void {
  const { knobs, settings } = cloud;
  const { projectId } = params;
  if (projectId !== settings.projectId || (scope !== undefined && scope !== projectId)) {
    const text = 'The project of the credential does not match the project in the URL.';
    throw operation.service === 'ecs'
      ? ecsError(400, 'Ecs.0023', text)
      : vpcError(operation)(403, knobs.vpcForeignProject, text);
  }
  const { action } = operation;
  if (action !== undefined && isDenied(knobs, action)) {
    const text = `Policy doesn't allow ${action} to be performed.`;
    throw operation.service === 'ecs'
      ? ecsError(403, 'Pdp.0001', text)
      : vpcError(operation)(403, 'Pdp.0001', text);
  }
  withinQuota(cloud);
  const throttle = knobs.throttle;
  const api = `${operation.method} ${operation.version ?? ''}${operation.path}`;
  if (throttle && !cloud.withinLimit(api, throttle, cloud.now())) {
    throw throttle.as === '202'
      ? flowLimit()
      : throttled(throttle.limit, `${throttle.minutes} minute`, throttle.retryAfter);
  }
}

function withinQuota(cloud: Cloud): void {
  const limit = cloud.knobs.accountQuota;
  const waitMs = limit ? cloud.quota.take(limit, cloud.now()) : 0;
  if (!limit || waitMs === 0) return;
  const { calls, seconds, retryAfter = Math.ceil(waitMs / 1000) } = limit;
  throw throttled(calls, `${seconds} second`, retryAfter);
}

const vpcError = ({ version }: Operation) => (version === 'v3' ? vpcV3Error : flatError);

/**
 * Named here so that tests can deny it; the vendor documents none for it, so no policy can allow it
 * (docs/cloud-api.md §5.4).
 */
const UNDOCUMENTED_ACTION = 'ecs:cloudServers:showJob';

function isDenied({ deniedActions, allowedActions }: Knobs, action: string): boolean {
  if (deniedActions.includes(action)) return true;
  return allowedActions !== null && action !== UNDOCUMENTED_ACTION && !allowedActions.includes(action);
}

function carryOut(cloud: Cloud, operation: Operation, call: Call): { answer: Answer; refused: boolean } {
  try {
    return { answer: { ...operation.handle(cloud, call) }, refused: false };
  } catch (error) {
    return { answer: refusal(cloud, call.entry, error), refused: true };
  }
}

function refusal(cloud: Cloud, entry: LedgerRequest, error: unknown): Answer {
  if (!(error instanceof CloudError)) throw error;
  if (entry.method !== 'GET') entry.accepted = false;
  return {
    status: error.status,
    headers: error.headers,
    body: error.body(entry.requestId, cloud.knobs.gatewayPrefix),
  };
}

function acceptedBy(what: Transport): boolean {
  return 'accepted' in what && what.accepted;
}

/** An error although the status is 2xx (docs/cloud-api.md §6.2). */
const flowLimit = () =>
  ecsError(202, 'Common.0024', 'Flow limit exceeded: the concurrent requests exceed the limit.');

/** Puts a fault in the place of the answer; `real` is there when the service has done its work. */
function interfere(
  cloud: Cloud,
  reply: FastifyReply,
  entry: LedgerRequest,
  what: Transport,
  real?: Answer,
): Promise<void> {
  if (!real && entry.method !== 'GET') entry.accepted = false;
  switch (what.kind) {
    case 'drop':
      return drop(reply, what.partway ? (real ?? { status: 200, body: {} }) : undefined);
    case 'hang':
      reply.hijack();
      return Promise.resolve();
    case 'status':
      return send(reply, entry, gatewayAnswer(cloud, entry, what.status));
    case 'no-job-id':
      return send(reply, entry, { status: what.status, body: what.status === 204 ? undefined : {} });
    case 'throttled':
      return send(
        reply,
        entry,
        refusal(
          cloud,
          entry,
          what.as === '202' ? flowLimit() : throttled(what.limit, `${what.minutes} minute`, what.retryAfter),
        ),
      );
    case 'answer':
      return send(reply, entry, { status: what.status, headers: what.headers, body: what.body });
  }
}

/** The texts of a gateway whose backend fails (docs/cloud-api.md §6.2). */
function gatewayAnswer(cloud: Cloud, entry: LedgerRequest, status: number): Answer {
  const texts: Record<number, string> = {
    500: 'Internal error.',
    502: 'Backend unavailable.',
    503: 'Service unavailable.',
    504: 'Backend timeout.',
  };
  const error = new CloudError(status, 'gateway', '0201', texts[status] ?? 'Backend error.');
  return { status, body: error.body(entry.requestId, cloud.knobs.gatewayPrefix) };
}

/**
 * Over HTTP the caller sees its connection reset; `app.inject` rejects with code `LIGHT_ECONNRESET`.
 * @param half an answer of which the first half is sent before
 */
async function drop(reply: FastifyReply, half?: Answer): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  if (half) {
    const text = Buffer.from(JSON.stringify(half.body ?? {}));
    raw.writeHead(half.status, { 'content-type': 'application/json', 'content-length': text.length });
    await new Promise((resolve) => raw.write(text.subarray(0, Math.floor(text.length / 2)), resolve));
  }
  raw.destroy();
}

export async function send(reply: FastifyReply, entry: LedgerRequest, answer: Answer): Promise<void> {
  entry.status = answer.status;
  const { text, type } = encoded(answer.body);
  reply.code(answer.status);
  if (type !== undefined) reply.header('content-type', type);
  reply.headers(answer.headers ?? {});
  await reply.send(text);
}

function encoded(body: unknown): { text: string; type?: string } {
  if (body === undefined) return { text: '' };
  if (typeof body !== 'string') return { text: JSON.stringify(body), type: 'application/json' };
  return { text: body, type: body.trimStart().startsWith('<') ? 'text/html' : 'application/json' };
}

function merged(body: unknown, merge: Record<string, unknown>): unknown {
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject(body)) return merge;
  const result: Record<string, unknown> = { ...body };
  for (const [key, value] of Object.entries(merge)) {
    result[key] = isObject(value) && isObject(result[key]) ? merged(result[key], value) : value;
  }
  return result;
}

/** Rubbish that still looks like a job; what it tells of its own NICs is left. */
function bloated(body: unknown, { subJobs, chars }: WhatOf<'bloated-job'>): unknown {
  const told = (body as { entities?: { sub_jobs?: unknown[] } } | null)?.entities?.sub_jobs ?? [];
  const text = 'rubbish '.repeat(Math.ceil(chars / 8)).slice(0, chars);
  const more = Array.from({ length: subJobs }, (_, n) => ({
    job_id: `rubbish-${n}`,
    status: 'FAIL',
    error_code: 'Ecs.0507',
    fail_reason: text,
    entities: { nic_id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`, errorcode_message: text },
  }));
  return merged(body, { fail_reason: text, entities: { sub_jobs: [...told, ...more] } });
}

function queryOf(request: FastifyRequest): string {
  const url = request.raw.url ?? '';
  const at = url.indexOf('?');
  return at < 0 ? '' : url.slice(at + 1);
}
