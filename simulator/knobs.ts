import { z } from 'zod';

/**
 * Every behaviour of the real cloud that could not be verified, as a named knob. All defaults are assumptions; a test that
 * depends on one says so by setting it. What is known about each stands in docs/cloud-api.md; a section without a page is of
 * that one.
 */
const knob = <T extends z.ZodType>(schema: T, initial: z.infer<T>) => ({ schema, initial });

const Seconds = z.union([z.number().min(0), z.tuple([z.number().min(0), z.number().min(0)])]);

const KNOBS = {
  /**
   * How long a NIC job takes, in simulated seconds: a number, or [least, most] drawn from the seed. Assumption: 12 s. Nobody
   * states a figure; neighbours take 15–41 s (§2.3).
   */
  jobSeconds: knob(Seconds, 12),
  /** Share of a job's duration spent in INIT. Assumption: a twentieth (a first poll may still see INIT, §2.1). */
  jobInitShare: knob(z.number().min(0).max(1), 0.05),
  /**
   * When the first and the last sub-job end, as shares of the job's duration. Assumption: spread over the second half, and
   * the parent ends after its children (recorded: 8 s of 41 s later, §2.1).
   */
  subJobsEndBetween: knob(z.tuple([z.number().min(0).max(1), z.number().min(0).max(1)]), [0.5, 0.85]),
  /** `job_type` of the parent and of each child. Assumption: named after the audit events; the API page lists no NIC type (§2.1). */
  jobType: knob(z.string(), 'deleteNics'),
  subJobType: knob(z.string(), 'deleteNic'),
  /** The same for attachments. */
  addJobType: knob(z.string(), 'addNics'),
  addSubJobType: knob(z.string(), 'addNic'),
  /** How a job shows its NICs. Assumption: one sub-job per NIC; clients must tolerate the others (§2.1). */
  subJobs: knob(z.enum(['per-nic', 'none', 'one-for-all', 'without-nic-id']), 'per-nic'),
  /** `entities` while INIT. Assumption: the total is known, the children do not exist yet (§2.1). */
  subJobsWhileInit: knob(z.enum(['empty', 'missing', 'all']), 'empty'),
  /** How long a finished job can be read. 24 h is documented (§2.2); a knob because a test wants it shorter. */
  jobRetentionSeconds: knob(z.number().min(0), 86_400),

  /**
   * From when on a detached NIC is missing in what is read, and an attached one is there: from the end of its sub-job, or of the
   * whole job. Assumption: the whole job's.
   */
  goneFrom: knob(z.enum(['job-end', 'sub-job-end']), 'job-end'),
  /** Seconds for which a NIC is still shown where it was after that. Assumption: 0. */
  lagSeconds: knob(z.number().min(0), 0),
  /** Reads, per kind of read, that still show a NIC where it was after that. Assumption: 0. */
  lagReads: knob(z.int().min(0), 0),
  /** Which reads lag behind. Assumption: all of them, together. */
  lagIn: knob(z.array(z.enum(['list', 'detail', 'port'])), ['list', 'detail', 'port']),
  /** Order of the NIC list and of the addresses. Assumption: the order of attachment; nothing is documented (§3.1). */
  nicOrder: knob(z.enum(['attached', 'shuffled']), 'attached'),

  /** How the detail marks the primary NIC. Assumption: `primary: true` on its addresses (§3.2). `wrong` names another NIC. */
  detailPrimary: knob(z.enum(['marked', 'omitted', 'wrong', 'all']), 'marked'),
  /** Whether the detail carries `network_interfaces`, as newer answers do (§3.2). Assumption: yes. */
  detailNetworkInterfaces: knob(z.boolean(), true),
  /**
   * Whether the detail carries `addresses`. Assumption: yes; no schema says that it must, and a client that takes what is not there
   * for "none" overlooks elastic IPs (§3.3).
   */
  detailAddresses: knob(z.boolean(), true),
  /** How the detail tells `locked`. Assumption: always; older answers lack the field, encoders write null (§3.3). */
  detailLock: knob(z.enum(['shown', 'null', 'absent']), 'shown'),
  /**
   * `metadata` of the detail. Assumption: whole; `unmarked`: without `EcmResStatus`, which tells a frozen server, as of servers whose
   * owner has replaced the metadata; `absent`: none at all (§3.3).
   */
  detailMetadata: knob(z.enum(['shown', 'unmarked', 'absent']), 'shown'),
  /**
   * Seconds after which the detail shows an elastic IP that was bound; the list of elastic IPs knows at once. Assumption: 0. Others
   * have seen details that are filled from a cache, some seconds late.
   */
  elasticIpLagSeconds: knob(z.number().min(0), 0),
  /** Whether entries of the server list mark the primary NIC, in addresses and interfaces. Assumption: yes, as the schema (§3.6). */
  serverListPrimary: knob(z.boolean(), true),
  /** Whether ports in lists tell `primary_interface`, as the single port does. Assumption: yes (§4.2). */
  portListPrimary: knob(z.boolean(), true),
  /** Which of several ids in `server_id` are honoured; `refused`: 400 `Ecs.0005`. Assumption: all, as the schema says (§3.6). */
  serverIdsHonoured: knob(z.enum(['all', 'first', 'last', 'refused']), 'all'),
  /**
   * In which form several ids are understood: `a,b`, or the parameter repeated. Assumption: both; the newest schema shows the first
   * form, an older one the second (§3.6). `comma`: of a repeated parameter the first counts; `repeated`: `a,b` is one unknown id.
   */
  serverIdsForm: knob(z.enum(['comma', 'repeated', 'both']), 'both'),
  /** Whether `limit`, 25 by default, cuts an answer about named servers, too. Assumption: yes; only filters are said to be ignored (§3.6). */
  serverSetPages: knob(z.boolean(), true),
  /** Whether a list of all servers goes on behind `marker`; otherwise it begins anew. Assumption: it goes on (§3.6). */
  serverListMarker: knob(z.boolean(), true),
  /** Which of several ids are honoured by lists of ports; `refused`: 400 `VPC.0002`. Assumption: all (§4.2). */
  portIdsHonoured: knob(z.enum(['all', 'first', 'last', 'refused']), 'all'),
  /** Seconds by which reads of sets lag behind single ones: they show the world as it was then. Assumption: 0 (§3.5). */
  setLagSeconds: knob(z.number().min(0), 0),
  /** Which of them: the server list; lists of ports by id or by server. Assumption: both. */
  setLagIn: knob(z.array(z.enum(['servers', 'ports'])), ['servers', 'ports']),
  /** How a port shows `binding:vif_details.primary_interface`. Assumption: true on the primary NIC. `denied`: false on all. */
  portPrimary: knob(z.enum(['marked', 'omitted', 'denied', 'wrong']), 'marked'),
  /** `admin_state_up` of a port as text, as in a sample of the v1 API (§4.2). Assumption: text. */
  adminStateAsText: knob(z.boolean(), true),

  /** A second submission while a job runs, of either kind. Assumption: 501 `Ecs.0603`; `accept` starts a second job (§1.2). */
  whenBusy: knob(z.enum(['Ecs.0603', 'Ecs.0100', 'accept']), 'Ecs.0603'),
  /** `OS-EXT-STS:task_state` while a NIC job runs. Assumption: null, as upstream. */
  taskStateDuringJob: knob(z.string().nullable(), null),
  /** The primary NIC in a deletion. Assumption: the whole call is refused with 403 (§1.2). */
  primaryRefusal: knob(z.enum(['request', 'sub-job']), 'request'),
  /** The code of that 403. Assumption: `Ecs.0003`; undocumented (§1.2). */
  primaryCode: knob(z.string(), 'Ecs.0003'),
  /** A NIC that is not on the server. Assumption: the call is refused with 400 `Ecs.0085`; or a sub-job fails with `Ecs.0507`. */
  unknownNic: knob(z.enum(['request', 'sub-job']), 'request'),
  /** A port to attach that does not exist. Assumption: the call is refused with 400 `Ecs.0005`; or a sub-job fails with `Ecs.0217`. */
  unknownPort: knob(z.enum(['Ecs.0005', 'Ecs.0919', 'sub-job']), 'Ecs.0005'),
  /** In which order the NICs of one attachment end up on the server. Assumption: as asked. */
  addOrder: knob(z.enum(['as-asked', 'reversed']), 'as-asked'),
  /**
   * `delete_on_termination` after an attachment by port id: set to this, or left as it was. Assumption: false, as upstream Nova
   * preserves such ports; by subnet it is true (§1.3).
   */
  flagAfterAttachByPort: knob(z.union([z.boolean(), z.literal('kept')]), false),
  /** One NIC twice in a request. Assumption: 400 `Ecs.0005` (§1.2). */
  duplicateNics: knob(z.enum(['refuse', 'merge']), 'refuse'),
  /** An empty body or an empty list. Assumption: 400 `Common.0002` (§1.2). */
  emptyBodyCode: knob(z.string(), 'Common.0002'),
  /** The parent of a job with a failed child. Assumption: FAIL (§2.1). */
  parentOnPartialFailure: knob(z.enum(['FAIL', 'SUCCESS']), 'FAIL'),
  /** Default of `delete_on_termination` for NICs created without it. Assumption: true; the vendor's pages disagree (§1.3). */
  deleteOnTermination: knob(z.boolean(), true),
  /** Ports a project may have; one more is refused with 409 `VPC.2504`. Assumption: no limit. */
  portQuota: knob(z.int().min(0).nullable(), null),
  /** Whether the list of elastic IPs can be filtered by port. Assumption: yes; else the parameter is ignored (§4.3). */
  elasticIpFilter: knob(z.boolean(), true),
  /** `port_id` and `private_ip_address` of an elastic IP bound to nothing. Assumption: absent. */
  unboundElasticIp: knob(z.enum(['absent', 'empty']), 'absent'),
  /** A VPC call in another project than the credential's. Assumption: 403 `VPC.0010`; ECS: 400 `Ecs.0023` (§5.1). */
  vpcForeignProject: knob(z.string(), 'VPC.0010'),

  /** Prefix of gateway errors (§6.1). */
  gatewayPrefix: knob(z.enum(['APIGW', 'APIG']), 'APIGW'),
  /** Gateway code for a date more than 15 minutes off. Assumption: `0303` (§6.2). */
  clockSkewCode: knob(z.string(), '0303'),
  /** How far the cloud's clock, as its signature check and its `Date` header have it, is ahead of the real time. */
  clockSkewSeconds: knob(z.number(), 0),

  /** How long a token is valid: 24 h (§5.1); a knob because a test wants it shorter. */
  tokenSeconds: knob(z.number().positive(), 86_400),
  /** `expires_at` in the answer to a login. Documented as always there; clients must survive the others. */
  tokenExpiry: knob(z.enum(['shown', 'missing', 'unreadable']), 'shown'),
  /** Gateway code for a token that was revoked. Assumption: invalid, `0301`; `0307`: must be updated (§5.1). */
  revokedTokenCode: knob(z.enum(['0301', '0307']), '0301'),
  /** Logins allowed per window; above it 429 `IAM.0012` (§5.1). Assumption: no limit. */
  loginThrottle: knob(
    z.strictObject({ limit: z.int().min(0), minutes: z.number().positive() }).nullable(),
    null,
  ),
  /** So many wrong passwords within so many minutes lock a user out for as long: the default of a new account. */
  loginLock: knob(z.strictObject({ failures: z.int().min(1), minutes: z.number().positive() }).nullable(), {
    failures: 5,
    minutes: 15,
  }),

  /** Whether the server that the metadata service answers has an agency; false: 404. */
  agency: knob(z.boolean(), true),
  /** Whether keys are given only to who brings a token; `unsupported`: an older service, which gives none. Assumption: required. */
  metadataToken: knob(z.enum(['required', 'optional', 'unsupported']), 'required'),
  /** How long the temporary keys are valid. Assumption: 24 h, the most that IAM gives. */
  agencyKeySeconds: knob(z.number().positive(), 86_400),
  /** New ones from so much remaining life on. Assumption: an hour; the vendor's client asks again from 40 min on (§5.3). */
  agencyKeyMarginSeconds: knob(z.number().min(0), 3_600),

  /** IAM actions the caller may not perform, each answered by 403 `Pdp.0001`. */
  deniedActions: knob(z.array(z.string()), []),
  /** The only ones the caller may perform; null: all but those above. Asking about a job needs none (§5.4). */
  allowedActions: knob(z.array(z.string()).nullable(), null),
  /**
   * Calls that the account may make in any window of so many seconds, over all APIs and projects; above it 429 `APIGW.0308` with
   * `Retry-After`: the whole seconds until a call is taken again, unless it is named; null: without it. IAM and the metadata service
   * don't count. Assumption: no limit; the vendor publishes none (§6.3).
   */
  accountQuota: knob(
    z
      .strictObject({
        calls: z.int().min(1),
        seconds: z.int().min(1).default(1),
        retryAfter: z.number().min(0).nullable().optional(),
      })
      .nullable(),
    null,
  ),
  /**
   * Calls allowed per API and window; above it 429 `APIGW.0308`, or 202 with `Common.0024`. Assumption: no limit; ECS publishes
   * none (§6.3). The window is fixed, its minutes are in the text of the answer.
   */
  throttle: knob(
    z
      .strictObject({
        limit: z.int().min(1),
        minutes: z.number().positive(),
        as: z.enum(['429', '202']).default('429'),
        retryAfter: z.number().optional(),
      })
      .nullable(),
    null,
  ),
};

export type Knobs = { [K in keyof typeof KNOBS]: z.infer<(typeof KNOBS)[K]['schema']> };

const shape = Object.fromEntries(
  Object.entries(KNOBS).map(([name, { schema }]) => [name, schema.optional()]),
);
const Patch = z.strictObject(shape);

export function defaultKnobs(): Knobs {
  return Object.fromEntries(
    Object.entries(KNOBS).map(([name, { initial }]) => [name, structuredClone(initial)]),
  ) as Knobs;
}

/** Throws a `ZodError` that names an unknown knob or a value that does not fit. */
export function parseKnobs(patch: unknown): Partial<Knobs> {
  const parsed = Object.entries(Patch.parse(patch)).filter(([, value]) => value !== undefined);
  return Object.fromEntries(parsed);
}
