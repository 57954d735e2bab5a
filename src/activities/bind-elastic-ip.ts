import type { BindElasticIpInput, BindElasticIpResult } from './agreement';
import { sameIp } from '../contract/values';
import type { ElasticIp } from '../ecs/cloud';
import type { CloudError } from '../ecs/errors';
import type { Dependencies } from './support/dependencies';
import { tell } from './support/tell';
import { certainNo, refusedBy, writingAtBoundary } from './support/writes';

/** States of an elastic IP that serves something, if only a load balancer or a VPN, which have no port of their own. */
const SERVING: ReadonlySet<string> = new Set(['ACTIVE', 'ELB', 'VPN']);

/** Never takes an elastic IP away from anything: looked at first, since the cloud might move it. */
export function bindElasticIp(
  dependencies: Dependencies,
  input: BindElasticIpInput,
): Promise<BindElasticIpResult> {
  const { cloud, log } = dependencies;
  const { address, portId } = input;
  return writingAtBoundary(dependencies, input, async (options) => {
    const all = await cloud.listElasticIps(options);
    const found = all.find((each) => each.address !== null && sameIp(each.address, address));
    if (found === undefined) return refusal('missing', `there is no elastic IP ${address} any more`, MISSING);
    if (portId !== '' && found.portId === portId) return { kind: 'bound' };
    if (!isFree(found))
      return refusal('elsewhere', `elastic IP ${address} is bound to ${holder(found)}`, TAKEN);
    try {
      await cloud.bindElasticIp(found.id, portId, options);
      tell(log, 'elastic-ip.bound', { nic: portId, address });
      return { kind: 'bound' };
    } catch (error) {
      const no = certainNo(error);
      if (no === null) throw error;
      return { kind: 'refused', why: whyOf(no), ...refusedBy(no) };
    }
  });
}

type Why = Extract<BindElasticIpResult, { kind: 'refused' }>['why'];

const MISSING = 'It was released; allocate another one if the server needs it.';
const TAKEN = 'Unbind it there first, if it is wanted on this server again.';

function refusal(why: Why, message: string, hint: string): BindElasticIpResult {
  return { kind: 'refused', why, code: null, message, hint };
}

function isFree({ portId, status }: ElasticIp): boolean {
  return portId === '' && !SERVING.has(status?.toUpperCase() ?? '');
}

function holder({ portId, status }: ElasticIp): string {
  return portId === '' ? `a resource without a port (${status})` : `port ${portId}`;
}

function whyOf({ sign }: CloudError): Why {
  if (sign === 'elastic-ip-bound') return 'elsewhere';
  return sign === 'elastic-ip-gone' ? 'missing' : 'other';
}
