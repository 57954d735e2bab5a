/**
 * Replaces a port that is gone. The run creates the port first, since that reserves the IP, and then gives it the
 * settings and elastic IPs of the old one.
 */
import { workflowInfo } from '@temporalio/workflow';
import type { UpdatePortInput } from '../../activities/agreement';
import { once, repeatable, unheardMs } from '../run/activity-calls';
import { pairsOf } from '../policy/differences';
import { label, plain } from '../run/details';
import { fail, MAX_ATTEMPTS } from '../policy/put-back-plan';
import { backoffDelay } from '../policy/poll-schedule';
import { portNameFor } from '../policy/port-name';
import type { Run } from '../run/run';
import { hindranceOf, isSetback, pause, UNSENT, waitOut } from '../run/ask';
import type { PutBack, Returning } from '../policy/undo-log';

export async function create(run: Run, back: PutBack, nic: Returning): Promise<void> {
  const { snapshot } = nic;
  // The cloud takes at most one fixed IP when a port is created (docs/cloud-api.md §4.2).
  const v4 = snapshot.fixedIps.find(({ ip }) => !ip.includes(':')) ?? snapshot.fixedIps[0] ?? null;
  const address = nic.newIp || v4 === null ? null : v4;
  const summary = label(`a port with ${address?.ip ?? 'a new IP'} for ${nic.id}`);
  const answer = await once(run, 'createPort', summary, {
    name: portNameFor(nic.id, workflowInfo().firstExecutionRunId),
    networkId: snapshot.networkId ?? '',
    address,
    securityGroups: snapshot.securityGroups,
    allowedAddressPairs: pairsOf(snapshot),
    dhcpOptions: snapshot.dhcpOptions,
  });
  if (answer.kind === 'created') {
    back.setbacks = 0;
    nic.portId = answer.port.id;
    nic.created = true;
    run.row(nic.id).replacedBy = {
      id: answer.port.id,
      mac: answer.port.mac,
      ip: answer.port.ips[0] ?? null,
    };
  } else if (answer.kind === 'unknown' || (answer.kind === 'unread' && answer.why === 'unavailable')) {
    // The request may still be under way and create the port. The look-up by name comes after a settle.
    const why = answer.kind === 'unknown' ? answer.why : answer.message;
    nic.unclear = true;
    back.setbacks += 1;
    back.hindered = plain(why);
    const leastMs = answer.kind === 'unread' && answer.unheard === true ? unheardMs(run) : 0;
    const ms = Math.max(run.request.timing.settleMs, backoffDelay(back.setbacks), leastMs);
    await pause(run, ms, `no usable answer: ${why}`, { leastMs });
  } else if (isSetback(answer)) await setBack(run, back, nic, answer);
  else {
    const message = plain(`${answer.message}. ${answer.hint}`);
    nic.said = { code: answer.code, message };
    if (answer.why !== 'ip-in-use') {
      nic.attempts.create += 1;
      await pause(run, REFUSED_WAIT_MS, answer.message);
    } else if (nic.unclear) {
      // Perhaps by the run's own port, which the look-up has not found yet.
      nic.unclear = false;
      await pause(run, run.request.timing.settleMs, answer.message);
    } else if (back.allowNewIp) nic.newIp = true;
    else fail(nic, answer.code, `its IP ${address?.ip ?? ''} is taken: ${message}`);
  }
}

/** Pause before a refused call is repeated. */
const REFUSED_WAIT_MS = 5_000;

/** Restores the settings of the port. What fails here stays, and the document shows it as a difference. */
export async function update(
  run: Run,
  back: PutBack,
  nic: Returning,
  changes: UpdatePortInput['changes'],
): Promise<void> {
  const summary = label(`${Object.keys(changes).join(', ')} of the new port for ${nic.id}`);
  const answer = await repeatable(run, 'updatePort', summary, { portId: nic.portId ?? '', changes });
  // Every try counts, whatever its result: the other NICs and the flags must not wait for this one.
  nic.attempts.update += 1;
  if (isSetback(answer)) {
    if (nic.attempts.update < MAX_ATTEMPTS) return setBack(run, back, nic, answer);
    run.warn(
      `NIC ${nic.id}: its port could not be changed back: ${back.hindered ?? hindranceOf(answer, 1).why}`,
    );
    return;
  }
  back.setbacks = 0;
  if (answer.kind === 'refused')
    run.warn(`NIC ${nic.id}: its port could not be changed back: ${plain(answer.message)}`);
}

export async function bind(run: Run, back: PutBack, nic: Returning, address: string): Promise<void> {
  const summary = label(`elastic IP ${address} to ${nic.id}`);
  const answer = await repeatable(run, 'bindElasticIp', summary, { address, portId: nic.portId ?? '' });
  nic.attempts.bind += 1;
  if (isSetback(answer)) {
    if (nic.attempts.bind < MAX_ATTEMPTS) return setBack(run, back, nic, answer);
    run.warn(
      `NIC ${nic.id}: elastic IP ${address} was not bound again: ${back.hindered ?? hindranceOf(answer, 1).why}`,
    );
    return;
  }
  back.setbacks = 0;
  if (answer.kind !== 'refused') return;
  // Another actor has taken the address, or it was released: a repetition would be refused again. The NIC's other
  // elastic IPs may still be available.
  nic.lost = [...(nic.lost ?? []), address];
  nic.attempts.bind = 0;
  run.warn(`NIC ${nic.id}: elastic IP ${address} was not bound again: ${plain(answer.message)}`);
}

async function setBack(
  run: Run,
  back: PutBack,
  nic: Returning,
  answer: Parameters<typeof waitOut>[2],
): Promise<void> {
  if (answer.kind === 'unsent' && answer.why === 'reset') fail(nic, null, UNSENT.reset);
  else await waitOut(run, back, answer);
}
