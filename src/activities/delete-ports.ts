import { ApplicationFailure, Context } from '@temporalio/activity';
import { ACTIVITY_FAILURE } from './agreement';
import type { DeletePortsInput, DeletePortsResult, PortFate } from './agreement';
import type { NicSnapshot } from '../contract/types';
import { elasticIpsOf } from '../contract/types';
import { sameIp } from '../contract/values';
import type { ElasticIp, Port } from '../ecs/cloud';
import { isAbsent } from './support/boundary';
import type { Dependencies } from './support/dependencies';
import { findElasticIps } from './inspect-server';
import { findPort, findPorts } from './support/ports';
import { tell } from './support/tell';
import { refusedBy, writeEach, writingAtBoundary } from './support/writes';

/**
 * A run that keeps a port has promised to delete that port, and another team may have taken it over by now. So
 * the ports are read in the attempt that deletes them, with one call, and one more time after a refusal.
 */
export function deletePorts(dependencies: Dependencies, input: DeletePortsInput): Promise<DeletePortsResult> {
  const { cloud, log } = dependencies;
  const { portIds, expected = {}, elasticIpsMayBeUnread = true } = input;
  return writingAtBoundary(dependencies, input, async (options) => {
    const fates = new Map<string, PortFate>();
    const silent: string[] = [];
    const compares = Object.keys(expected).length > 0;
    const bound = compares ? await findElasticIps(dependencies, options) : { list: null, unread: null };
    const { found, bySet } = await findPorts(dependencies, portIds, options);
    const refused = await writeEach(portIds, async (id) => {
      let fate = fateOf(id, found.get(id) ?? null, !bySet);
      // An entry of a list may say less than the port itself.
      if (fate?.fate === 'untold' && bySet) fate = fateOf(id, await findPort(cloud, id, options));
      if (fate !== null) return void fates.set(id, fate);
      try {
        await cloud.deletePort(id, options);
      } catch (error) {
        if (!isAbsent(error)) throw error;
      }
      tell(log, 'port.deleted', { server: input.serverId, nic: id });
      fates.set(id, { fate: 'gone' });
    });
    for (const [id, error] of refused) {
      const now = fateOf(id, await findPort(cloud, id, { urgency: options.urgency }));
      fates.set(id, now ?? { fate: 'refused', ...refusedBy(error) });
    }
    // The other ports did not wait for it. A next attempt may get an answer; the last attempt names the ports
    // without one.
    if (silent.length > 0 && !isLastAttempt())
      throw ApplicationFailure.retryable(silent.join('; '), ACTIVITY_FAILURE.unavailable);
    return {
      kind: 'ports',
      ports: Object.fromEntries(fates),
      ...(bound.unread === null ? {} : { elasticIpsUnread: bound.unread }),
    };

    /** `null`: the port may be deleted. */
    function fateOf(id: string, port: Port | null, isLast = true): PortFate | null {
      if (port === null) return { fate: 'gone' };
      if (port.deviceId !== '') return { fate: 'attached', deviceId: port.deviceId };
      if (expected[id] === undefined) return null;
      const { differ, untold } = compared(expected[id], port, bound.list);
      if (untold.length > 0) {
        const message = `the cloud did not return ${untold.join(', ')} of port ${id}`;
        if (isLast) silent.push(message);
        return { fate: 'untold', message };
      }
      if (differ.length > 0) return { fate: 'changed', fields: differ };
      if (bound.unread === null || elasticIpsMayBeUnread) return null;
      return {
        fate: 'untold',
        message: `it is not known whether an elastic IP is bound to it: ${bound.unread}`,
      };
    }
  });
}

/**
 * Fields in which a free port differs from the snapshot. A field that the snapshot lacks can't be compared; one
 * that the answer lacks has to be read again.
 *
 * @param bound elastic IPs; `null`: this worker may not read them
 */
function compared(
  was: NicSnapshot,
  port: Port,
  bound: readonly ElasticIp[] | null,
): Record<'differ' | 'untold', (keyof NicSnapshot)[]> {
  const differ: (keyof NicSnapshot)[] = [];
  const untold: (keyof NicSnapshot)[] = [];
  // The cloud leaves out the name of a port that has none.
  if ((was.name ?? '') !== (port.name ?? '')) differ.push('name');
  const compare = (
    field: keyof NicSnapshot,
    before: readonly string[] | undefined,
    now: readonly string[] | undefined,
  ) => {
    if (before === undefined) return;
    if (now === undefined) untold.push(field);
    else if (!sameSet(before, now)) differ.push(field);
  };
  const pairs = (of: NicSnapshot['allowedAddressPairs']) =>
    of?.map(({ ip, mac }) => `${ip} ${mac?.toLowerCase() ?? ''}`);
  compare('securityGroups', was.securityGroups ?? undefined, port.securityGroups ?? undefined);
  compare('allowedAddressPairs', pairs(was.allowedAddressPairs), pairs(port.allowedAddressPairs));
  if (bound === null) return { differ, untold };
  const before = elasticIpsOf(was);
  const now = bound.filter(({ portId }) => portId === port.id).flatMap(({ address }) => address ?? []);
  const among = (ip: string, others: readonly string[]) => others.some((other) => sameIp(ip, other));
  if (!before.every((ip) => among(ip, now)) || !now.every((ip) => among(ip, before)))
    differ.push('elasticIp');
  return { differ, untold };
}

function isLastAttempt(): boolean {
  const { attempt, retryPolicy } = Context.current().info;
  return attempt >= (retryPolicy?.maximumAttempts ?? Infinity);
}

function sameSet(left: readonly string[], right: readonly string[]): boolean {
  const sorted = (values: readonly string[]) => [...new Set(values)].sort().join('\n');
  return sorted(left) === sorted(right);
}
