import { Stream, hex } from './random';

/** What a request asks for; faults and the ledger sort by it. */
export type RequestClass =
  | 'delete'
  | 'attach'
  | 'list'
  | 'detail'
  | 'servers'
  | 'tags'
  | 'flag'
  | 'job'
  | 'port'
  | 'ports'
  | 'port-create'
  | 'port-update'
  | 'port-delete'
  | 'elastic-ips'
  | 'elastic-ip'
  | 'elastic-ip-bind'
  | 'iam'
  | 'metadata'
  | 'other';

/** One call of the cloud's API. Small: a run over 10,000 servers leaves some hundred thousand of them. */
export class LedgerRequest {
  /** The project in the URL, when it is one of the others. */
  projectId?: string;
  serverId?: string;
  /** Of a read by a set: the servers it is about. */
  serverIds?: string[];
  /** Of a read by a set: the ids of servers or ports it asks for, as sent; a set read is one call, however many they are. */
  asked?: string[];
  /** Of these, the ones that its answer shows no entry of, or an entry of nulls. */
  missing?: string[];
  /** Of a read that lags behind: the instant whose state its answer shows. */
  shows?: number;
  /** The port it is about; of a call that binds an elastic IP: the port it names. */
  portId?: string;
  elasticIpId?: string;
  /** Ids a deletion names, or ports an attachment names, as sent. */
  nicIds?: string[];
  /** The server's primary NIC at that moment; only on deletions. */
  primaryId?: string;
  jobId?: string;
  /** Whether the cloud carried it out or took it on: set on calls that change something. */
  accepted?: boolean;
  /** Kind of the credentials that authenticated the caller; never the credentials themselves. */
  proof?: 'signature' | 'token';
  /** HTTP status sent; 0: no answer was sent (or not yet). */
  status = 0;
  /** Ids of the faults that touched it. */
  faults?: string[];
  callerRequestId?: string;
  userAgent?: string;

  readonly #seed: number;

  constructor(
    seed: number,
    readonly seq: number,
    readonly at: number,
    public requestClass: RequestClass,
    readonly method: string,
  ) {
    this.#seed = seed;
  }

  /** The `X-Request-Id` of the answer; computed, because storing it would double an entry's size. */
  get requestId(): string {
    return hex(this.#seed, Stream.request, this.seq);
  }

  /** Every server that it is about. */
  get servers(): readonly string[] {
    return this.serverIds ?? (this.serverId === undefined ? [] : [this.serverId]);
  }

  /** Whether it reads that port, alone or in a set. */
  reads(portId: string): boolean {
    if (this.requestClass === 'port') return this.portId === portId;
    return this.requestClass === 'ports' && this.asked?.includes(portId) === true;
  }

  toJSON(): Record<string, unknown> {
    const { seq, at, requestClass, method, ...rest } = this;
    return { seq, at, class: requestClass, method, requestId: this.requestId, ...rest };
  }
}

export type EffectKind =
  | 'nic-detached'
  | 'nic-attached'
  | 'port-created'
  | 'port-updated'
  | 'port-deleted'
  | 'flag-changed'
  | 'elastic-ip-bound'
  | 'elastic-ip-unbound';

/** Something that really changed. */
export interface LedgerEffect {
  at: number;
  kind: EffectKind;
  portId: string;
  elasticIpId?: string;
  /** Of a flag: what it is from then on. */
  value?: boolean;
  /** The server it was taken from or given to. */
  serverId?: string;
  /** The job that did it; else the request; else a control call. */
  jobId?: string;
  requestSeq?: number;
  by: 'job' | 'request' | 'control';
}

/** A job that was accepted. */
export interface LedgerJob {
  jobId: string;
  what: 'delete' | 'attach';
  serverId: string;
  /** Ports that an attachment creates are added once they exist. */
  nicIds: string[];
  acceptedAt: number;
  /** Null: never. */
  endsAt: number | null;
}

export interface LedgerView {
  requests: readonly LedgerRequest[];
  effects: readonly LedgerEffect[];
  jobs: readonly LedgerJob[];
}

export interface LedgerSummary {
  requests: Partial<Record<RequestClass, number>>;
  acceptedSubmissions: number;
  nicsDetached: number;
  nicsAttached: number;
  portsCreated: number;
  portsDeleted: number;
}

/** The record tests judge by: every request, every effect. */
export class Ledger implements LedgerView {
  readonly requests: LedgerRequest[] = [];
  readonly effects: LedgerEffect[] = [];
  readonly jobs: LedgerJob[] = [];
  /** Equal header texts arrive as new strings each time; keep one of each. */
  private readonly texts = new Map<string, string>();

  constructor(private readonly seed: number) {}

  request(at: number, requestClass: RequestClass, method: string): LedgerRequest {
    const entry = new LedgerRequest(this.seed, this.requests.length, at, requestClass, method);
    this.requests.push(entry);
    return entry;
  }

  effect(effect: LedgerEffect): void {
    this.effects.push(effect);
  }

  job(job: LedgerJob): void {
    this.jobs.push(job);
  }

  intern(text: string): string {
    const known = this.texts.get(text);
    if (known !== undefined) return known;
    // A caller that sends a new text each time must not fill the table.
    if (this.texts.size < 1000) this.texts.set(text, text);
    return text;
  }

  forServer(serverId: string): LedgerView {
    return {
      requests: this.requests.filter((entry) => entry.servers.includes(serverId)),
      effects: this.effects.filter((entry) => entry.serverId === serverId),
      jobs: this.jobs.filter((entry) => entry.serverId === serverId),
    };
  }

  summary(): LedgerSummary {
    const requests: Partial<Record<RequestClass, number>> = {};
    for (const entry of this.requests) {
      requests[entry.requestClass] = (requests[entry.requestClass] ?? 0) + 1;
    }
    const count = (kind: EffectKind) => this.effects.filter((effect) => effect.kind === kind).length;
    return {
      requests,
      acceptedSubmissions: this.jobs.length,
      nicsDetached: count('nic-detached'),
      nicsAttached: count('nic-attached'),
      portsCreated: count('port-created'),
      portsDeleted: count('port-deleted'),
    };
  }

  clear(): void {
    this.requests.length = 0;
    this.effects.length = 0;
    this.jobs.length = 0;
    this.texts.clear();
  }
}
