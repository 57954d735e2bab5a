import { setMaxListeners } from 'node:events';
import type { z } from 'zod';
import type { Accepted, CallOptions, Cloud } from './cloud';
import type { Clock } from './clock';
import type { CredentialProvider } from './credentials';
import { parseJson, readProblem } from './envelopes';
import { answerError, callError, CloudError, parseRetryAfter } from './errors';
import type { AnswerFacts, Operation } from './errors';
import type { RateLimiter } from './limiter';
import { TransportError } from './transport';
import type { Transport, TransportResponse } from './transport';
import { acceptedAnswer, interfacesAnswer, jobAnswer, portAnswer, serverAnswer } from './wire';

export interface CloudSettings {
  projectId: string;
  region: string;
  /** Base addresses, such as `https://ecs.eu-west-101.myhuaweicloud.com`. */
  endpoints: { ecs: string; vpc: string };
  credentials: CredentialProvider;
  /** Closed by {@link Cloud.close} when it can be. */
  transport: Transport & { close?(): Promise<void> };
  /** Shared by all clients of one worker. */
  limiter: RateLimiter;
  clock: Clock;
  /** `ecs-nics/<version>`. */
  userAgent: string;
}

type Stage = 'waiting' | 'authorizing' | 'sending';

interface Call<T> {
  operation: Operation;
  service: 'ecs' | 'vpc';
  method: 'GET' | 'POST';
  /** After the project's part. */
  path: string;
  body?: unknown;
  schema: z.ZodType<T>;
}

/** UUIDs, job ids and project ids: nothing that could change the path, or be empty and address a whole collection. */
const SAFE_ID = /^[A-Za-z0-9_-]{1,128}$/;

/** Headers whose values must not come back in an error's text. */
const PROOFS = ['authorization', 'x-auth-token', 'x-security-token'];

/**
 * The client of the cloud. Sends every request once (twice only after a 401 that renewed credentials can cure; such an
 * answer means that nothing was accepted).
 *
 * @throws TypeError when an endpoint is no URL or the project id is unusable
 */
