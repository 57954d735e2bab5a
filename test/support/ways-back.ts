/** Runs that take NICs off and put them back; the cloud's own state is the judge. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowUpdateRPCTimeoutOrCancelledError, WorkflowUpdateStage } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import { expect } from 'vitest';
import type { NicOutcome, ResultDocument, RunOutcome } from '../../src/contract';
import { until } from '../../dev/ports';
import { askUpdate } from '../../src/client/update';
import type { ServerState } from '../../simulator';
import { differences } from '../../simulator';
import { createServer, TIMING } from './e2e';
import type { Bed } from './moments';
import { documentOf, END_WITHIN_MS, ledgerOf, observedBetween } from './moments';
import { expectTruth } from './truth';

/** Everything that a restore has to bring back, on the first NIC that goes. */
const RICH = {
  name: 'eth1',
  securityGroups: ['6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e02', '6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e01'],
  allowedAddressPairs: [{ ip_address: '10.9.0.0/24' }],
  extraDhcpOpts: [{ opt_name: '51', opt_value: '24h' }],
  elasticIp: true,
};
export const WHO = { by: 'ops', reason: 'T-8' };

export interface WayBack {
  name: string;
  serverId: string;
  /** The two NICs that go, in the order of the request. */
  targets: string[];
  before: ServerState;
  handle: WorkflowHandle;
  /** Ends the faults that it was begun with. */
  lift: () => Promise<void>;
}

export const stateOf = ({ simulator }: Pick<Bed, 'simulator'>, serverId: string): Promise<ServerState> =>
  simulator.get<ServerState>(`/_sim/servers/${serverId}/state`);

export interface Fault {
  match: { class: string };
  what: object;
  times?: number;
}

/** A port that is made belongs to no server yet. */
export const OF_NO_SERVER = 'port-create';

/** Resolves to what ends it: for a fault that lasts until all is prepared. */
export async function setFault(
  { simulator }: Bed,
  serverId: string,
  { match, ...fault }: Fault,
): Promise<() => Promise<void>> {
  const whose = match.class === OF_NO_SERVER ? {} : { serverId };
  const { id } = await simulator.post<{ id: string }>('/_sim/faults', {
    ...fault,
    match: { ...match, ...whose },
  });
  return () => simulator.control('DELETE', `/_sim/faults/${id}`);
}

/** Starts a run that takes two NICs off a server of its own. */
export async function startDeletion(
  bed: Bed,
  name: string,
  request: object,
  { jobSeconds = 1, faults = [] as Fault[] } = {},
): Promise<WayBack> {
  const nics = [{ primary: true }, RICH, {}];
  const { id, nics: targets } = await createServer(bed.simulator, { nics, jobSeconds });
  const before = await stateOf(bed, id);
  const lifts = await Promise.all(faults.map((fault) => setFault(bed, id, fault)));
  const handle = await bed.client.workflow.start('deleteServerNics', {
    taskQueue: bed.taskQueue,
    workflowId: `nics/${id}`,
    args: [
      {
        serverId: id,
        nics: targets.map((nic) => ({ id: nic })),
        allowElasticIp: true,
        timing: TIMING,
        ...request,
      },
    ],
  });
  const lift = async () => void (await Promise.all(lifts.map((each) => each())));
  return { name, serverId: id, targets, before, handle, lift };
}

/** Starts the run that puts back what this one, which has ended, took off. */
export async function startRestore(bed: Bed, way: WayBack): Promise<WayBack> {
  const { workflowId } = way.handle;
  const { runId } = await way.handle.describe();
  const handle = await bed.client.workflow.start('restoreServerNics', {
    taskQueue: bed.taskQueue,
    workflowId,
    args: [{ serverId: way.serverId, from: { workflowId, runId }, nics: 'all', timing: TIMING }],
  });
  return { ...way, handle };
}

const ask = ({ handle }: WayBack, name: string, who?: typeof WHO) =>
  askUpdate({
    send: (updateId) => {
      const options = { updateId, waitForStage: WorkflowUpdateStage.ACCEPTED } as const;
      return who === undefined
        ? handle.startUpdate(name, options)
        : handle.startUpdate(name, { args: [who], ...options });
    },
    // Workers die on the way.
    isPassing: (error) => error instanceof WorkflowUpdateRPCTimeoutOrCancelledError,
  });

async function answered(way: WayBack, name: string): Promise<ResultDocument | null> {
  const answer = await ask(way, name).answer;
  if (answer.kind !== 'done') throw new Error(`${way.name}, ${name}: ${JSON.stringify(answer)}`);
  return answer.document;
}

