/**
 * The one table of what the cloud's errors mean for this product and what to do about them (docs/cloud-api.md §6.2).
 * Documents are generated from it.
 */

/**
 * - `retry`: the same call again, after backing off
 * - `observe`: look at the NICs (or, for a read, at another witness) before deciding anything
 * - `wait-busy`: another command runs on the server; nothing was accepted; again after the delay
 * - `wait-state`: the server's state forbids it for now
 * - `never`: final; a person has to change something
 * - `credentials`: final until the credentials or their permissions are repaired
 * - `throttled`: again when the cloud allows it
 * - `absent`: the resource that the call names does not exist (any more)
 */
export type Action =
  'retry' | 'observe' | 'wait-busy' | 'wait-state' | 'never' | 'credentials' | 'throttled' | 'absent';

/** For a POST. `refused`: certainly not accepted; `unknown`: it may have been accepted, wholly or in part. */
export type Fate = 'refused' | 'unknown';

export interface Verdict {
  /** What to do after a read or another idempotent call (`read`), and after a POST (`effect`). */
  read: Action;
  effect: Action;
  fate: Fate;
  /** ms to wait before the next try; `null`: the caller backs off. */
  delayMs: number | null;
}

/**
 * `port-in-use`: the port is attached · `ip-taken`: another port has this IP · `elastic-ip-bound`: another port
 * has this elastic IP · `elastic-ip-gone`: this elastic IP has been released.
 */
export type Sign = 'port-in-use' | 'ip-taken' | 'elastic-ip-bound' | 'elastic-ip-gone';

export interface ErrorRow extends Verdict {
  /** `APIG.` also matches `APIGW.`. */
  code: string;
  /**
   * Documented statuses. The code decides, as the vendor calls its statuses imprecise; they tell rows of one code
   * apart.
   */
  http: readonly number[];
  /** Only for an error that carries another one inside: the kind of that inner error. */
  inner?: 'not-found' | 'conflict';
  /** Operations for which `absent` is evidence: a missing port says nothing about a job. Otherwise: `observe`. */
  about?: readonly string[];
  /** A distinction that a caller needs beyond the action. */
  sign?: Sign;
  meaning: string;
  /** One sentence for the operator, with the remedy. */
  hint: string;
}

const NO: Verdict = { read: 'never', effect: 'never', fate: 'refused', delayMs: null };
/** For a POST a refusal; for a read a sign that permissions need repair: a run that has submitted waits for that. */
const FORBIDDEN: Verdict = { ...NO, read: 'credentials' };
const KEYS: Verdict = { read: 'credentials', effect: 'credentials', fate: 'refused', delayMs: null };
/** The request may have been accepted, wholly or in part. */
const LOOK: Verdict = { read: 'retry', effect: 'observe', fate: 'unknown', delayMs: null };
const THROTTLED: Verdict = { read: 'throttled', effect: 'throttled', fate: 'refused', delayMs: null };
const GONE: Verdict = { read: 'absent', effect: 'absent', fate: 'refused', delayMs: null };
/** The vendor's text says: try again one minute later. */
const BUSY: Verdict = { read: 'retry', effect: 'wait-busy', fate: 'refused', delayMs: 60_000 };
/** For a port or an elastic IP the vendor names no time. */
const BUSY_VPC: Verdict = { ...BUSY, delayMs: null };

const LATER =
  'Nothing to do: the run reads the NICs and continues. If the error persists, ask the cloud’s support.';
const GATEWAY = 'Nothing to do: the cloud’s gateway has a problem, and the run continues by itself.';
const PERMIT =
  'Have the account’s administrator check permissions, restrictions and balance of the IAM user.';
const CONFIG = 'Check the endpoints, region and project id that the worker is configured with.';
const LARGE = 'Request fewer NICs at once, or check what a proxy adds to requests.';
const AK = 'Check the worker’s access keys or token; five failures lock a key for five minutes.';
const HUMAN = 'Change the request, or free what is in use, and start again.';
const GONE_SERVER = 'The NICs were deleted with the server; kept ports may still exist.';
const PRIMARY =
  'The primary NIC cannot be deleted; otherwise check the permission ecs:cloudServerNics:delete.';

type Line = [codes: string, http: number[], meaning: string, hint: string, but?: Partial<ErrorRow>];

