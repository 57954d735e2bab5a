/**
 * NICs made again the way the Terraform provider does it (terraform-provider-huaweicloud, resource `compute_interface_attach`):
 * one POST a NIC by network, IP and security groups, its job asked after 10 s and every 10 s, then the port's address pairs
 * and the flag. One after the other, since a busy server refuses the rest. By the vendor's own client.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BasicCredentials } from '@huaweicloud/huaweicloud-sdk-core';
import {
  BatchAddServerNicOption,
  BatchAddServerNicsRequest,
  BatchAddServerNicsRequestBody,
  EcsClient,
  InterfaceAttachment,
  ListServerInterfacesRequest,
  ServerNicSecurityGroup,
  ShowJobRequest,
  UpdateNicInfoRequestBody,
  UpdateServerInterfaceRequest,
} from '@huaweicloud/huaweicloud-sdk-ecs/v2/public-api';
import type { Simulator } from '../dev/simulator';
import type { NicState } from '../simulator/compute/nic-states';

/** Fixed in the provider, first and further polls alike. */
const POLL_MS = 10_000;

export async function recreate(
  { url, accessKey, projectId }: Simulator,
  serverId: string,
  nics: readonly NicState[],
): Promise<void> {
  const { ak, sk } = accessKey;
  const client = EcsClient.newBuilder()
    .withCredential(new BasicCredentials().withAk(ak).withSk(sk).withProjectId(projectId))
    .withEndpoint(url)
    .build();
  for (const { networkId, fixedIps, securityGroups, deleteOnTermination } of nics) {
    const option = new BatchAddServerNicOption()
      .withSubnetId(networkId)
      .withIpAddress(fixedIps[0]?.ip ?? '')
      .withSecurityGroups(securityGroups.map((id) => new ServerNicSecurityGroup().withId(id)));
    const body = new BatchAddServerNicsRequestBody().withNics([option]);
    const answer = await client.batchAddServerNics(new BatchAddServerNicsRequest(serverId).withBody(body));
    const nicId = await madeBy(client, (answer as unknown as { job_id: string }).job_id);
    await client.listServerInterfaces(new ListServerInterfacesRequest(serverId));
    await client.updateServerInterface(
      new UpdateServerInterfaceRequest(serverId, nicId).withBody(
        new UpdateNicInfoRequestBody().withInterfaceAttachment(
          new InterfaceAttachment().withDeleteOnTermination(deleteOnTermination),
        ),
      ),
    );
  }
}

/** Waits for the job, and reads from it which NIC it has made. */
async function madeBy(client: EcsClient, jobId: string): Promise<string> {
  for (;;) {
    await sleep(POLL_MS);
    const job = (await client.showJob(new ShowJobRequest(jobId))) as unknown as {
      status: string;
      entities: { sub_jobs?: { entities: { nic_id: string } }[] };
    };
    if (job.status === 'FAIL') throw new Error(`job ${jobId} has failed`);
    if (job.status === 'SUCCESS') return job.entities.sub_jobs?.[0]?.entities.nic_id ?? '';
  }
}
