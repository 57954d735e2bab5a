/** Single requests, and what is sent to their runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { naiveStart } from '../bench/subjects';
import { reset } from '../dev/reset';
import { serverWorkflowId, SIGNAL_POLL_NOW, WORKFLOW_TYPE } from '../src/contract';
import type { AgainPlan, Message, RestorePlan, SinglePlan, Wanted } from './plan';
import { PACE } from './plan';
import type { ServerRecord, World } from './world';
import { chosen, oneOf, WHO } from './world';

/** Of somebody who waits for one server: before the fleets. */
const INTERACTIVE = { priorityKey: 2 };

/** Far above the time that a validator takes. */
const REFUSED_WITHIN_MS = 1_500;

export const naiveId = (serverId: string): string => `naive/${serverId}`;

export async function playSingle(world: World, plan: SinglePlan): Promise<void> {
  const server = await world.makeServer(plan.server);
  await world.arm(server, plan.server);
  world.tally.add('started', 'single requests');
  await start(world, server, plan.wanted, plan.promised);
  await Promise.all(plan.messages.map((message) => later(world, server, message)));
}

export async function playAgain(world: World, { share }: AgainPlan): Promise<void> {
  const server = oneOf(world.servers, share);
  if (server === undefined) return;
  world.tally.add('started', 'single requests');
  await start(world, server, 'all', {});
}

export async function playRestore(world: World, { share }: RestorePlan): Promise<void> {
  const server = oneOf(world.servers, share);
  if (server === undefined || world.stage.subject === 'naive') return;
  const { serverId } = server;
  const workflowId = serverWorkflowId(serverId);
  const last = await world.ask((client) => client.workflow.getHandle(workflowId).describe());
  if (last === null || last.type !== WORKFLOW_TYPE.deleteServerNics) return;
  world.tally.add('started', 'restores');
  const from = { workflowId, runId: last.runId };
  await world.tell('restore', (client) =>
    client.workflow.start(WORKFLOW_TYPE.restoreServerNics, {
      ...{ taskQueue: world.stage.taskQueue, workflowId, priority: INTERACTIVE },
      args: [{ serverId, from, nics: 'all', requestedBy: WHO.by, reason: WHO.reason, timing: PACE }],
    }),
  );
}

export async function start(
  world: World,
  server: ServerRecord,
  wanted: Wanted,
  promised: object,
): Promise<void> {
  const { stage, plan } = world;
  const { serverId, nics } = server;
  if (stage.subject === 'naive') {
    const named = chosen(wanted, server);
    const nicIds = named === 'all' ? nics : named.map(({ id }) => id);
    await world.tell('start', (client) =>
      naiveStart(client, stage.taskQueue, { serverId, nicIds }, { pollMs: 1_000 }),
    );
    return;
  }
  const input = {
    ...{ serverId, nics: chosen(wanted, server), timing: PACE, deadline: plan.deadline },
    ...{ requestedBy: WHO.by, reason: WHO.reason },
    ...promised,
  };
  await world.tell('start', (client) =>
    client.workflow.start(WORKFLOW_TYPE.deleteServerNics, {
      ...{ taskQueue: stage.taskQueue, workflowId: serverWorkflowId(serverId), priority: INTERACTIVE },
      args: [input],
    }),
  );
}

async function later(world: World, { serverId }: ServerRecord, message: Message): Promise<void> {
  await sleep(message.afterMs);
  if (world.ending) return;
  const naive = world.stage.subject === 'naive';
  const workflowId = naive ? naiveId(serverId) : serverWorkflowId(serverId);
  const handle = (client: Client) => client.workflow.getHandle(workflowId);
  switch (message.what) {
    case 'cancel':
    case 'terminate':
      return intervene(world, message.what, workflowId, 0);
    case 'reset':
      return intervene(world, 'reset', workflowId, message.share);
    case 'pollNow':
      if (!naive) await world.tell('pollNow', (client) => handle(client).signal(SIGNAL_POLL_NOW));
      return;
    case 'submitted':
    case 'settled':
      if (!naive) await world.tell(message.what, (client) => handle(client).executeUpdate(message.what));
      return;
    case 'undo':
    case 'commit':
      // The naive worker knows no messages.
      if (!naive) await decide(world, message.what, workflowId);
      return;
  }
}

/** A refusal comes at once. What is accepted is done whether or not somebody waits for it. */
export function decide(world: World, what: 'undo' | 'commit', workflowId: string): Promise<boolean> {
  return world.tell(what, async (client) => {
    const handle = client.workflow.getHandle(workflowId);
    const update = await handle.startUpdate(what, { args: [WHO], waitForStage: 'ACCEPTED' });
    await Promise.race([update.result(), sleep(REFUSED_WITHIN_MS)]);
  });
}

/** With Temporal's own means. */
export async function intervene(
  world: World,
  what: 'cancel' | 'terminate' | 'reset',
  workflowId: string,
  share: number,
): Promise<void> {
  const kind = kindOf(workflowId);
  const done = await world.tell(what, (client) => {
    const handle = client.workflow.getHandle(workflowId);
    if (what === 'cancel') return handle.cancel();
    return what === 'terminate' ? handle.terminate('chaos') : reset(client, workflowId, { share });
  });
  const groups = { cancel: 'cancellations', terminate: 'terminations', reset: 'resets' } as const;
  if (done) world.tally.add(groups[what], kind);
}

function kindOf(workflowId: string): string {
  if (!workflowId.startsWith('decommission/')) return 'of a server';
  return workflowId.includes('/pages/') ? 'of a page' : 'of a decommission run';
}