export function createCloud(settings: CloudSettings): Cloud {
  const { projectId, region, credentials, transport, limiter, clock } = settings;
  const endpoints = { ecs: new URL(settings.endpoints.ecs), vpc: new URL(settings.endpoints.vpc) };
  if (!SAFE_ID.test(projectId)) throw new TypeError('the project id is empty or no id');

  async function call<T>(
    spec: Call<T>,
    options: CallOptions = {},
    repeat = true,
  ): Promise<{ value: T } & AnswerFacts> {
    const { operation } = spec;
    const { signal } = options;
    // An activity's parallel calls share its one signal; Node.js warns from the 11th listener on.
    if (signal !== undefined) setMaxListeners(0, signal);
    const endpoint = endpoints[spec.service];
    const body = spec.body === undefined ? null : Buffer.from(JSON.stringify(spec.body));
    const path = endpoint.pathname.replace(/\/+$/, '') + `/v1/${projectId}/${spec.path}`;
    const unsigned: Record<string, string> = { host: endpoint.host, 'x-project-id': projectId };
    if (body !== null) unsigned['content-type'] = 'application/json';

    const beforeWrite = (): void => {
      if (options.notAfter !== undefined && clock.now() > options.notAfter) {
        throw callError(operation, 'late', 'no', 'too late to send it');
      }
    };
    let headers: Record<string, string>;
    let response: TransportResponse;
    let stage: Stage = 'waiting';
    try {
      await limiter.acquire(signal);
      stage = 'authorizing';
      headers = await credentials.authorize(
        { method: spec.method, path, headers: unsigned, body },
        clock.now(),
        signal,
      );
      beforeWrite();
      stage = 'sending';
      // Added after signing: proxies may change them.
      const sent = { ...headers, 'user-agent': settings.userAgent, accept: 'application/json' };
      response = await transport({
        origin: endpoint.origin,
        method: spec.method,
        path,
        headers: sent,
        body,
        signal,
        beforeWrite,
      });
    } catch (error) {
      throw failure(operation, error, stage, signal);
    }
    try {
      return { ...factsOf(response), value: read(spec, response, headers) };
    } catch (error) {
      // 403 is about permissions, which no renewal changes.
      const curable =
        error instanceof CloudError && error.action === 'credentials' && error.httpStatus !== 403;
      if (!curable || !repeat || credentials.renew === undefined) throw error;
      const renewed = await credentials.renew(headers, signal).catch(() => false);
      if (!renewed) throw error;
      return call(spec, options, false);
    }
  }

  function factsOf(answer: Pick<TransportResponse, 'status' | 'headers'>): AnswerFacts {
    const header = (name: string): string | undefined =>
      Object.entries(answer.headers).find(([each]) => each.toLowerCase() === name)?.[1];
    const requestId = header('x-request-id')?.trim() ?? '';
    return {
      httpStatus: answer.status,
      requestId: /^[\w.:-]{1,128}$/.test(requestId) ? requestId : null,
      retryAfterMs: parseRetryAfter(header('retry-after'), clock.now()),
    };
  }

  function read<T>(spec: Call<T>, response: TransportResponse, sent: Record<string, string>): T {
    const text = response.body.toString('utf8');
    // A 2xx is decided by its body: 202 may carry an error (ecs-api.md §12.1).
    if (response.status >= 200 && response.status < 300) {
      const answer = spec.schema.safeParse(parseJson(text));
      if (answer.success) return answer.data;
    }
    // Some gateways quote what they refuse.
    const proofs = PROOFS.map((name) => sent[name]).filter((proof) => proof !== undefined);
    const shown = proofs.reduce((rest, proof) => rest.replaceAll(proof, '[secret]'), text);
    throw answerError(spec.operation, factsOf(response), readProblem(parseJson(shown)));
  }

  function failure(operation: Operation, error: unknown, stage: Stage, signal?: AbortSignal): CloudError {
    if (error instanceof CloudError) return error;
    if (error instanceof TransportError) {
      const answer = error.answer === null ? null : factsOf(error.answer);
      const kind = error.kind === 'too-large' ? 'unreadable' : error.kind;
      return callError(operation, kind, error.sent, error.message, answer);
    }
    const sent = stage === 'sending' ? 'maybe' : 'no';
    if (signal?.aborted === true) return callError(operation, 'aborted', sent, 'the call was aborted');
    // The error of a credential source may hold a secret: only its name is told.
    const name = error instanceof Error ? error.name : 'unknown';
    return callError(operation, 'network', sent, `it failed while ${stage} (${name})`);
  }

  /** Before anything is sent: an empty or odd id could change the path, or what is deleted. */
  function checkIds(operation: Operation, ...ids: string[]): void {
    if (ids.every((id) => typeof id === 'string' && SAFE_ID.test(id))) return;
    throw callError(operation, 'invalid', 'no', 'an id is empty, or contains characters that no id has');
  }

  async function get<T>(
    operation: Operation,
    service: 'ecs' | 'vpc',
    path: string,
    schema: z.ZodType<T>,
    options?: CallOptions,
  ) {
    return call({ operation, service, method: 'GET', path, schema }, options);
  }

  /** An answer about something else than what was asked for is no witness. */
  function same<T extends { id: string | null }>(
    operation: Operation,
    id: string,
    answer: { value: T } & AnswerFacts,
  ): T & { id: string } {
    const { value } = answer;
    if (value.id !== null && value.id.toLowerCase() !== id.toLowerCase()) {
      throw callError(operation, 'unreadable', 'answered', 'the answer is about something else', answer);
    }
    return { ...value, id };
  }

  return {
    projectId,
    region,
    async showServer(serverId, options) {
      checkIds('showServer', serverId);
      return same(
        'showServer',
        serverId,
        await get('showServer', 'ecs', `cloudservers/${serverId}`, serverAnswer, options),
      );
    },
    async listInterfaces(serverId, options) {
      checkIds('listInterfaces', serverId);
      const path = `cloudservers/${serverId}/os-interface`;
      return (await get('listInterfaces', 'ecs', path, interfacesAnswer, options)).value;
    },
    async showPort(portId, options) {
      checkIds('showPort', portId);
      return same('showPort', portId, await get('showPort', 'vpc', `ports/${portId}`, portAnswer, options));
    },
    async showJob(jobId, options) {
      checkIds('showJob', jobId);
      return same('showJob', jobId, await get('showJob', 'ecs', `jobs/${jobId}`, jobAnswer, options));
    },
    async deleteNics(serverId, nicIds, options): Promise<Accepted> {
      checkIds('deleteNics', serverId, ...nicIds);
      if (nicIds.length === 0) throw callError('deleteNics', 'invalid', 'no', 'no NIC is named');
      const answer = await call(
        {
          operation: 'deleteNics',
          service: 'ecs',
          method: 'POST',
          path: `cloudservers/${serverId}/nics/delete`,
          body: { nics: nicIds.map((id) => ({ id })) },
          schema: acceptedAnswer,
        },
        options,
      );
      return { jobId: answer.value, requestId: answer.requestId };
    },
    async close() {
      await transport.close?.();
    },
  };
}
