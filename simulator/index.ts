import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fastify from 'fastify';
import type { AccessKey, Token } from './identity/auth';
import type { Clock } from './world/clock';
import { AdjustableClock, realClock } from './world/clock';
import { Cloud } from './simulated-cloud';
import { Control } from './control/control';
import { CONTROL_PREFIX, controlProblem, registerControl } from './control/control-routes';
import { DEFAULTS } from './defaults';
import { ecsOperations } from './compute/ecs';
import { elasticIpOperations } from './network/elastic-ips';
import type { CloudError } from './refusals';
import { gatewayError } from './refusals';
import type { User } from './identity/iam';
import { iamOperations } from './identity/iam-operations';
import type { Knobs } from './knobs';
import { parseKnobs } from './knobs';
import type { Ledger, LedgerRequest } from './world/ledger';
import { metadataOperations } from './identity/metadata-operations';
import type { Gateway } from './serve';
import { send, serve } from './serve';
import type { ServerSpec } from './control/specs';
import { vpcOperations } from './network/vpc';

export interface SimulatorOptions {
  projectId?: string;
  /** Further projects of the account: none of these servers and ports exists there. */
  otherProjects?: string[];
  region?: string;
  /** All ids, durations and chances follow from it. */
  seed?: number;
  /** Default: the well-known fake pair of `defaults.ts`. */
  keys?: AccessKey[];
  tokens?: Token[];
  /** Who may log in with a password; default: the well-known fake user of `defaults.ts`. */
  users?: User[];
  /** `none`: every caller is trusted; for virtual-time tests that make thousands of calls in-process. */
  auth?: 'verify' | 'none';
  /** The simulated time; default: real. */
  clock?: Clock;
  /** The time callers sign with; default: real, whatever `clock` is. */
  signingClock?: Clock;
  knobs?: Partial<Knobs>;
  /** Servers that exist from the start, and again after a reset. */
  servers?: ServerSpec[];
}

export interface Simulator {
  /** For `app.inject`: a dropped connection rejects the injection with code `LIGHT_ECONNRESET`; a hanging one never settles. */
  readonly app: FastifyInstance;
  readonly projectId: string;
  readonly region: string;
  readonly clock: AdjustableClock;
  readonly control: Control;
  readonly ledger: Ledger;
  /** Answers the address, such as `http://127.0.0.1:8900`. */
  listen(options?: { host?: string; port?: number }): Promise<string>;
  /** Closes hanging connections too. */
  close(): Promise<void>;
}

/** A body above 12 MB can't be signed and is refused by the gateway (docs/cloud-api.md §5.2). */
const BODY_LIMIT = 12 * 1024 * 1024;

export function createSimulator(options: SimulatorOptions = {}): Simulator {
  const clock = new AdjustableClock(options.clock ?? realClock);
  const cloud = new Cloud(
    {
      projectId: options.projectId ?? DEFAULTS.projectId,
      otherProjects: options.otherProjects ?? [],
      region: options.region ?? DEFAULTS.region,
      seed: options.seed ?? DEFAULTS.seed,
      keys: options.keys ?? [{ ak: DEFAULTS.ak, sk: DEFAULTS.sk }],
      tokens: options.tokens ?? [],
      users: options.users ?? [{ domain: DEFAULTS.domain, name: DEFAULTS.user, password: DEFAULTS.password }],
      knobs: parseKnobs(options.knobs ?? {}),
      servers: options.servers ?? [],
    },
    clock,
  );
  const control = new Control(cloud);
  const signingClock = options.signingClock ?? realClock;
  const wallClock = () => signingClock.now() + cloud.knobs.clockSkewSeconds * 1_000;
  const gateway: Gateway = {
    cloud,
    authenticate: (request, body) => {
      if (options.auth === 'none') return undefined;
      const { method, headers } = request;
      const received = { method, url: request.raw.url ?? '', headers, body };
      return cloud.gatekeeper.check(received, cloud.now(), wallClock());
    },
  };
  const app = createApp(gateway, control, wallClock);
  return {
    app,
    projectId: cloud.settings.projectId,
    region: cloud.settings.region,
    clock,
    control,
    ledger: cloud.ledger,
    listen: ({ host = '127.0.0.1', port = 0 } = {}) => app.listen({ host, port }),
    close: () => app.close(),
  };
}

