/** The operations: the request of each, and the checks before it is sent. */
import type { z } from 'zod';
import { createCaller, SAFE_ID } from './call';
import type { Call, CloudSettings } from './call';
import type { Accepted, CallOptions, Cloud, Ids, Port } from './cloud';
import { callError } from './errors';
import type { AnswerFacts } from './errors';
import type { Operation } from './wire/operations';
import { allPages, PAGE } from './wire/paging';
import { portBody } from './wire/port-body';
import {
  acceptedAnswer,
  createdPortAnswer,
  doneAnswer,
  elasticIpsAnswer,
  interfacesAnswer,
  jobAnswer,
  portAnswer,
  portsAnswer,
  serverAnswer,
  serverPage,
  serversAnswer,
} from './wire';

export type { CloudSettings } from './call';

/**
 * The client of the cloud. Every request is sent once.
 *
 * @throws TypeError when an endpoint is no URL or the project id is unusable
 */
export function createCloud(settings: CloudSettings): Cloud {
  const { projectId, region, credentials, transport } = settings;
  const call = createCaller(settings);

  async function get<T>(
    operation: Operation,
    service: Call<T>['service'],
    path: string,
    schema: z.ZodType<T>,
    options?: CallOptions,
  ) {
    return call({ operation, service, method: 'GET', path, schema }, options);
  }

  /** A list of the VPC service, page by page. */
  function list<T extends { id: string }>(
    operation: Operation,
    path: string,
    query: Record<string, string | undefined>,
    schema: z.ZodType<T[]>,
    options?: CallOptions,
  ): Promise<T[]> {
    return allPages(operation, async (marker) => {
      const paged = { ...query, limit: String(PAGE), marker };
      return (await call({ operation, service: 'vpc', method: 'GET', path, query: paged, schema }, options))
        .value;
    });
  }

  /** A POST that starts a job. */
  async function submit(
    operation: 'deleteNics' | 'attachNics',
    path: string,
    nics: object[],
    options?: CallOptions,
  ): Promise<Accepted> {
    if (nics.length === 0) throw callError(operation, 'invalid', 'no', 'no NIC is named');
    const { value: jobId, requestId } = await call(
      { operation, service: 'ecs', method: 'POST', path, body: { nics }, schema: acceptedAnswer },
      options,
    );
    return { jobId, requestId };
  }

  return {
    projectId,
    region,
    endpoints: { ecs: baseOf(settings.endpoints.ecs), vpc: baseOf(settings.endpoints.vpc) },
    async showServer(serverId, options) {
      checkIds('showServer', serverId);
      return same(
        'showServer',
        serverId,
        await get('showServer', 'ecs', `cloudservers/${serverId}`, serverAnswer, options),
      );
    },
    async showServers(ids, form, options) {
      const operation = 'listServers';
      const query = () => {
        const wanted = checked(operation, ids);
        return { limit: String(wanted.length), server_id: form === 'comma' ? wanted.join(',') : wanted };
      };
      const path = 'cloudservers/detail';
      const schema = serversAnswer;
      return (await call({ operation, service: 'ecs', method: 'GET', path, query, schema }, options)).value;
    },
    async listServers({ after, limit }, options) {
      const operation = 'walkServers';
      const query = { limit: String(limit), ...(after === null ? {} : { marker: after }) };
      const path = 'cloudservers/detail';
      const { value, ...facts } = await call(
        { operation, service: 'ecs', method: 'GET', path, query, schema: serverPage },
        options,
      );
      // An entry that can't be read would be a server that nobody misses; and a list that begins anew would never end.
      const isUnread = value.some((entry) => entry === null);
      const servers = value.filter((entry) => entry !== null);
      if (isUnread || servers.some(({ id }) => id === after)) {
        const why = isUnread
          ? 'an entry of the list is unreadable'
          : 'the list does not go on after its marker';
        throw callError(operation, 'unreadable', 'answered', why, facts);
      }
      return { servers, last: servers.length < limit ? null : (servers.at(-1)?.id ?? null) };
    },
    async listInterfaces(serverId, options) {
      checkIds('listInterfaces', serverId);
      const path = `cloudservers/${serverId}/os-interface`;
      return (await get('listInterfaces', 'ecs', path, interfacesAnswer, options)).value;
    },
    async showPort(portId, options) {
      checkIds('showPort', portId);
      return same('showPort', portId, await get('showPort', 'vpc', `ports/${portId}`, portAnswer, options));
    },
    async showPorts(ids, options) {
      const operation = 'listPorts';
      const query = () => ({ limit: String(PAGE), id: checked(operation, ids) });
      const schema = portsAnswer;
      const { value: ports, ...facts } = await call(
        { operation, service: 'vpc', method: 'GET', path: 'ports', query, schema },
        options,
      );
      if (ports.length >= PAGE)
        throw callError(operation, 'unreadable', 'answered', 'the answer is not about these ports', facts);
      return new Map(ports.map((port) => [port.id.toLowerCase(), port]));
    },
    async showJob(jobId, options) {
      checkIds('showJob', jobId);
      return same('showJob', jobId, await get('showJob', 'ecs', `jobs/${jobId}`, jobAnswer, options));
    },
    async deleteNics(serverId, nicIds, options) {
      checkIds('deleteNics', serverId, ...nicIds);
      const nics = nicIds.map((id) => ({ id }));
      return submit('deleteNics', `cloudservers/${serverId}/nics/delete`, nics, options);
    },
    async attachNics(serverId, portIds, options) {
      checkIds('attachNics', serverId, ...portIds);
      const nics = portIds.map((id) => ({ port_id: id }));
      return submit('attachNics', `cloudservers/${serverId}/nics`, nics, options);
    },
    async setDeleteOnTermination(serverId, portId, value, options) {
      const operation = 'setDeleteOnTermination';
      checkIds(operation, serverId, portId);
      const path = `cloudservers/${serverId}/os-interface/${portId}`;
      const body = { interface_attachment: { delete_on_termination: value } };
      await call({ operation, service: 'ecs', method: 'PUT', path, body, schema: doneAnswer }, options);
    },
    async listPorts(filter, options) {
      const operation = 'listPorts';
      const { name, networkId, deviceId } = filter;
      // The cloud ignores an empty filter: it would list the whole project.
      const values = [name, networkId, deviceId].filter((value) => value !== undefined);
      if (values.length === 0 || values.includes(''))
        throw callError(operation, 'invalid', 'no', 'a filter is empty');
      const query = { name, network_id: networkId, device_id: deviceId };
      const ports = await list(operation, 'ports', query, portsAnswer, options);
      // If the cloud ignores a filter, its other entries must not count as requested ones.
      return ports.filter(
        (port) =>
          (name === undefined || port.name === name) &&
          (networkId === undefined || (port.networkId ?? networkId) === networkId) &&
          (deviceId === undefined || port.deviceId === deviceId),
      );
    },
    async createPort(spec, options): Promise<Port> {
      checkIds('createPort', spec.networkId);
      const operation = 'createPort';
      const body = { port: portBody(spec) };
      const schema = createdPortAnswer;
      return (await call({ operation, service: 'vpc', method: 'POST', path: 'ports', body, schema }, options))
        .value;
    },
    async updatePort(portId, changes, options) {
      const operation = 'updatePort';
      checkIds(operation, portId);
      const port = portBody(changes);
      if (Object.keys(port).length === 0) throw callError(operation, 'invalid', 'no', 'no change is named');
      const path = `ports/${portId}`;
      await call(
        { operation, service: 'vpc', method: 'PUT', path, body: { port }, schema: doneAnswer },
        options,
      );
    },
    async deletePort(portId, options) {
      const operation = 'deletePort';
      checkIds(operation, portId);
      const path = `ports/${portId}`;
      await call({ operation, service: 'vpc', method: 'DELETE', path, schema: doneAnswer }, options);
    },
    listElasticIps(options) {
      return list('listElasticIps', 'publicips', {}, elasticIpsAnswer, options);
    },
    async bindElasticIp(elasticIpId, portId, options) {
      const operation = 'bindElasticIp';
      // An empty port id would unbind it (docs/cloud-api.md §4.3).
      checkIds(operation, elasticIpId, portId);
      const path = `publicips/${elasticIpId}`;
      const body = { publicip: { port_id: portId } };
      await call({ operation, service: 'vpc', method: 'PUT', path, body, schema: doneAnswer }, options);
    },
    async close() {
      await Promise.all([transport.close?.(), credentials.close?.()]);
    },
  };
}

