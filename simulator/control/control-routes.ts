import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { AccessKey } from '../identity/auth';
import type { Cloud } from '../simulated-cloud';
import type { Control } from './control';
import { ControlError } from './control-error';
import type { FaultSpec } from '../world/faults';
import type { User } from '../identity/iam';
import type { Knobs } from '../knobs';
import type {
  ElasticIpSpec,
  FleetSpec,
  NicSpec,
  PortPatch,
  PortSpec,
  ServerPatch,
  ServerSpec,
} from './specs';

/** Every control call has its own prefix, which no call of the real cloud has. */
export const CONTROL_PREFIX = '/_sim/';

/** A mistake of the caller, in words; undefined: not the caller's. */
export function controlProblem(error: unknown): { status: number; message: string } | undefined {
  if (error instanceof ControlError) return { status: error.status, message: error.message };
  if (error instanceof z.ZodError) return { status: 400, message: z.prettifyError(error) };
  return undefined;
}

/** `Control` over HTTP (README.md of this folder). No authentication: the simulator listens on loopback, and holds nothing. */
export function registerControl(app: FastifyInstance, cloud: Cloud, control: Control): void {
  const id = (request: FastifyRequest) => (request.params as { id: string }).id;
  const query = (request: FastifyRequest) => request.query as Record<string, string | undefined>;

  app.get('/_sim/health', () => ({ ok: true, now: new Date(cloud.now()).toISOString() }));

  app.get('/_sim/servers', () => ({ servers: control.servers() }));
  app.post('/_sim/servers', async (request, reply) =>
    reply.code(201).send(control.createServer(body<ServerSpec>(request))),
  );
  app.get('/_sim/servers/:id', (request) => control.server(id(request)));
  app.patch('/_sim/servers/:id', (request) => control.patchServer(id(request), body<ServerPatch>(request)));
  app.delete('/_sim/servers/:id', async (request, reply) => {
    control.deleteServer(id(request));
    return reply.code(204).send();
  });
  app.get('/_sim/servers/:id/state', (request) => control.snapshotOf(id(request)));
  app.post('/_sim/servers/:id/nics', async (request, reply) =>
    reply.code(201).send(control.attachNic(id(request), body<NicSpec>(request))),
  );
  app.delete('/_sim/servers/:id/nics/:nicId', async (request, reply) => {
    control.detachNic(id(request), (request.params as { nicId: string }).nicId);
    return reply.code(204).send();
  });
  app.post('/_sim/fleet', async (request, reply) =>
    reply.code(201).send({ servers: control.createFleet(body<FleetSpec>(request)) }),
  );
  app.post('/_sim/ports', async (request, reply) =>
    reply.code(201).send(control.createPort(body<PortSpec>(request))),
  );
  app.patch('/_sim/ports/:id', (request) => control.patchPort(id(request), body<PortPatch>(request)));

  app.delete('/_sim/ports/:id', async (request, reply) => {
    control.deletePort(id(request));
    return reply.code(204).send();
  });
  app.post('/_sim/ports/:id/attach-elsewhere', async (request, reply) =>
    reply.code(201).send(control.attachPortElsewhere(id(request))),
  );
  app.get('/_sim/elastic-ips', () => ({ elasticIps: control.elasticIps() }));
  app.post('/_sim/elastic-ips', async (request, reply) =>
    reply.code(201).send(control.createElasticIp(body<ElasticIpSpec>(request))),
  );
  app.patch('/_sim/elastic-ips/:id', (request) => {
    const { portId } = z.strictObject({ portId: z.string().nullable() }).parse(body(request));
    return control.bindElasticIp(id(request), portId);
  });

  app.get('/_sim/faults', () => ({ faults: control.faults() }));
  app.post('/_sim/faults', async (request, reply) =>
    reply.code(201).send(control.addFault(body<FaultSpec>(request))),
  );
  app.delete('/_sim/faults', async (_request, reply) => {
    control.clearFaults();
    return reply.code(204).send();
  });
  app.delete('/_sim/faults/:id', async (request, reply) => {
    control.removeFault(id(request));
    return reply.code(204).send();
  });

  app.get('/_sim/knobs', () => control.knobs());
  app.patch('/_sim/knobs', (request) => control.setKnobs(body<Partial<Knobs>>(request)));

  app.get('/_sim/ledger', (request) => {
    cloud.now();
    const { serverId } = query(request);
    const { requests, effects, jobs } =
      serverId === undefined ? cloud.ledger : cloud.ledger.forServer(serverId);
    return { summary: cloud.ledger.summary(), requests, effects, jobs };
  });
  app.get('/_sim/truth/:id', (request) => control.truth(id(request)));
  app.get('/_sim/invariants', () => {
    const violations = control.invariants();
    return { ok: violations.length === 0, violations };
  });

  app.post('/_sim/tokens/revoke', (request) => {
    const { token } = z.strictObject({ token: z.string().optional() }).parse(body(request));
    control.revokeToken(token);
    return { revoked: true };
  });
  app.get('/_sim/keys', () => ({ keys: control.keys() }));
  app.post('/_sim/keys', async (request, reply) => {
    control.putKey(body<AccessKey>(request));
    return reply.code(204).send();
  });
  app.delete('/_sim/keys/:ak', async (request, reply) => {
    control.removeKey((request.params as { ak: string }).ak);
    return reply.code(204).send();
  });
  app.get('/_sim/secrets', () => ({ secrets: control.secrets() }));
  app.get('/_sim/users', () => ({ users: control.users() }));
  app.post('/_sim/users', async (request, reply) => {
    control.putUser(body<User>(request));
    return reply.code(204).send();
  });
  app.post('/_sim/clock/advance', (request) => {
    const { ms } = z.strictObject({ ms: z.number().min(0) }).parse(body(request));
    return { now: new Date(control.advance(ms)).toISOString() };
  });
  app.post('/_sim/reset', async (_request, reply) => {
    control.reset();
    return reply.code(204).send();
  });
}

/** The type is a promise that the schema behind each call checks. */
function body<T = unknown>(request: FastifyRequest): T {
  const bytes = request.body;
  if (!Buffer.isBuffer(bytes) || bytes.length === 0) return {} as T;
  try {
    return JSON.parse(bytes.toString('utf8')) as T;
  } catch {
    throw new ControlError(400, 'the request body is not JSON');
  }
}
