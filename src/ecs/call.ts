import { setMaxListeners } from 'node:events';
import type { z } from 'zod';
import type { CallOptions } from './cloud';
import type { Clock } from './clock';
import { CredentialProblem, outcomeOf, proofsIn, withheldError } from './credentials';
import type { CredentialProvider, Outcome } from './credentials';
import { parseJson, readProblem } from './wire/envelopes';
import { answerError, callError, CloudError, parseRetryAfter, pausedError, withSkew } from './errors';
import type { AnswerFacts } from './errors';
import type { RateLimiter, Throttle, Turn } from './limiter';
import { NoTurn } from './limiter';
import { censor } from './secret';
import { TransportError } from './transport';
import type { Transport, TransportRequest, TransportResponse } from './transport';
import type { Operation } from './wire/operations';

export interface CloudSettings {
  projectId: string;
  region: string;
  /** Base addresses, such as `https://ecs.eu-west-101.myhuaweicloud.com`. */
  endpoints: { ecs: string; vpc: string };
  credentials: CredentialProvider;
  /** {@link Cloud.close} closes it if it has `close`. */
  transport: Transport & { close?(): Promise<void> };
  /** Shared by all clients of one worker. */
  limiter: RateLimiter;
  clock: Clock;
  /** `ecs-nics/<version>`. */
  userAgent: string;
  /** Told of each request just before its bytes leave, and how long it has waited for its turn. Must not throw. */
  onSend?: (operation: Operation, waitedMs: number) => void;
}

type Query = Record<string, string | readonly string[] | undefined>;

type Stage = 'waiting' | 'authorizing' | 'sending';

export interface Call<T> {
  operation: Operation;
  service: 'ecs' | 'vpc';
  method: TransportRequest['method'];
  /** The part of the path after the project. */
  path: string;
  /** A value that is `undefined` is left out. A function is called when the request is about to leave. */
  query?: Query | (() => Query);
  body?: unknown;
  /** Gets `null` for an empty body, `undefined` for a body that is not JSON. */
  schema: z.ZodType<T>;
}

/** UUIDs, job ids and project ids: nothing that could change the path, or be empty and address a whole collection. */
export const SAFE_ID = /^[A-Za-z0-9_-]{1,128}$/;

const late = (operation: Operation): CloudError =>
  callError(operation, 'late', 'no', 'too little time was left to send it');

/** The message is about Temporal, comes from this code, and holds no secret. */
const unconfirmed = (operation: Operation) => (error: unknown) => {
  throw callError(operation, 'unconfirmed', 'no', error instanceof Error ? error.message : String(error));
};

/**
 * A write leaves at most this long after the question whether it may: 3 s for the answer, 5 s to connect, and a little. So a
 * process that was stopped after the answer does not write any later (docs/decisions/0015).
 */
export const CONFIRMED_FOR_MS = 10_000;

/** Longer timers fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Returns the expected answer; any other answer is a {@link CloudError}. */
export type Caller = <T>(spec: Call<T>, options?: CallOptions) => Promise<{ value: T } & AnswerFacts>;

/**
 * Sends every request once (twice only after a 401 that renewed credentials can cure; such an answer means that nothing
 * was accepted).
 * @throws TypeError when an endpoint is no URL or the project id is unusable
 */
