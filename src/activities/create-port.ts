import type { CreatePortInput, CreatePortResult } from './agreement';
import type { Port } from '../ecs/cloud';
import { CloudError } from '../ecs/errors';
import { isReset, writing } from './support/attempt';
import { readingAtBoundary, throttledBy } from './support/boundary';
import type { Dependencies } from './support/dependencies';
import { isAnswered2xx, unsentBy } from './support/submission';
import { tell } from './support/tell';
import { refusedBy } from './support/writes';

/**
 * Creating a port is not idempotent, its name makes it so: what an earlier attempt of unknown fate has made is found by
 * it. Refused credentials are a failure, here as in the look-up before: certainly nothing was made.
 */
export async function createPort(
  dependencies: Dependencies,
  input: CreatePortInput,
): Promise<CreatePortResult> {
  const { cloud, log } = dependencies;
  if (isReset(input)) return { kind: 'unsent', why: 'reset' };
  const { name, networkId, address, securityGroups, allowedAddressPairs, dhcpOptions } = input;
  const spec = { name, networkId, address, securityGroups, allowedAddressPairs, dhcpOptions };
  // The signal is not wired: a request on its way can't be called back, but its port would have no name here.
  const options = writing(dependencies);
  return readingAtBoundary(async () => {
    let found: Port | undefined;
    try {
      [found] = await cloud.listPorts({ name, networkId }, options);
    } catch (error) {
      const unsent = error instanceof CloudError ? unsentBy(error) : null;
      if (unsent === null) throw error;
      return unsent;
    }
    if (found !== undefined) return createdAs(found);
    try {
      const port = await cloud.createPort(spec, options);
      tell(log, 'port.created', { nic: port.id });
      return createdAs(port);
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      const result = fateOf(error);
      // Where it was made all the same, it is found by its name.
      const isOpen = result.kind === 'unknown' || isAnswered2xx(error);
      const { code, requestId, message: why } = error;
      tell(log, isOpen ? 'port.unknown' : 'port.not-created', { why, code, requestId });
      return result;
    }
  });
}

function createdAs({ id, mac, fixedIps }: Port): CreatePortResult {
  return { kind: 'created', port: { id, mac, ips: fixedIps.map(({ ip }) => ip) } };
}

function fateOf(error: CloudError): CreatePortResult {
  const unsent = unsentBy(error);
  if (unsent !== null) return unsent;
  if (error.action === 'credentials') throw error;
  // Where it was accepted all the same, the next attempt finds it.
  if (error.action === 'throttled' || error.action === 'wait-busy') return throttledBy(error);
  if (error.fate === 'unknown') return { kind: 'unknown', why: error.message };
  return { kind: 'refused', why: error.sign === 'ip-taken' ? 'ip-in-use' : 'other', ...refusedBy(error) };
}
