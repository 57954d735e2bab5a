/** Reads error bodies of all forms that the cloud uses (docs/cloud-api.md §6.1) into one. */
import { bounded, clean } from '../../contract/text';

export interface Problem {
  /** The cloud's code as text; `null` when the body has none (a firewall's page, an empty body). */
  code: string | null;
  message: string | null;
  /** The cause inside the error: its `details`, or JSON inside its message. */
  inner: { code: string | null; message: string | null } | null;
  /** From the body; the header `X-Request-Id` has priority. */
  requestId: string | null;
}

/** Longest text of the cloud that is kept: enough for every recorded message, limited for histories and logs. */
const MAX_TEXT = 500;

/**
 * Faults of OpenStack's services are objects under one key (`itemNotFound`, `badRequest`, …), whose `code` is the HTTP
 * status. Services use different names for these two, which decide.
 */
const FAULT_NAMES: Record<string, string> = { 404: 'itemNotFound', 409: 'conflictingRequest' };

type Fields = Record<string, unknown>;

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** One line of printable text of limited length; `null` for anything but text and numbers, and for the empty text. */
export function line(value: unknown): string | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const text = bounded(clean(String(value).slice(0, 4 * MAX_TEXT)), MAX_TEXT);
  return text === '' ? null : text;
}

/** The cloud's text about an error, without long unbroken character runs, which may be a token or a signature. */
export const words = (value: unknown): string | null =>
  line(typeof value === 'string' ? value.slice(0, 4 * MAX_TEXT).replace(/[\w+/=~-]{64,}/g, '…') : value);

/** A code is short and has no spaces; anything else in its place is no code. */
function codeOf(value: unknown): string | null {
  const text = words(value);
  return text !== null && /^[\w.:-]{1,64}$/.test(text) ? text : null;
}

/** Parsed JSON, also when it was encoded twice; `undefined` when it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return typeof value === 'string' && /^\s*[{[]/.test(value) ? JSON.parse(value) : value;
  } catch {
    return undefined;
  }
}

/** Parses JSON that is a text where an object is expected. */
export const unwrap = (value: unknown): unknown =>
  typeof value === 'string' && /^\s*[{[]/.test(value) ? (parseJson(value) ?? value) : value;

/**
 * The error in a parsed body; `null` when the body has none of the known forms.
 * @param depth how many layers of JSON inside a message are opened; two have been seen
 */
export function readProblem(body: unknown, depth = 3): Problem | null {
  if (!isObject(body)) return null;
  const found = shapes(body);
  if (found === null) return null;
  const requestId = codeOf(body['request_id']) ?? codeOf(body['requestId']);
  const nested = depth > 0 ? problemIn(found.message, depth - 1) : null;
  const code = codeOf(found.code);
  if (nested !== null) {
    // The innermost message says what happened; the outer code says which service answered.
    const inner = { code: nested.inner?.code ?? nested.code, message: nested.message };
    return { code: code ?? nested.code, message: nested.message, inner, requestId };
  }
  const detail = Array.isArray(found.details) ? (found.details as unknown[]).find(isObject) : undefined;
  const inner =
    detail === undefined ? null : { code: codeOf(detail['code']), message: words(detail['message']) };
  const message = words(found.message);
  if (code === null && message === null) return null;
  return { code, message, inner, requestId };
}

/** The error that stands as JSON in a text, alone or behind words; those words stay. */
function problemIn(text: unknown, depth?: number): Problem | null {
  const [, before = '', json = text] =
    typeof text === 'string' ? (/^([^{]{0,200}?)(\{.*\})\s*$/s.exec(text) ?? []) : [];
  const problem = readProblem(unwrap(json), depth);
  if (problem === null || problem.message === null) return problem;
  return { ...problem, message: words(`${before}${problem.message}`) };
}

/** What the cloud says of a failure: words, or an error in one of its forms in their place. */
export function readReason(value: unknown): Pick<Problem, 'code' | 'message'> {
  const { code, message } = problemIn(value) ?? { code: null, message: words(value) };
  return { code, message };
}

function shapes(body: Fields): { code: unknown; message: unknown; details?: unknown } | null {
  const error = unwrap(body['error']);
  if (isObject(error)) {
    const { code, message, title, details } = error;
    return { code: code ?? error['error_code'], message: message ?? error['error_msg'] ?? title, details };
  }
  const neutron = unwrap(body['NeutronError']);
  if (isObject(neutron)) return { code: neutron['type'], message: neutron['message'] };
  if (typeof neutron === 'string') return { code: 'NeutronError', message: neutron };
  if (body['error_code'] != null || body['error_msg'] != null) {
    return { code: body['error_code'], message: body['error_msg'] };
  }
  if (body['errorCode'] != null || body['errorMsg'] != null) {
    return { code: body['errorCode'], message: body['errorMsg'] };
  }
  if (body['code'] != null || body['message'] != null)
    return { code: body['code'], message: body['message'] };
  if (typeof error === 'string') return { code: null, message: error };
  const [name, ...others] = Object.keys(body);
  const fault = name === undefined || others.length > 0 ? undefined : body[name];
  if (!isObject(fault) || typeof fault['message'] !== 'string') return null;
  return { code: FAULT_NAMES[words(fault['code']) ?? ''] ?? name, message: fault['message'] };
}

/** `limit:N,time:M minute` in a throttle's message (docs/cloud-api.md §6.3). */
export function readThrottle(message: string | null): { limit: number; windowMs: number } | null {
  const match = /limit:\s*(\d{1,9}),\s*time:\s*(\d{1,6})\s*(second|minute|hour|day)/i.exec(message ?? '');
  if (match === null) return null;
  const unit = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 }[match[3]!.toLowerCase()]!;
  return { limit: Number(match[1]), windowMs: Number(match[2]) * unit };
}