export function createCaller(settings: CloudSettings): Caller {
  const { projectId, credentials, transport, limiter, clock } = settings;
  const endpoints = { ecs: new URL(settings.endpoints.ecs), vpc: new URL(settings.endpoints.vpc) };
  if (!SAFE_ID.test(projectId)) throw new TypeError('the project id is empty or malformed');

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
    const unsigned: Record<string, string> = { host: endpoint.host, 'x-project-id': projectId };
    if (body !== null) unsigned['content-type'] = 'application/json';

    let writeUntil = options.notAfter ?? Infinity;
    const beforeWrite = (): void => {
      if (clock.now() > writeUntil) throw late(operation);
    };
    let headers: Record<string, string> | null = null;
    let response: TransportResponse;
    let stage: Stage = 'waiting';
    let turn: Turn;
    let waitedMs = 0;
    const takeTurn = async (urgency = options.urgency): Promise<Turn> => {
      const askedAt = clock.now();
      const given = await limiter.acquire({ ...options, urgency, notAfter: writeUntil });
      waitedMs += clock.now() - askedAt;
      return given;
    };
    try {
      turn = await takeTurn();
      options.begins?.();
      stage = 'authorizing';
      const path = endpoint.pathname.replace(/\/+$/, '') + `/v1/${projectId}/${spec.path}${queryOf(spec)}`;
      const parts = { method: spec.method, path, headers: unsigned, body };
      headers = await inTime(operation, options, (until) => credentials.authorize(parts, clock.now(), until));
      const { confirm } = options;
      if (spec.method !== 'GET' && confirm !== undefined) {
        writeUntil = Math.min(writeUntil, clock.now() + CONFIRMED_FOR_MS);
        const awaited = await inTime(operation, options, () => confirm().catch(unconfirmed(operation)));
        if (!awaited) throw late(operation);
      }
      if (limiter.isStale(turn)) {
        limiter.giveBack();
        // Before all others: what was just confirmed must not grow old.
        turn = await takeTurn(0);
      }
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
        beforeWrite: () => {
          beforeWrite();
          settings.onSend?.(operation, waitedMs);
        },
      });
    } catch (error) {
      if (headers !== null) credentials.settle?.(headers, 'unclear');
      throw failure(operation, error, stage, signal);
    }
    let outcome: Outcome = 'unclear';
    try {
      const value = read(spec, response, headers);
      outcome = 'accepted';
      return { ...factsOf(response), value };
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      if (error.action === 'throttled') limiter.throttled(turn, throttleOf(error));
      const renewed = repeat && (await renew(error, headers, options));
      if (!renewed) {
        outcome = outcomeOf(error);
        throw error;
      }
    } finally {
      credentials.settle?.(headers, outcome);
    }
    return call(spec, options, false);
  }

  /** `true`: newer credentials than the refused ones exist. Throws the reason why there are none. */
  async function renew(
    { operation, action, httpStatus }: CloudError,
    refused: Record<string, string>,
    options: CallOptions,
  ): Promise<boolean> {
    // A 403 is about permissions, which no renewal changes.
    if (action !== 'credentials' || httpStatus === 403 || credentials.renew === undefined) return false;
    try {
      return await inTime(operation, options, (until) => credentials.renew!(refused, until));
    } catch (error) {
      // The cloud's refusal is certain. The caller needs the reason why there are no better credentials.
      const told = error instanceof CredentialProblem || error instanceof CloudError;
      if (told || options.signal?.aborted === true)
        throw failure(operation, error, 'authorizing', options.signal);
      return false;
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
    // The body decides about a 2xx: 202 may carry an error (docs/cloud-api.md §1.1).
    if (response.status >= 200 && response.status < 300) {
      const answer = spec.schema.safeParse(text.trim() === '' ? null : parseJson(text));
      if (answer.success) return answer.data;
    }
    // Some gateways quote the headers that they refuse.
    const error = answerError(
      spec.operation,
      factsOf(response),
      readProblem(parseJson(censor(text, proofsIn(sent)))),
    );
    if (error.httpStatus !== 401) throw error;
    const advised = new CloudError({ ...error, hint: credentials.remedy ?? error.hint });
    if (sent['authorization'] === undefined) throw advised;
    throw withSkew(advised, Date.parse(response.headers['date'] ?? '') - clock.now());
  }

  /** Work before sending. It stops at `notAfter`, because nothing may be sent after that. */
  async function inTime<T>(
    operation: Operation,
    { signal, notAfter }: CallOptions,
    work: (until: AbortSignal | undefined) => Promise<T>,
  ): Promise<T> {
    if (notAfter === undefined) return work(signal);
    const timer = AbortSignal.timeout(Math.min(Math.max(0, notAfter - clock.now()), MAX_TIMER_MS));
    try {
      return await work(signal === undefined ? timer : AbortSignal.any([signal, timer]));
    } catch (error) {
      if (timer.aborted && signal?.aborted !== true && !(error instanceof CredentialProblem))
        throw late(operation);
      throw error;
    }
  }

  function failure(operation: Operation, error: unknown, stage: Stage, signal?: AbortSignal): CloudError {
    if (error instanceof CloudError) return error;
    if (error instanceof NoTurn)
      return error.why === 'late' ? late(operation) : pausedError(operation, error.leftMs, error.throttle);
    if (error instanceof CredentialProblem) return withheldError(operation, error.facts);
    if (error instanceof TransportError) {
      const answer = error.answer === null ? null : factsOf(error.answer);
      const kind = error.kind === 'too-large' ? 'unreadable' : error.kind;
      return callError(operation, kind, error.sent, error.message, answer);
    }
    const sent = stage === 'sending' ? 'maybe' : 'no';
    if (signal?.aborted === true) return callError(operation, 'aborted', sent, 'the call was aborted');
    // The error of a credential source may hold a secret: the message has only the error's name.
    const name = error instanceof Error ? error.name : 'unknown';
    return callError(operation, 'network', sent, `it failed while ${stage} (${name})`);
  }

  return (spec, options) => call(spec, options);
}

function throttleOf({ retryAfterMs, delayMs, code, requestId }: CloudError): Throttle {
  return { pauseMs: retryAfterMs ?? delayMs, code, requestId };
}

/** Escaped as the signature requires: a form's `+` for a space would be signed as a plus. */
function queryOf({ query = {} }: Pick<Call<unknown>, 'query'>): string {
  const pairs = Object.entries(typeof query === 'function' ? query() : query).flatMap(([name, value]) =>
    [value ?? []].flat().map((each) => `${encodeURIComponent(name)}=${encodeURIComponent(each)}`),
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}
