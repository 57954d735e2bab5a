/** Plays a decommission run from its start to the end of everything that it has started. */
import { defaultPayloadConverter } from '@temporalio/common';
import { FleetServer } from '../../engine/fleet/server';
import type { Trouble } from '../../engine/fleet/trouble';
import { troubleOf } from '../../engine/fleet/trouble';
import type { Sandbox } from '../../engine/replica';
import type { World } from '../../engine/world';
import { Operator, RUN_ID } from './operator';
import type { FleetPlan } from './plan';
import type { Stage } from './stage';
import { stageOf } from './stage';

export interface FleetPlayed {
  plan: FleetPlan;
  world: World;
  stage: Stage;
  server: FleetServer;
  operator: Operator;
  startedAt: number;
  /** What is still open when nothing more happens, or for too long. */
  leftOpen: string[];
}

/** The page of a run that was terminated asks for it every 6 hours; while the run is open nothing takes so long. */
const LIMIT_MS = 14 * 3_600_000;
const RUN_LIMIT_MS = 4 * 3_600_000;
/** Ten times as many as a usual schedule has. */
const MOST_TASKS = 1_500;

/** @param trouble instead of some of what the seed draws */
export async function playFleet(
  plan: FleetPlan,
  world: World,
  sandbox: Sandbox,
  trouble: Partial<Trouble> = {},
): Promise<FleetPlayed> {
  const startedAt = world.clock.now();
  const stage = stageOf(plan, world);
  const server = new FleetServer(world, sandbox, {
    seed: plan.seed,
    trouble: { ...troubleOf(plan.seed, plan.trouble, startedAt), ...trouble },
    continueAfter: plan.continueAfter ?? Infinity,
    standIn: stage.standIn,
  });
  const operator = new Operator(plan, server, stage);
  const listed = stage.servers.filter(({ plan: { protectedBy } }) => protectedBy === 'list');
  const input = { ...plan.settings, protect: listed.map(({ id }) => id) };
  server.start({
    workflowId: RUN_ID,
    type: 'decommission',
    input: [defaultPayloadConverter.toPayload(input)],
  });
  operator.begin();
  try {
    const limitMs = () => (server.isOpen(RUN_ID) ? RUN_LIMIT_MS : LIMIT_MS);
    const isDue = () => server.now < startedAt + limitMs() && server.record.tasks < MOST_TASKS;
    while (server.openIds().length > 0 && isDue()) if (!(await server.timeline.step())) break;
    return { plan, world, stage, server, operator, startedAt, leftOpen: server.openIds() };
  } finally {
    await server.dispose();
  }
}