function createApp(gateway: Gateway, control: Control, wallClock: () => number): FastifyInstance {
  const { cloud } = gateway;
  const app = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
  });
  const entries = new WeakMap<object, LedgerRequest>();
  const entryOf = (request: FastifyRequest) => entries.get(request.raw) ?? newEntry(request);
  const newEntry = (request: FastifyRequest) => {
    const entry = cloud.ledger.request(cloud.now(), 'other', request.method);
    entries.set(request.raw, entry);
    return entry;
  };

  // A signature covers the bytes received, so they must not be parsed before it is checked.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  app.addHook('onRequest', async (request, reply) => {
    if (request.url.startsWith(CONTROL_PREFIX)) return;
    reply.headers({
      'x-request-id': entryOf(request).requestId,
      server: 'api-gateway',
      date: new Date(wallClock()).toUTCString(),
    });
  });
  app.setNotFoundHandler(async (request, reply) => {
    if (request.url.startsWith(CONTROL_PREFIX)) {
      return reply.code(404).send({ error: `no control call ${request.method} ${request.url}` });
    }
    return refuse(
      request,
      reply,
      gatewayError(404, '0101', 'The API does not exist or has not been published.'),
    );
  });
  app.setErrorHandler(async (error, request, reply) => {
    if (request.url.startsWith(CONTROL_PREFIX)) {
      const problem = controlProblem(error);
      if (problem) return reply.code(problem.status).send({ error: problem.message });
    }
    const status = (error as { statusCode?: number }).statusCode ?? 500;
    if (status >= 500) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    return refuse(
      request,
      reply,
      status === 413
        ? gatewayError(413, '0201', 'Request entity too large.')
        : gatewayError(
            status,
            status < 500 ? '0106' : '0201',
            error instanceof Error ? error.message : 'error',
          ),
    );
  });
  const refuse = (request: FastifyRequest, reply: FastifyReply, error: CloudError) => {
    const entry = entryOf(request);
    return send(reply, entry, {
      status: error.status,
      body: error.body(entry.requestId, cloud.knobs.gatewayPrefix),
    });
  };

  const operations = [
    ...ecsOperations,
    ...vpcOperations,
    ...elasticIpOperations,
    ...iamOperations,
    ...metadataOperations,
  ];
  for (const operation of operations) {
    app.route({
      method: operation.method,
      url: operation.open ? operation.path : `/${operation.version ?? 'v1'}/:projectId${operation.path}`,
      handler: (request, reply) => serve(gateway, operation, request, reply, entryOf(request)),
    });
  }
  registerControl(app, cloud, control);
  return app;
}

export { ManualClock, ScaledClock, realClock } from './world/clock';
export { mostWithin } from './world/rates';
export { DEFAULTS } from './defaults';
export { deletionsPerNic, invariants } from './world/invariants';
export type { Violation } from './world/invariants';
export type { AccessKey, KeyState, Token } from './identity/auth';
export type { Clock } from './world/clock';
export type { Control } from './control/control';
export type { NicDescription, NicTruth, ServerDescription, Truth } from './control/describe';
export type { User, UserState } from './identity/iam';
export { differences } from './compute/nic-states';
export type { Difference, NicState, ServerState } from './compute/nic-states';
export type { Fault, FaultSpec, What } from './world/faults';
export type { Knobs } from './knobs';
export type {
  Ledger,
  LedgerEffect,
  LedgerJob,
  LedgerRequest,
  LedgerView,
  RequestClass,
} from './world/ledger';
export type { ElasticIp } from './world/world';
export type {
  ElasticIpSpec,
  FleetSpec,
  NicSpec,
  PortPatch,
  PortSpec,
  ServerPatch,
  ServerSpec,
} from './control/specs';
