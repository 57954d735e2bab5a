import { z } from 'zod';
import type { RequestClass } from './ledger';
import { Stream, fraction } from './random';
import { NicSpec, PortPatch, ServerPatch } from '../control/specs';

/** NICs of a request, by id or by position in the request. */
const Nic = z.union([z.string(), z.int().min(0)]);
const Nics = z.array(Nic);

/**
 * Everything that can be made to go wrong. `accepted` says whether the cloud did what was asked before the answer got lost;
 * it is false unless said otherwise, except for `no-job-id`.
 */
export const What = z.discriminatedUnion('kind', [
  /** The connection is closed without an answer; `partway`: after half of one. */
  z.strictObject({
    kind: z.literal('drop'),
    accepted: z.boolean().default(false),
    partway: z.boolean().default(false),
  }),
  /** No answer ever; the connection stays open. */
  z.strictObject({ kind: z.literal('hang'), accepted: z.boolean().default(false) }),
  /** A gateway error of that status (docs/cloud-api.md §6.2). */
  z.strictObject({
    kind: z.literal('status'),
    status: z.int().min(400).max(599),
    accepted: z.boolean().default(false),
  }),
  /** A 2xx without a job id: an empty object, or nothing for 204 (docs/cloud-api.md §1.1). */
  z.strictObject({
    kind: z.literal('no-job-id'),
    status: z.union([z.literal(200), z.literal(202), z.literal(204)]).default(200),
    accepted: z.boolean().default(true),
  }),
  /** 501 `Ecs.0603`, whether or not a job runs. */
  z.strictObject({ kind: z.literal('busy') }),
  /** 429 `APIGW.0308`, or 202 with `Common.0024`. */
  z.strictObject({
    kind: z.literal('throttled'),
    as: z.enum(['429', '202']).default('429'),
    retryAfter: z.number().optional(),
    limit: z.int().default(200),
    minutes: z.number().default(1),
  }),
  /** Any answer whatever: poll errors, a firewall's page, nested JSON, 401, 403, another envelope. */
  z.strictObject({
    kind: z.literal('answer'),
    status: z.int().min(200).max(599),
    headers: z.record(z.string(), z.string()).default({}),
    body: z.unknown().optional(),
    accepted: z.boolean().default(false),
  }),
  /** The real answer with some fields replaced (objects are merged, null removes nothing). */
  z.strictObject({ kind: z.literal('edit'), merge: z.record(z.string(), z.unknown()) }),
  /** Waits in real time before the request is looked at, or before its answer is sent. */
  z.strictObject({
    kind: z.literal('delay'),
    ms: z.number().min(0),
    when: z.enum(['before', 'after']).default('before'),
  }),

  /**
   * Jobs, of deletions and of attachments: to go is what was asked for. The NICs named stay where they are and their sub-jobs
   * fail; `lateMs`: they go after all, so long after the job's end. Default code and text: those of the job's kind.
   */
  z.strictObject({
    kind: z.literal('partial-failure'),
    nics: Nics,
    code: z.string().optional(),
    reason: z.string().optional(),
    parent: z.enum(['FAIL', 'SUCCESS']).optional(),
    lateMs: z.number().min(0).optional(),
  }),
  /** The job says SUCCESS for NICs that stay (all, unless named). */
  z.strictObject({
    kind: z.literal('lying-job'),
    nics: Nics.optional(),
    lateMs: z.number().min(0).optional(),
  }),
  /** The job says FAIL for NICs that go (all, unless named). */
  z.strictObject({
    kind: z.literal('false-failure'),
    nics: Nics.optional(),
    code: z.string().optional(),
    reason: z.string().optional(),
    parent: z.enum(['FAIL', 'SUCCESS']).optional(),
  }),
  /** The job stays RUNNING for ever. */
  z.strictObject({ kind: z.literal('job-stuck'), nicsGo: z.boolean().default(false) }),
  /** The job can't be read any more from so long after its acceptance on; its work goes on. */
  z.strictObject({ kind: z.literal('job-gone'), afterMs: z.number().min(0).default(0) }),
  z.strictObject({ kind: z.literal('job-seconds'), seconds: z.number().min(0) }),
  /** The answer to a poll, with this many sub-jobs of unknown NICs added, each with texts of this many characters. */
  z.strictObject({
    kind: z.literal('bloated-job'),
    subJobs: z.int().min(0).default(500),
    chars: z.int().min(0).default(700),
  }),

  /** The call succeeds, and nothing changes: a flag, an update or deletion of a port, the binding of an elastic IP. */
  z.strictObject({ kind: z.literal('ignored') }),

  /** Reads. A NIC list that still shows every NIC jobs have taken off this server, or only those named. */
  z.strictObject({ kind: z.literal('stale-list'), nics: z.array(z.string()).optional() }),
  /** A NIC list without some NICs: ids, positions, or `"primary"`. */
  z.strictObject({ kind: z.literal('hide-nics'), nics: Nics }),

  /**
   * A set answer without one entry that exists: that of this id, else one drawn from the seed. Struck only if there was one
   * to lose.
   */
  z.strictObject({ kind: z.literal('lost-entry'), entry: z.string().optional() }),

  /**
   * Another actor, so long after the request: changes or deletes the server, adds or takes off a NIC; takes addresses as soon as
   * they are free; unbinds elastic IPs (ids or addresses) or binds them to free ports; puts a free port on
   * another server. In `ports` and `putBack` a number is a NIC's position among all that the server ever had:
   * also of one that is off.
   */
  z.strictObject({
    kind: z.literal('meanwhile'),
    afterMs: z.number().min(0).default(0),
    change: ServerPatch.optional(),
    deleteServer: z.boolean().default(false),
    attach: NicSpec.optional(),
    detach: Nics.optional(),
    steal: z.array(z.ipv4()).optional(),
    unbind: z.array(z.string()).optional(),
    bindElsewhere: z.array(z.string()).optional(),
    attachPortElsewhere: z.string().optional(),
    /** Changes ports, their flags and names say; binds a new elastic IP to them. */
    ports: z.array(PortPatch.extend({ nic: Nic, elasticIp: z.literal(true).optional() })).optional(),
    /** Attaches free ports to the server again. */
    putBack: Nics.optional(),
  }),
]);
export type What = z.infer<typeof What>;
export type WhatOf<K extends What['kind']> = Extract<What, { kind: K }>;

