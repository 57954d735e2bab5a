import { BasicCredentials } from '@huaweicloud/huaweicloud-sdk-core';
import {
  BatchDeleteServerNicOption,
  BatchDeleteServerNicsRequest,
  BatchDeleteServerNicsRequestBody,
  EcsClient,
  ListServerInterfacesRequest,
  ShowJobRequest,
  ShowServerRequest,
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

/** The client answers the raw body; its typed getters are undefined at run time (ecs-api.md §6.4). */
interface Raw {
  job_id: string;
  server: { addresses: Record<string, { primary: boolean; 'OS-EXT-IPS:port_id': string }[]> };
  interfaceAttachments: { port_id: string }[];
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
