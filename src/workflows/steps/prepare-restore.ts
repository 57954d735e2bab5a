/** Looks up which NICs can be put back, and how well, before anything changes. */
import type { AddressHolder, FindAddressesResult, Inspection, Throttled } from '../../activities/agreement';
import type { SavedNic } from '../../contract/saved-result';
import { read } from '../run/activity-calls';
import { askBeforeSending } from '../run/ask';
import { label, nics as countOf } from '../run/details';
import { isIdle, primaryOf, serverViolations } from '../policy/guards';
import { refused, rowsOf, savedNics } from './earlier-run';
import { inspectOnce, ready, recordServer } from './inspect';
import { confirmShown, mayHaveGone } from './previous-run';
import { restoreCommand } from '../policy/remedies';
import type { Restoration } from '../run/kinds';
import type { Planned } from '../policy/restore-grades';
import { addressesOf, chosen, isUnfinished, planOf } from '../policy/restore-grades';
import { watch } from '../run/state/seen';
import type { PutBack } from '../policy/undo-log';
import { putBackOf, returning } from '../policy/undo-log';

/** Ends the run if no NIC can be put back. */
export async function planRestore(run: Restoration): Promise<PutBack> {
  const { request, document } = run;
  run.enter('inspecting');
  const { nics: saved } = await savedNics(run);
  const { nics, problems } = chosen(request, saved);
  if (problems.length > 0) throw refused(problems);
  document.nics = rowsOf(nics);
  const seen = await readyServer(run, nics);
  const plan = await grades(run, nics, seen);
  for (const each of plan) describe(run, each);
  const possible = plan.filter(({ why }) => why === null);
  if (possible.length === 0)
    throw refused(plan.map(({ nic, why }) => `NIC ${nic.id} can't be put back: ${why ?? ''}`));
  // NICs that can't be put back stay as they are. Their rows name a remedy.
  if (!request.dryRun)
    for (const { nic, why, newIp } of plan)
      if (why !== null)
        run.row(nic.id).remedy = restoreCommand(document, nic.id, ...(newIp ? ['--allow-new-ip'] : []));
  const open = possible.filter((each) => each.there === null || isUnfinished(each));
  return putBackOf(
    'asked',
    open.map(({ nic: { id, snapshot }, portId }) => ({
      ...returning(id, snapshot, { attach: true, flag: true }),
      // One look is not enough to give up the old port, so the loop looks again before it creates another one.
      portId: portId ?? id,
      created: portId !== null && portId !== id,
    })),
    request.allowNewIp,
  );
}

async function readyServer(run: Restoration, nics: readonly SavedNic[]): Promise<Inspection> {
  const { request } = run;
  let confirmed = false;
  for (let look = 1; ; look++) {
    run.enter(look === 1 ? 'inspecting' : 'waiting', run.document.waitingFor);
    const seen = await inspectOnce(
      run,
      nics.map(({ id }) => id),
      `${countOf(nics.length)} to put back`,
    );
    if (request.projectId !== null && request.projectId !== seen.projectId)
      throw refused([`project ${request.projectId} is not this worker's (${seen.projectId})`]);
    const { server } = seen;
    if (server === null)
      throw refused([`server ${request.serverId} does not exist in this project and region`]);
    const primary = primaryOf(seen);
    recordServer(run, seen, primary.id);
    const problems = [...(primary.problem === null ? [] : [primary.problem]), ...serverViolations(server)];
    if (nics.some(({ id }) => id === primary.id))
      problems.push(`NIC ${primary.id ?? ''} is the primary NIC, which is never touched`);
    if (problems.length > 0) throw refused(problems);
    const passing = !seen.nics.some(({ id }) => id === primary.id)
      ? 'the NIC list does not name the primary NIC'
      : isIdle(server)
        ? null
        : `the server is ${server.status}, ${server.taskState ?? 'idle'}`;
    if (request.dryRun) {
      if (passing !== null) run.warn(`a real run would wait: ${passing}`);
      return seen;
    }
    if (!(await ready(run, passing, true, server))) continue;
    const listed = seen.nics.map(({ id }) => id).filter((id) => nics.some((nic) => nic.id === id));
    const doubtful = confirmed ? [] : mayHaveGone(run, listed);
    if (doubtful.length === 0) return seen;
    // Otherwise the run would say of a NIC that has just gone that it is there, and end with nothing to do.
    confirmed = await confirmShown(run, doubtful);
    if (!confirmed)
      throw refused([`it is not certain which NICs are still on the server (${doubtful.join(', ')})`]);
    watch(run.state, []);
  }
}

async function grades(run: Restoration, nics: readonly SavedNic[], seen: Inspection): Promise<Planned[]> {
  const asked = addressesOf(nics, seen);
  const holders = new Map<string, AddressHolder | null>();
  if (asked.length > 0) {
    const summary = label(`who holds the IPs of ${countOf(asked.length)}?`);
    const addresses = asked.map(({ address }) => address);
    const answer = await askBeforeSending<Exclude<FindAddressesResult, Throttled>>(run, () =>
      read(run, 'findAddresses', summary, { addresses }),
    );
    asked.forEach(({ nic }, index) => holders.set(nic.id, answer.holders[index] ?? null));
  }
  return nics.map((nic) => planOf(nic, seen, holders.get(nic.id) ?? null, run.request));
}

function describe(run: Restoration, { nic, grade, why, there, port }: Planned): void {
  const row = run.row(nic.id);
  row.restore = grade;
  row.message = why;
  row.evidence = { ...row.evidence, list: there?.id === nic.id ? 'present' : 'absent', port };
  if (there === null) return;
  row.message =
    there.id === nic.id ? 'is on the server already' : `port ${there.id} on the server takes its place`;
  if (there.id !== nic.id) row.replacedBy = { id: there.id, mac: there.mac, ip: there.ips[0] ?? null };
}
