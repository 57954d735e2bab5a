import type { HTTPMethods } from 'fastify';
import type { Cloud } from '../simulated-cloud';
import type { Fault } from '../world/faults';
import type { LedgerRequest, RequestClass } from '../world/ledger';

/** One request on its way through an operation. */
export interface Call {
  params: Record<string, string>;
  query: URLSearchParams;
  body: Buffer;
  /** Names in lower case. */
  headers: Record<string, string | string[] | undefined>;
  entry: LedgerRequest;
  now: number;
  /** The faults that strike it. */
  faults: readonly Fault[];
}

export interface Answer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/**
 * One call of the API. The table of them is all a new call has to be added to: authentication, project, faults, throttling
 * and the ledger are the same for each.
 */
export interface Operation {
  service: 'ecs' | 'vpc' | 'iam' | 'metadata';
  requestClass: RequestClass;
  method: HTTPMethods;
  /** Behind `/{version}/{project_id}`; of an operation that is open, the whole path. */
  path: string;
  version?: string;
  /** Needs no credentials: it gives them (a token, or the keys of a server). */
  open?: boolean;
  /** The IAM action it needs. */
  action?: string;
  /** The server a request is about, for faults and ledger. */
  serverOf?: (cloud: Cloud, params: Record<string, string>, query: URLSearchParams) => string | undefined;
  /** What the ledger should know of a request whatever becomes of it, even when it is lost before the service sees it. */
  note?: (
    cloud: Cloud,
    entry: LedgerRequest,
    body: Buffer,
    params: Record<string, string>,
    query: URLSearchParams,
  ) => void;
  /** Throws a `CloudError` to refuse. */
  handle: (cloud: Cloud, call: Call) => Answer;
}

/** Undefined: not JSON. */
export function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

export const ok = (body: unknown, status = 200): Answer => ({ status, body });
export const noContent: Answer = { status: 204 };