const rows = (verdict: Verdict, ...lines: Line[]): ErrorRow[] =>
  lines.flatMap(([codes, http, meaning, hint, but]) =>
    codes.split(' ').map((code) => ({ code, http, meaning, hint, ...verdict, ...but })),
  );

// prettier-ignore
export const ERROR_TABLE: readonly ErrorRow[] = [
  ...rows(LOOK,
    ['Ecs.0000', [400], 'the request failed, try again later', LATER],
    ['Ecs.0002', [400], 'the task could not be submitted', LATER],
    ['Ecs.0106', [400], 'the network is in an abnormal state', LATER],
    ['Ecs.0611', [400], 'the batch operation failed', LATER],
    ['Ecs.0301 Ecs.0323', [400], 'the server or its NICs could not be queried', LATER],
    ['Ecs.0307', [400], 'the ports could not be queried, or the server is deleted', 'Nothing to do: the run reads the server itself.', { read: 'observe' }],
    ['Ecs.0401 Ecs.0502', [400], 'releasing the port or its private IP failed', LATER],
    ['Ecs.0507', [400], 'the NIC could not be deleted', 'If the error persists: check the NIC’s type, and whether the server must be stopped for it.'],
    ['Ecs.0615 Common.0001', [500], 'internal error of the cloud', LATER],
    ['Ecs.1000 Ecs.1001', [400], 'a call to OpenStack failed', LATER],
    ['Ecs.1000 Ecs.1001', [400], 'OpenStack does not find the resource', LATER, { inner: 'not-found', read: 'observe' }],
    ['Ecs.1002', [400], 'OpenStack did not answer in time', LATER],
    ['Ecs.1100 Ecs.1200 Ecs.1201', [400], 'IAM or VPC could not be reached', LATER],
    ['Common.0020 Common.0022 Common.0999', [400], 'the task failed on submission, or was terminated', LATER],
    ['Common.0021 Common.0025', [400], 'the job could not be queried', LATER],
    ['Ecs.0201 Ecs.0211 Ecs.0213 Ecs.0217', [400], 'creating, changing or attaching the port failed', LATER],
    ['VPC.0706', [500], 'the port could not be deleted', LATER],
    ['VPC.0508', [500], 'a resource that belongs to the port was not found', LATER],
    ['APIG.0201', [500, 502, 504], 'the service behind the gateway did not answer', GATEWAY],
    ['APIG.0601 APIG.0605 APIG.0606 APIG.0610 APIG.0613', [500, 502, 503], 'internal error of the gateway', GATEWAY],
    // Certain, unlike its neighbours: the cloud checks this before it creates a task.
    ['Ecs.0085', [400], 'the server does not have this NIC', 'Nothing to do if it is gone; otherwise check the NIC’s id.', { fate: 'refused', read: 'observe' }]),
  ...rows(BUSY,
    ['Ecs.0603', [501], 'another command is being executed on the server', 'Nothing to do: the run waits and tries again.'],
    ['Ecs.1000 Ecs.1001', [400], 'another operation holds the server', 'Nothing to do: the run waits and tries again.', { inner: 'conflict' }],
    ['conflictingRequest', [409], 'another operation holds the server', 'Nothing to do: the run waits and tries again.']),
  ...rows(BUSY_VPC,
    ['VPC.0103 VPC.0512', [409], 'the port, its subnet or the elastic IP is busy', 'Nothing to do: the run waits and tries again.']),
  ...rows(NO,
    ['Ecs.0100', [400], 'the server’s state does not allow the operation', 'Bring the server to ACTIVE or SHUTOFF; some servers must be stopped for it.', { effect: 'wait-state', read: 'retry' }],
    ['Ecs.0005 Common.0002', [400], 'a parameter is invalid, or the body is empty', 'Check the ids in the request.'],
    ['Ecs.0023 Common.0018', [400], 'the credentials belong to a different project', CONFIG],
    ['Ecs.0030', [400], 'the server is frozen', 'Settle the account’s balance, or the violation for which the cloud froze the server.'],
    ['Ecs.0118', [400], 'too many in one batch', LARGE],
    ['Ecs.0605', [400], 'the server is locked', 'Unlock the server, or ask the person who locked it; the run never unlocks a server.'],
    ['Ecs.0010', [400], 'the private IP is in use', HUMAN, { sign: 'ip-taken' }],
    ['VPC.0701 IpAddressInUse', [409], 'the private IP is in use', HUMAN, { sign: 'ip-taken' }],
    ['Ecs.0012', [400], 'the subnet has no private IP left', HUMAN],
    ['VPC.2500', [404], 'the request is invalid', 'Check the ids in the request.'],
    ['VPC.2500', [400], 'the request is invalid, or the port is in use', 'Detach the port first if it is to be deleted; otherwise check what the request asks for.', { sign: 'port-in-use' }],
    ['PortInUse', [409], 'the port is in use', 'Detach the port first if it is to be deleted.', { sign: 'port-in-use' }],
    // An assumption: the code of an exhausted quota of ports is not documented.
    ['VPC.2504', [409], 'the quota of ports is used up', 'Have the quota of ports raised, or delete ports that nobody needs.'],
    ['VPC.0510', [409], 'the elastic IP is bound to another port', 'Unbind it from the other port first, if this server needs it.', { sign: 'elastic-ip-bound' }],
    ['VPC.0511', [409], 'the port has an elastic IP already', 'Unbind the present one first, if the port is to get the other one.'],
    ['Ecs.0014 Ecs.0038 Ecs.0039', [400], 'VPC, subnet, IP and security group do not fit together', HUMAN],
    ['Ecs.0050', [400], 'the server cannot take more NICs', HUMAN],
    ['Ecs.0919', [400], 'the port is attached elsewhere', HUMAN],
    ['APIG.0101', [404], 'no such API', CONFIG],
    ['APIG.0501 APIG.0502', [405], 'no such method of the API', CONFIG],
    ['APIG.0103 APIG.0104 APIG.0105 APIG.0106', [400], 'the gateway does not understand the request', CONFIG],
    ['APIG.0201', [413, 414, 494], 'the request is too large', LARGE]),
  ...rows(FORBIDDEN,
    ['Ecs.0003', [403], 'no permission, or the account is frozen or in arrears', PERMIT],
    ['Ecs.0066 Ecs.0067 Ecs.0068 Ecs.0069 Ecs.0070 Ecs.0071 Ecs.0110', [403], 'the account or user is restricted', PERMIT],
    ['VPC.0010', [403], 'a policy does not allow the action', PERMIT],
    ['Pdp.0001', [403], 'a policy does not allow the action', 'Allow the action named in the message in the IAM policy of the worker’s user.']),
  ...rows(KEYS,
    ['Ecs.0004', [400], 'authentication (of the agency) failed', AK],
    ['Common.0013', [401], 'the token is invalid', AK],
    ['APIG.0301 APIG.0305', [401], 'the credentials are wrong', AK],
    ['APIG.0303', [401], 'the credentials are refused, or the worker’s clock is more than 15 minutes off', 'Check the worker’s clock first, then its credentials.'],
    ['APIG.0307', [401], 'the token has expired', AK],
    ['APIG.0302 APIG.0304 APIG.0306 APIG.0310 APIG.0401 APIG.0402 APIG.0404 APIG.0802', [403], 'not authorised, blacklisted, or not in this project', PERMIT]),
  ...rows(THROTTLED,
    // A 2xx that is an error: probably not accepted, but no source confirms that.
    ['Common.0024', [202], 'too many concurrent requests', 'Lower ECS_NICS_CLOUD_RPS if it happens often.', { fate: 'unknown' }],
    ['Common.1503', [429, 503], 'the cloud limits calls of this API', 'Lower ECS_NICS_CLOUD_RPS if it happens often.'],
    ['APIG.0308', [429], 'the throttling threshold is reached', 'Lower ECS_NICS_CLOUD_RPS if it happens often; calls of other programs with the same user count, too.']),
  ...rows(GONE,
    ['Ecs.0114 Ecs.0614', [404], 'the server does not exist', GONE_SERVER, { about: ['showServer', 'listInterfaces', 'deleteNics', 'attachNics', 'setDeleteOnTermination'] }],
    ['VPC.2502 PortNotFound', [404], 'the port does not exist', 'Nothing to do: after its deletion a port does not exist.', { about: ['showPort', 'updatePort', 'deletePort', 'bindElasticIp'], effect: 'observe', fate: 'unknown' }],
    ['VPC.0504', [404], 'the elastic IP does not exist', 'Nothing to do: somebody has released it.', { about: ['bindElasticIp'], sign: 'elastic-ip-gone', effect: 'observe', fate: 'unknown' }],
    ['Common.0011', [400], 'the cloud does not know the job (any more): it keeps jobs for a day', 'Nothing to do: the run reads the NICs instead.', { about: ['showJob'], effect: 'observe', fate: 'unknown' }],
    ['itemNotFound', [404], 'OpenStack does not find the resource', GONE_SERVER, { about: ['showServer', 'showPort'], effect: 'observe', fate: 'unknown' }]),
];

