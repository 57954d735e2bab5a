/** Plays a plan: everything at its time, then an end of all faults, then an end of all runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultSpec } from '../simulator';
import { decommissionOf, decommissionWorkflowId } from '../src/contract';
import { playFleet } from './fleets';
import type { Action, OutsidePlan } from './plan';
import { decide, intervene, playAgain, playRestore, playSingle } from './requests';
import type { World } from './world';
import { oneOf } from './world';

const TELL_EVERY_MS = 10_000;
const LOOK_EVERY_MS = 2_000;

/**
 * How long runs may take to end when nothing hinders them any more: the longest deadline (90 s, which moves on with down time), once more
 * for a server that is taken up again, a way back that waits for a horizon, and as much again.
 */
const END_WITHIN_MS = 420_000;

type Struck = Pick<FaultSpec, 'what'> & { struck: number };

export interface Ended {
  /** Workflow ids of runs without an end. */
  leftOpen: string[];
  /** When all faults had ended, in epoch ms. */
  healedAt: number;
}

export async function play(world: World, say: (line: string) => void): Promise<Ended> {
  const { stage, plan } = world;
  const { simulator } = stage;
  if (Object.keys(plan.knobs).length > 0) await simulator.control('PATCH', '/_sim/knobs', plan.knobs);
  const began = Date.now();
  const told = telling(world, began, say);
  const acts: Promise<unknown>[] = [];
  let fleets = 0;
  for (const action of plan.actions) {
    await sleep(Math.max(0, began + action.at - Date.now()));
    const act = perform(world, action, action.kind === 'fleet' ? fleets++ : 0);
    // What can't be done then, because the server is away, is no violation: how runs end is.
    acts.push(act.catch((error: unknown) => say(`${action.kind}: ${String(error)}`)));
  }
  await sleep(Math.max(0, began + plan.ms - Date.now()));
  world.ending = true;
  await countFaults(world);
  await simulator.control('DELETE', '/_sim/faults');
  await stage.heal();
  for (const { serverId } of world.servers)
    await simulator.control('PATCH', `/_sim/servers/${serverId}`, {
      ...{ status: 'ACTIVE', taskState: null, locked: false, frozen: false },
    });
  const healedAt = Date.now();
  say('all faults have ended; the runs come to their ends');
  const leftOpen = await ends(world, healedAt + END_WITHIN_MS);
  await Promise.race([Promise.all(acts), sleep(leftOpen.length === 0 ? 30_000 : 0)]);
  told.stop();
  return { leftOpen, healedAt };
}

async function perform(world: World, action: Action, number: number): Promise<void> {
  const { stage } = world;
  switch (action.kind) {
    case 'single':
      return playSingle(world, action);
    case 'again':
      return playAgain(world, action);
    case 'restore':
      return playRestore(world, action);
    case 'fleet':
      return playFleet(world, action, number);
    case 'outside':
      return meddle(world, action);
    case 'weather': {
      const { id } = await stage.simulator.post<{ id: string }>('/_sim/faults', action.fault);
      await sleep(action.ms);
      await countFaults(world, id);
      if (!world.ending) await stage.simulator.control('DELETE', `/_sim/faults/${id}`);
      return;
    }
    case 'kill':
    case 'freeze':
    case 'kill-temporal':
    case 'cut':
      return stage.disturb(action);
  }
}

async function meddle(world: World, { what, whom, share, task }: OutsidePlan): Promise<void> {
  const open = (await world.openIds()) ?? [];
  const isPage = (id: string) => id.includes('/pages/');
  const isRun = (id: string) => id.startsWith('decommission/') && !isPage(id);
  const one = oneOf(
    open.filter((id) =>
      whom === 'page' ? isPage(id) : whom === 'run' ? isRun(id) : !isPage(id) && !isRun(id),
    ),
    share,
  );
  if (one !== undefined) await intervene(world, what, one, task);
}

/** Every fault is counted once: when it is taken away. */
async function countFaults(world: World, id?: string): Promise<void> {
  const { faults } = await world.stage.simulator.get<{ faults: (Struck & { id: string })[] }>('/_sim/faults');
  for (const { what, struck, id: of } of faults)
    if (struck > 0 && (id === undefined || of === id) && !world.counted.has(of)) {
      world.counted.add(of);
      world.tally.add('faults', what.kind, struck);
    }
}

/** People close open windows, and wait. */
async function ends(world: World, until: number): Promise<string[]> {
  for (;;) {
    const open = await world.openIds();
    if (open?.length === 0) return [];
    if (Date.now() > until) return open ?? ['the server does not answer'];
    for (const workflowId of open ?? []) {
      // A page whose run was terminated, or was reset and has forgotten it, would ask for the run in some hours.
      const fleet = decommissionOf(workflowId);
      if (fleet !== undefined && fleet.page !== null && !open?.includes(decommissionWorkflowId(fleet.run)))
        await intervene(world, 'cancel', workflowId, 0);
      if (!workflowId.startsWith('nics/')) continue;
      const status = await world.ask((client) =>
        client.workflow.getHandle(workflowId).query<{ phase?: string }>('status'),
      );
      if (status?.phase !== 'undo-window') continue;
      // A run that was reset changes nothing any more, and says so: its window would stay open to its end.
      if (!(await decide(world, 'commit', workflowId))) await intervene(world, 'cancel', workflowId, 0);
    }
    await sleep(LOOK_EVERY_MS);
  }
}

function telling(world: World, began: number, say: (line: string) => void): { stop(): void } {
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    void line(world, began)
      .then(say)
      .catch(() => undefined)
      .finally(() => (busy = false));
  }, TELL_EVERY_MS);
  return { stop: () => clearInterval(timer) };
}

async function line(world: World, began: number): Promise<string> {
  const { tally, stage } = world;
  const open = await world.openIds();
  const at = `${String(Math.round((Date.now() - began) / 1_000)).padStart(4)} s`;
  const phases = world.fleets.map(({ phase }) => phase).filter((phase) => phase !== 'closed');
  const fleets = phases.length === 0 ? '' : `, decommission runs ${phases.join(', ')}`;
  const servers = open?.filter((id) => /^(nics|naive)\//.test(id)).length;
  const underWay = open === null ? 'Temporal is away' : `${servers} runs on servers${fleets}`;
  const { faults } = await stage.simulator.get<{ faults: Struck[] }>('/_sim/faults');
  const struck = faults.reduce((sum, fault) => sum + fault.struck, 0);
  const count = (word: RegExp) => stage.troubles.filter(({ what }) => word.test(what)).length;
  return (
    `${at}  ${underWay}; so far ${world.servers.length} servers, ${tally.total('faults') + struck} faults, ` +
    `${count(/^kill/)} kills, ${count(/ cut/)} cuts, ${tally.total('messages')} messages, ` +
    `${tally.total('terminations')} terminations, ${tally.total('resets')} resets`
  );
}
