/**
 * Reads of sets: many things with one call, since calls are what an account is short of (docs/decisions/0016). Where a set
 * does not answer for certain, the caller reads the one thing that it needs.
 */
import type { CallOptions, Cloud, ElasticIp, ServerDetail } from '../cloud';
import type { Clock } from '../clock';
import { callError, CloudError } from '../errors';
import { USUAL_URGENCY } from '../limiter';
import type { Operation } from '../wire/operations';
import { Gathering } from './gathering';
import type { Observer } from './observer';
import { askPorts, PORTS_AT_ONCE, weighPorts } from './ports';
import type { PortsFound, PortsRequest } from './ports';
import { askServers, FormInUse, SERVERS_AT_ONCE } from './servers';
import { Trust } from './trust';

export type { Observer } from './observer';

export interface Sets {
  /**
   * The detail of a server by a set, if other requests for details are under way; otherwise, and where the set says too
   * little, what `alone` reads.
   */
  server<T>(id: string, alone: () => Promise<T>, options: CallOptions): Promise<ServerDetail | T>;
  /** Ports by a set. One that has no entry has to be asked for alone. */
  ports(request: PortsRequest, options: CallOptions): Promise<PortsFound>;
  /** All elastic IPs of the project. */
  elasticIps(options: CallOptions): Promise<ElasticIp[]>;
}

interface Settings {
  cloud: Pick<Cloud, 'showServers' | 'showPorts' | 'showPort' | 'listElasticIps'>;
  clock: Clock;
  warn: (message: string) => void;
  observer: Observer;
}

/**
 * While calls wait for the rate limit, those that nobody can share go first, and sets fill meanwhile: at 10 calls a second a set of
 * ports has its hundred ids after some four seconds; twelve saved no further call. Where no call waits a set goes at once.
 */
const YIELDS_MS = 4_000;

/** Requests of one urgency: a set that holds urgent ones and others would have to wait with the others. */
interface Lane {
  servers: Gathering<string, ServerDetail | null>;
  ports: Gathering<PortsRequest, PortsFound>;
  elasticIps: Gathering<null, ElasticIp[]>;
}

/** One for all activities of a worker: what gathers acts in one project, and in one region. */
export function createSets({ cloud, clock, warn, observer }: Settings): Sets {
  const trusted = (what: string, operation: Operation) =>
    new Trust(what, { clock, warn, fellShort: () => observer.fallback(operation) });
  const trust = { servers: trusted('servers', 'listServers'), ports: trusted('ports', 'listPorts') };
  const form = new FormInUse();
  const lanes = new Map<number, Lane>();
  const laneOf = ({ urgency = USUAL_URGENCY }: CallOptions): Lane => {
    const known = lanes.get(urgency);
    if (known !== undefined) return known;
    const options = { urgency, yieldsMs: YIELDS_MS };
    const lane: Lane = {
      servers: new Gathering({
        send: askServers(cloud, trust.servers, observer, form, options),
        weigh: () => 1,
        limit: SERVERS_AT_ONCE,
        clock,
      }),
      ports: new Gathering({
        send: askPorts(cloud, trust.ports, observer, options),
        weigh: weighPorts,
        limit: PORTS_AT_ONCE,
        clock,
      }),
      elasticIps: new Gathering({
        send: async (take) => {
          const list = await cloud.listElasticIps({ ...options, begins: () => void take() });
          return take().map(() => list);
        },
        weigh: () => 0,
        limit: 1,
        clock,
      }),
    };
    lanes.set(urgency, lane);
    return lane;
  };
  const sets: Sets = {
    async server(id, alone, options) {
      const { servers } = laneOf(options);
      if (trust.servers.lost) return alone();
      if (servers.idle) return servers.alone(alone);
      return (await servers.ask(id, options.signal)) ?? alone();
    },
    async ports(request, options) {
      // Others' calls would ask for the known ports alone.
      if (request.wanted.length === 0) return new Map();
      const { ports } = laneOf(options);
      const few = request.wanted.length < 2 && ports.idle;
      return trust.ports.lost || few ? new Map() : ports.ask(request, options.signal);
    },
    elasticIps: (options) => laneOf(options).elasticIps.ask(null, options.signal),
  };
  return {
    server: (id, alone, options) =>
      untilAborted('listServers', options, () => sets.server(id, alone, options)),
    ports: (request, options) => untilAborted('listPorts', options, () => sets.ports(request, options)),
    elasticIps: (options) => untilAborted('listElasticIps', options, () => sets.elasticIps(options)),
  };
}

/** A caller that gives up gets the error that a call of its own would have given it. */
async function untilAborted<T>(
  operation: Operation,
  { signal }: CallOptions,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CloudError || signal?.aborted !== true) throw error;
    throw callError(operation, 'aborted', 'no', 'the call was aborted');
  }
}