export interface Answer {
  operation: string;
  /** The call is not idempotent: the column `effect` and the fate apply. */
  effect: boolean;
  http: number;
  code: string | null;
}

export interface DefaultRule extends Verdict {
  when: string;
  matches: (answer: Answer) => boolean;
  meaning: string;
  hint: string;
}

const client = (a: Answer): boolean => a.http >= 400 && a.http < 500 && a.http !== 408;

/** For answers whose code is not in the table. The first match applies. */
// prettier-ignore
export const DEFAULT_RULES: readonly DefaultRule[] = [
  { when: '403 with a code on a deletion', matches: (a) => a.operation === 'deleteNics' && a.http === 403 && a.code !== null, ...NO, meaning: 'the cloud refuses to delete this NIC', hint: PRIMARY },
  { when: '401', matches: (a) => a.http === 401, ...KEYS, meaning: 'the credentials are refused', hint: AK },
  { when: '403 with a code', matches: (a) => a.http === 403 && a.code !== null, ...KEYS, meaning: 'not authorised', hint: PERMIT },
  { when: '429', matches: (a) => a.http === 429, ...THROTTLED, meaning: 'the cloud limits calls', hint: 'Lower ECS_NICS_CLOUD_RPS if it happens often.' },
  { when: '404 with a code on a job', matches: (a) => a.operation === 'showJob' && a.http === 404 && a.code !== null, ...GONE, meaning: 'the cloud does not know the job (any more)', hint: 'Nothing to do: the run reads the NICs instead.' },
  { when: 'any other 4xx with a code, but 408', matches: (a) => client(a) && a.code !== null, ...NO, meaning: 'the cloud refuses the request', hint: 'Look the code up in the vendor’s list of ECS error codes.' },
  { when: '403 or other 4xx without a code', matches: client, ...LOOK, meaning: 'an answer without a code of the cloud, probably from a firewall or proxy', hint: 'If the error persists: check firewalls and proxies between worker and cloud.' },
  { when: '3xx', matches: (a) => a.http >= 300 && a.http < 400, ...LOOK, meaning: 'a redirect, which the worker does not follow', hint: CONFIG },
  { when: 'anything else (5xx, 408, 2xx without what was asked for)', matches: () => true, ...LOOK, meaning: 'no usable answer', hint: LATER },
];

