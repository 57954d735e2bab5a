import type { Cloud } from './cloud';
import { CloudError } from './errors';

/**
 * The same cloud. `observe` gets the error of every failed call, once each, including errors that the caller handles.
 * @param observe must not throw
 */
export function observed(cloud: Cloud, observe: (error: CloudError) => void): Cloud {
  async function heard<T>(call: Promise<T>): Promise<T> {
    try {
      return await call;
    } catch (error) {
      if (error instanceof CloudError) observe(error);
      throw error;
    }
  }
  return {
    projectId: cloud.projectId,
    region: cloud.region,
    endpoints: cloud.endpoints,
    showServer: (...args) => heard(cloud.showServer(...args)),
    showServers: (...args) => heard(cloud.showServers(...args)),
    listServers: (...args) => heard(cloud.listServers(...args)),
    listInterfaces: (...args) => heard(cloud.listInterfaces(...args)),
    showPort: (...args) => heard(cloud.showPort(...args)),
    showPorts: (...args) => heard(cloud.showPorts(...args)),
    showJob: (...args) => heard(cloud.showJob(...args)),
    deleteNics: (...args) => heard(cloud.deleteNics(...args)),
    attachNics: (...args) => heard(cloud.attachNics(...args)),
    setDeleteOnTermination: (...args) => heard(cloud.setDeleteOnTermination(...args)),
    listPorts: (...args) => heard(cloud.listPorts(...args)),
    createPort: (...args) => heard(cloud.createPort(...args)),
    updatePort: (...args) => heard(cloud.updatePort(...args)),
    deletePort: (...args) => heard(cloud.deletePort(...args)),
    listElasticIps: (...args) => heard(cloud.listElasticIps(...args)),
    bindElasticIp: (...args) => heard(cloud.bindElasticIp(...args)),
    close: () => cloud.close(),
  };
}