const Class = z.enum([
  'delete',
  'attach',
  'list',
  'detail',
  'servers',
  'tags',
  'flag',
  'job',
  'port',
  'ports',
  'port-create',
  'port-update',
  'port-delete',
  'elastic-ips',
  'elastic-ip',
  'elastic-ip-bind',
  'iam',
  'metadata',
  'any',
]);

export const FaultSpec = z.strictObject({
  id: z.string().optional(),
  /** The class defaults to the one the kind is about: `delete` for jobs, `list` for NIC lists, `flag` for `ignored`, `job` for `bloated-job`, `servers` and `ports` for `lost-entry`, else `any`. */
  match: z
    .strictObject({ class: z.union([Class, z.array(Class)]).optional(), serverId: z.string().optional() })
    .default({}),
  what: What,
  /** How often it strikes; without it, every time. */
  times: z.int().min(1).optional(),
  /** Matching requests let through first. */
  after: z.int().min(0).default(0),
  /** Chance of striking, per matching request. */
  probability: z.number().min(0).max(1).default(1),
  seed: z.int().optional(),
});
/** What a caller writes: fields with a default may be left out. */
export type FaultSpec = z.input<typeof FaultSpec>;

/** Kinds that shape the job a deletion or an attachment starts. */
const JOB_KINDS: readonly What['kind'][] = [
  'partial-failure',
  'lying-job',
  'false-failure',
  'job-stuck',
  'job-gone',
  'job-seconds',
];
const DELETE_KINDS: readonly What['kind'][] = [...JOB_KINDS, 'no-job-id', 'busy'];
const LIST_KINDS: readonly What['kind'][] = ['stale-list', 'hide-nics'];

function defaultClass(kind: What['kind']): z.infer<typeof Class> | z.infer<typeof Class>[] {
  if (DELETE_KINDS.includes(kind)) return 'delete';
  if (kind === 'ignored') return 'flag';
  if (kind === 'bloated-job') return 'job';
  if (kind === 'lost-entry') return ['servers', 'ports'];
  return LIST_KINDS.includes(kind) ? 'list' : 'any';
}

export interface Fault extends z.infer<typeof FaultSpec> {
  id: string;
  /** Matching requests seen, and those it struck. */
  seen: number;
  struck: number;
}

/** The faults that are set, in the order they were set; all that match a request strike it. */
export class Faults {
  private faults: Fault[] = [];
  private made = 0;

  constructor(private readonly seed: number) {}

  /** Throws a `ZodError` that names what does not fit. */
  add(spec: unknown): Fault {
    const parsed = FaultSpec.parse(spec);
    parsed.match.class ??= defaultClass(parsed.what.kind);
    const fault: Fault = { ...parsed, id: parsed.id ?? `fault-${++this.made}`, seen: 0, struck: 0 };
    this.remove(fault.id);
    this.faults.push(fault);
    return fault;
  }

  remove(id: string): boolean {
    const before = this.faults.length;
    this.faults = this.faults.filter((fault) => fault.id !== id);
    return this.faults.length < before;
  }

  list(): readonly Fault[] {
    return this.faults;
  }

  clear(): void {
    this.faults = [];
    this.made = 0;
  }

  /** The faults that strike this request; counts it for all that match. */
  strike(requestClass: RequestClass, servers: readonly string[]): Fault[] {
    if (this.faults.length === 0) return [];
    return this.faults.filter((fault) => {
      if (!matches(fault, requestClass, servers)) return false;
      const n = fault.seen++;
      if (n < fault.after) return false;
      if (fault.times !== undefined && fault.struck >= fault.times) return false;
      const chance = fraction(fault.seed ?? this.seed, Stream.fault, n);
      if (fault.probability < 1 && chance >= fault.probability) return false;
      fault.struck += 1;
      return true;
    });
  }

  /** A submission was refused, so faults that shape its job have not happened yet. */
  static takeBack(struck: readonly Fault[]): void {
    for (const fault of struck) if (JOB_KINDS.includes(fault.what.kind)) fault.struck -= 1;
  }
}

function matches(fault: Fault, requestClass: RequestClass, servers: readonly string[]): boolean {
  const classes = [fault.match.class ?? 'any'].flat();
  if (!classes.includes('any') && !classes.some((name) => name === requestClass)) return false;
  return fault.match.serverId === undefined || servers.includes(fault.match.serverId);
}

/** The first fault of one of these kinds among those that strike. */
export function firstOf<K extends What['kind']>(
  faults: readonly Fault[],
  ...kinds: K[]
): WhatOf<K> | undefined {
  return faults.map((fault) => fault.what).find((what): what is WhatOf<K> => kinds.includes(what.kind as K));
}

export function allOf<K extends What['kind']>(faults: readonly Fault[], kind: K): WhatOf<K>[] {
  return faults.map((fault) => fault.what).filter((what): what is WhatOf<K> => what.kind === kind);
}