/** `APIGW.` and `APIG.` are the same prefix; which one the cloud sends depends on region and time. */
export const sameCode = (code: string): string => code.replace(/^APIGW\./i, 'APIG.').toLowerCase();

/** The row or rule that applies to an answer. */
export function lookUp(answer: Answer, inner: ErrorRow['inner'] | null): ErrorRow | DefaultRule {
  const code = answer.code === null ? null : sameCode(answer.code);
  const ofCode = ERROR_TABLE.filter((row) => row.code.toLowerCase() === code);
  const fitting = ofCode.filter((row) => row.inner === undefined || row.inner === inner);
  const row =
    fitting.find((each) => each.inner !== undefined) ??
    fitting.find((each) => each.http.includes(answer.http)) ??
    fitting[0];
  const rule = DEFAULT_RULES.find((each) => each.matches(answer))!;
  // A code says more than a status, with two exceptions that cost most when ignored: bad keys and quotas.
  const statusDecides = (answer.http === 401 || answer.http === 429) && row?.effect !== rule.effect;
  if (row === undefined || statusDecides) return rule;
  // Absence leads to the verdict "deleted": it counts only for the requested resource, and from no failing server.
  const evidence = row.about === undefined || (row.about.includes(answer.operation) && answer.http < 500);
  return evidence ? row : { ...row, read: 'observe', effect: 'observe', fate: 'unknown' };
}
