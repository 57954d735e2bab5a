import { BasicCredentials } from '@huaweicloud/huaweicloud-sdk-core';
import {
  BatchAddServerNicOption,
  BatchAddServerNicsRequest,
  BatchAddServerNicsRequestBody,
  BatchDeleteServerNicOption,
  BatchDeleteServerNicsRequest,
  BatchDeleteServerNicsRequestBody,
  EcsClient,
  InterfaceAttachment,
  ListServerInterfacesRequest,
  ListServersDetailsRequest,
  ShowJobRequest,
  ServerNicSecurityGroup,
  ShowServerRequest,
  UpdateNicInfoRequestBody,
  UpdateServerInterfaceRequest,
} from '@huaweicloud/huaweicloud-sdk-ecs/v2/public-api';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Simulator } from '../../simulator';
import { DEFAULTS, ManualClock, createSimulator } from '../../simulator';

// Proof by a client that nobody here wrote: the vendor's own, over real HTTP, really signed.
let simulator: Simulator;
let endpoint: string;

const client = (sk: string = DEFAULTS.sk) =>
  EcsClient.newBuilder()
    .withCredential(new BasicCredentials().withAk(DEFAULTS.ak).withSk(sk).withProjectId(DEFAULTS.projectId))
    .withEndpoint(endpoint)
    .build();

/** The client answers the raw body; its typed getters are undefined at run time (docs/cloud-api.md §7). */
interface Raw {
  job_id: string;
  server: { addresses: Record<string, { primary: boolean; 'OS-EXT-IPS:port_id': string }[]> };
  interfaceAttachments: { port_id: string }[];
  count: number;
  servers: {
    id: string;
    status: string | null;
    network_interfaces: { port_id: string; primary: boolean }[] | null;
  }[];
}
const raw = (answer: unknown) => answer as Raw;

beforeAll(async () => {
  simulator = createSimulator({ clock: new ManualClock() });
  endpoint = await simulator.listen();
});
afterAll(() => simulator.close());