export async function settled(way: WayBack): Promise<ResultDocument> {
  const document = await answered(way, 'settled');
  if (document === null) throw new Error(`${way.name}, settled: no document`);
  return document;
}

export async function submitted(way: WayBack): Promise<void> {
  await answered(way, 'submitted');
}

/** Resolves when the run has taken note. */
export async function decide(way: WayBack, what: 'undo' | 'commit'): Promise<void> {
  const asking = ask(way, what, WHO);
  const refused = asking.answer.then((answer) => {
    if (answer.kind !== 'done') throw new Error(`${way.name}, ${what}: ${JSON.stringify(answer)}`);
  });
  // Told here when the run refuses it first.
  refused.catch(() => undefined);
  const isAccepted = until(() => Promise.resolve(asking.accepted), END_WITHIN_MS);
  const wasHeard = await Promise.race([isAccepted, refused.then(() => true)]);
  if (!wasHeard) throw new Error(`${way.name}, ${what}: the run took no note of it`);
}

export interface End {
  outcome: RunOutcome;
  nics: readonly NicOutcome[];
}

/** Who they are aside: what a NIC looks like to the guest's neighbours. */
const faces = ({ nics }: ServerState) => nics.map((nic) => ({ ...nic, id: '', mac: '' }));

/**
 * The document says what was wanted, and the truth; the server is what it was before – field by field where ports were kept,
 * but for id and MAC where they were made anew, without its NICs where they were deleted – and no port is left over.
 */
export async function judgeBack(bed: Bed, way: WayBack, wanted: End): Promise<ResultDocument> {
  const document = await Promise.race([endOf(way), sleep(END_WITHIN_MS)]);
  const who = `${way.name}, server ${way.serverId}`;
  if (document === undefined) throw new Error(`${who}: has not ended`);
  const told = { outcome: document.outcome, nics: document.nics.map(({ outcome }) => outcome) };
  expect(told, `${who}: ${JSON.stringify(document.nics.map(({ message }) => message))}`).toEqual(wanted);
  expect(
    document.nics.flatMap(({ remedy }) => remedy ?? []),
    who,
  ).toEqual([]);
  await expectTruth(bed.simulator, document);
  const after = await stateOf(bed, way.serverId);
  const back = wanted.nics.every((outcome) => outcome === 'restored' || outcome === 'still-attached');
  const anew = wanted.nics.includes('recreated');
  if (back) expect(differences(way.before, after), who).toEqual([]);
  else if (anew) expect(faces(after), who).toEqual(faces(way.before));
  else {
    const rest = way.before.nics.filter(({ id }) => !way.targets.includes(id));
    expect(after.nics, who).toEqual(rest);
  }
  for (const { id, differences: fields } of document.nics)
    expect(
      fields.map(({ field }) => field),
      `${who}, NIC ${id}`,
    ).toEqual(anew ? ['mac'] : []);
  const { requests } = await ledgerOf(bed, way.serverId);
  for (const kind of ['delete', 'attach'] as const) observedBetween(requests, kind, who);
  const { nics } = await bed.simulator.get<{ nics: { id: string; state: string }[] }>(
    `/_sim/truth/${way.serverId}`,
  );
  const kept = nics.filter(({ state }) => state === 'port-kept').map(({ id }) => id);
  expect(kept, `${who}: ports on no server`).toEqual([]);
  return document;
}

/** Cancelled runs have no result; their status stays. */
async function endOf({ handle }: WayBack): Promise<ResultDocument> {
  try {
    return await documentOf(handle);
  } catch (error) {
    const { status } = await handle.describe();
    if (status.name !== 'CANCELLED') throw error;
    return handle.query<ResultDocument>('status');
  }
}

/** Ports that were asked for and ended up nowhere: once every run has ended, there should be none. */
export async function lostPorts({ simulator }: Pick<Bed, 'simulator'>): Promise<string[]> {
  const { effects } = await simulator.get<{ effects: { kind: string; portId: string; by: string }[] }>(
    '/_sim/ledger',
  );
  const of = (kind: string) =>
    new Set(effects.flatMap((effect) => (effect.kind === kind ? effect.portId : [])));
  const found = new Set([...of('nic-attached'), ...of('port-deleted')]);
  return effects
    .filter(({ kind, by, portId }) => kind === 'port-created' && by === 'request' && !found.has(portId))
    .map(({ portId }) => portId);
}