/** Normalizes a base address. */
function baseOf(endpoint: string): string {
  const { origin, pathname } = new URL(endpoint);
  return `${origin}${pathname.replace(/\/+$/, '')}`;
}

/** Runs before anything is sent: an empty or odd id could change the path, or address another resource. */
function checkIds(operation: Operation, ...ids: string[]): void {
  if (ids.every((id) => typeof id === 'string' && SAFE_ID.test(id))) return;
  throw callError(operation, 'invalid', 'no', 'an id is empty, or contains characters that an id can’t have');
}

/** The ids of a set. An empty set would ask for everything. */
function checked(operation: Operation, ids: Ids): readonly string[] {
  const wanted = ids();
  if (wanted.length === 0 || wanted.length >= PAGE)
    throw callError(operation, 'invalid', 'no', 'no id is named, or more than one page holds');
  checkIds(operation, ...wanted);
  return wanted;
}

/** An answer about another resource than the requested one proves nothing. */
function same<T extends { id: string | null }>(
  operation: Operation,
  id: string,
  answer: { value: T } & AnswerFacts,
): T & { id: string } {
  const { value } = answer;
  if (value.id !== null && value.id.toLowerCase() !== id.toLowerCase()) {
    throw callError(operation, 'unreadable', 'answered', 'the answer is about another resource', answer);
  }
  return { ...value, id };
}