describe('the official client', () => {
  it('reads a server, lists its NICs, deletes two, follows the job', async () => {
    const server = simulator.control.createServer({ nics: 4 });
    const [primary, first, second, third] = server.nics.map((nic) => nic.id);
    const ecs = client();
    const list = async () => {
      const answer = await ecs.listServerInterfaces(new ListServerInterfacesRequest(server.id));
      return raw(answer).interfaceAttachments.map((row) => row.port_id);
    };

    const detail = raw(await ecs.showServer(new ShowServerRequest(server.id)));
    const addresses = Object.values(detail.server.addresses).flat();
    expect(addresses.filter((row) => row.primary).map((row) => row['OS-EXT-IPS:port_id'])).toEqual([primary]);
    expect(await list()).toEqual([primary, first, second, third]);

    const accepted = raw(
      await ecs.batchDeleteServerNics(
        new BatchDeleteServerNicsRequest(server.id).withBody(
          new BatchDeleteServerNicsRequestBody([
            new BatchDeleteServerNicOption(first),
            new BatchDeleteServerNicOption(second),
          ]),
        ),
      ),
    );
    const jobId = accepted.job_id;
    expect(jobId).toMatch(/^ff808082[0-9a-f]{24}$/);
    const job = async () => raw(await ecs.showJob(new ShowJobRequest(jobId)));
    expect(await job()).toMatchObject({ status: 'INIT', end_time: '' });
    simulator.control.advance(5_000);
    expect(await job()).toMatchObject({ status: 'RUNNING', entities: { sub_jobs_total: 2 } });
    simulator.control.advance(7_000);
    expect(await job()).toMatchObject({ status: 'SUCCESS', error_code: null });
    expect(await list()).toEqual([primary, third]);
    expect(simulator.control.invariants()).toEqual([]);
  });

  it('attaches a kept port and a new one, and sets a flag', async () => {
    const server = simulator.control.createServer({ nics: 2 });
    const [primary, nic] = server.nics.map((row) => row.id);
    const port = simulator.control.createPort().id;
    const ecs = client();
    const byPort = new BatchAddServerNicOption().withPortId(port);
    const bySubnet = new BatchAddServerNicOption()
      .withSubnetId(server.nics[1]?.networkId ?? '')
      .withIpAddress('10.2.200.7')
      .withSecurityGroups([new ServerNicSecurityGroup('sg-7')]);
    const accepted = raw(
      await ecs.batchAddServerNics(
        new BatchAddServerNicsRequest(server.id).withBody(
          new BatchAddServerNicsRequestBody([byPort, bySubnet]),
        ),
      ),
    );
    simulator.control.advance(12_000);
    expect(await ecs.showJob(new ShowJobRequest(accepted.job_id))).toMatchObject({
      status: 'SUCCESS',
      entities: { sub_jobs: [{ entities: { nic_id: port } }, { status: 'SUCCESS' }] },
    });
    const rows = raw(await ecs.listServerInterfaces(new ListServerInterfacesRequest(server.id)));
    const ids = rows.interfaceAttachments.map((row) => row.port_id);
    expect(ids.slice(0, 3)).toEqual([primary, nic, port]);
    expect(simulator.control.server(server.id).nics[3]).toMatchObject({
      ...{ id: ids[3], ip: '10.2.200.7', securityGroups: ['sg-7'] },
    });

    const flag = () => simulator.control.server(server.id).nics[2]?.deleteOnTermination;
    expect(flag()).toBe(false);
    await ecs.updateServerInterface(
      new UpdateServerInterfaceRequest(server.id, port).withBody(
        new UpdateNicInfoRequestBody(new InterfaceAttachment().withDeleteOnTermination(true)),
      ),
    );
    expect(flag()).toBe(true);
    expect(simulator.control.invariants()).toEqual([]);
  });

  it('reads servers by a set of ids, and walks all of them with limit and marker', async () => {
    simulator.control.reset();
    const servers = simulator.control.createFleet({ servers: 5, nicsPerServer: 2 });
    const ids = servers.map(({ id }) => id);
    const ecs = client();
    const unknown = '00000000-0000-4000-8000-000000000000';
    const wanted = [ids[3] ?? '', unknown, ids[0] ?? ''];
    const set = raw(
      await ecs.listServersDetails(new ListServersDetailsRequest().withServerId(wanted.join(','))),
    );
    expect(set.count).toBe(3);
    const told = new Map(set.servers.map((entry) => [entry.id, entry]));
    expect([...told.keys()].sort()).toEqual([...wanted].sort());
    expect(told.get(unknown)).toMatchObject({ status: null, network_interfaces: null, fault: { code: 404 } });
    for (const server of [servers[3], servers[0]]) {
      const [primary, other] = server?.nics.map(({ id }) => id) ?? [];
      expect(told.get(server?.id ?? '')?.network_interfaces).toMatchObject([
        { port_id: primary, primary: true },
        { port_id: other, primary: false },
      ]);
    }
    expect(simulator.ledger.requests).toMatchObject([
      { requestClass: 'servers', asked: wanted, proof: 'signature' },
    ]);

    const walked: string[] = [];
    for (let marker: string | undefined; ;) {
      const page = new ListServersDetailsRequest().withLimit(2);
      const { servers: rows } = raw(await ecs.listServersDetails(marker ? page.withMarker(marker) : page));
      walked.push(...rows.map(({ id }) => id));
      marker = rows.at(-1)?.id;
      if (rows.length < 2) break;
    }
    expect(walked).toEqual(ids);
    expect(simulator.ledger.requests).toHaveLength(4);
  });

  it('is refused with a wrong secret key', async () => {
    // The client prints every failed request.
    const printed = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const server = simulator.control.createServer();
    const wrong = client('another-secret-key').listServerInterfaces(
      new ListServerInterfacesRequest(server.id),
    );
    await expect(wrong).rejects.toMatchObject({ httpStatusCode: 401, errorCode: 'APIGW.0301' });
    printed.mockRestore();
  });
});
