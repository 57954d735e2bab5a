/** The naive worker's calls. Signing and HTTP are the product's own: what is compared is the work on Temporal. */
import type { Cloud } from '../../src/ecs/cloud';

export function createNaiveActivities(cloud: Cloud) {
  return {
    async deleteNics(serverId: string, nicIds: string[]): Promise<string> {
      return (await cloud.deleteNics(serverId, nicIds)).jobId;
    },
    async getJobStatus(jobId: string): Promise<string> {
      return (await cloud.showJob(jobId)).status;
    },
  };
}

export type NaiveActivities = ReturnType<typeof createNaiveActivities>;
