/** A cloud that answers sets when the test lets it, and notes every call in the order in which they leave. */
import type { ElasticIp, Ids, Port, ServerDetail } from '../../../src/ecs/cloud';
import { answerError, callError } from '../../../src/ecs/errors';
import type { CloudError } from '../../../src/ecs/errors';
import type { Operation } from '../../../src/ecs/wire/operations';
import { createSets } from '../../../src/ecs/sets';

export const detail = (id: string, nics: string[] = [`${id}-primary`]): ServerDetail => ({
  id,
  name: null,
  status: 'ACTIVE',
  taskState: null,
  locked: false,
  frozen: false,
  addressesTold: true,
  primaryPortIds: nics.slice(0, 1),
  portIds: nics,
  addresses: {},
  elasticIps: {},
  tags: [],
});

export const port = (id: string): Port => ({
  id,
  name: null,
  networkId: null,
  mac: null,
  fixedIps: [],
  deviceId: '',
  status: null,
  securityGroups: null,
  allowedAddressPairs: null,
  dhcpOptions: null,
  portSecurityEnabled: null,
  primaryInterface: null,
});

/** An error answer of the cloud, as the client makes it. */
export const answered = (operation: Operation, httpStatus: number, code: string): CloudError =>
  answerError(
    operation,
    { httpStatus, requestId: null, retryAfterMs: httpStatus === 429 ? 3_000 : null },
    { code, message: 'no', inner: null, requestId: null },
  );

export const unanswered =
  (kind: 'timeout' | 'network') =>
  (operation: Operation): CloudError =>
    callError(operation, kind, 'maybe', 'no answer');

interface Call {
  what: string;
  ids: readonly string[];
}

export class Stage {
  readonly calls: Call[] = [];
  readonly warned: string[] = [];
  readonly sizes: number[] = [];
  fallbacks = 0;
  /** What the cloud has; ids in lower case. */
  readonly servers = new Map<string, ServerDetail>();
  readonly ports = new Map<string, Port>();
  elasticIps: ElasticIp[] = [];
  /** Which ids of a set the cloud honours. */
  honours: (ids: readonly string[]) => readonly string[] = (ids) => ids;
  /** `a,b` is understood, or a parameter each, or both. */
  forms: string[] = ['comma', 'repeated'];
  /** The error of each set. */
  fails: ((operation: Operation) => CloudError) | null = null;
  /** A port that can't be read alone. */
  unreadable = '';
  /** Calls wait for it before they leave, as for the rate limit. */
  gate: Promise<void> = Promise.resolve();
  /** Answers wait for it. */
  latency: Promise<void> = Promise.resolve();

  #now = 0;
  #sleepers: { until: number; wake: () => void }[] = [];

  readonly clock = {
    now: () => this.#now,
    sleep: (ms: number, signal?: AbortSignal) =>
      new Promise<void>((wake, fail) => {
        this.#sleepers.push({ until: this.#now + ms, wake });
        signal?.addEventListener('abort', () => fail(new Error('aborted')));
      }),
  };

  async pass(ms: number): Promise<void> {
    await settle();
    this.#now += ms;
    for (const { until, wake } of this.#sleepers) if (until <= this.#now) wake();
    this.#sleepers = this.#sleepers.filter(({ until }) => until > this.#now);
    await settle();
  }

  /** Time passes until it is there. */
  async awaited<T>(promise: Promise<T>): Promise<T> {
    let isThere = false;
    const ended = () => void (isThere = true);
    promise.then(ended, ended);
    for (await settle(); !isThere;) await this.pass(100);
    return promise;
  }

  readonly sets = createSets({
    cloud: {
      showServers: (ids: Ids, form) =>
        this.#set('listServers', ids, (asked) => {
          const told = this.forms.includes(form) ? this.honours(asked) : [asked.join(',')];
          return new Map(told.map((id) => [id.toLowerCase(), this.servers.get(id.toLowerCase()) ?? null]));
        }),
      showPorts: (ids: Ids) =>
        this.#set('listPorts', ids, (asked) => {
          const rows = this.honours(asked).flatMap((id) => this.ports.get(id.toLowerCase()) ?? []);
          return new Map(rows.map((row) => [row.id.toLowerCase(), row]));
        }),
      showPort: async (id: string) => {
        this.calls.push({ what: 'showPort', ids: [id] });
        if (id === this.unreadable) throw unanswered('timeout')('showPort');
        const found = this.ports.get(id.toLowerCase());
        if (found === undefined) throw answered('showPort', 404, 'VPC.2502');
        return found;
      },
      listElasticIps: async (options) => {
        await this.gate;
        options?.begins?.();
        this.calls.push({ what: 'listElasticIps', ids: [] });
        const list = this.elasticIps;
        await this.latency;
        return list;
      },
    },
    clock: this.clock,
    warn: (message) => void this.warned.push(message),
    observer: {
      size: (_operation, things) => void this.sizes.push(things),
      fallback: () => void (this.fallbacks += 1),
    },
  });

  /** What is read of a server alone. */
  readonly alone = (id: string) => async (): Promise<ServerDetail> => {
    await this.gate;
    this.calls.push({ what: 'alone', ids: [id] });
    const found = this.servers.get(id.toLowerCase());
    await this.latency;
    if (found === undefined) throw answered('showServer', 404, 'Ecs.0114');
    return found;
  };

  /** The calls that have left, in words. */
  get told(): string[] {
    return this.calls.map(({ what, ids }) => `${what} ${ids.join(' ')}`.trim());
  }

  async #set<T>(operation: Operation, ids: Ids, answer: (asked: readonly string[]) => T): Promise<T> {
    await this.gate;
    const asked = ids();
    this.calls.push({ what: operation, ids: asked });
    if (this.fails !== null) throw this.fails(operation);
    // The state at the moment at which the call reaches the cloud.
    const value = answer(asked);
    await this.latency;
    return value;
  }
}

/** Lets everything run that waits for nothing but its turn. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A promise, and what resolves it. */
export function door(): { shut: Promise<void>; open: () => void } {
  let open = () => {};
  const shut = new Promise<void>((resolve) => (open = resolve));
  return { shut, open };
}
