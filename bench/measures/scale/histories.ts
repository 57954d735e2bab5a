/** How long the histories of a decommission run are: of the run and its pages all, of its servers' own runs some. */
import type { Bed } from '../../bed';
import type { DecommissionRun } from '../../../dev/decommission-run';
import { sideBySide } from '../../side-by-side';
import type { Target } from '../../targets';

/** Of so many servers, evenly spread: what one server costs differs little from what another costs. */
const SAMPLED = 100;
const SIDE_BY_SIDE = 20;

export interface Lengths {
  /** All in, per server. */
  events: number;
  /** Of the longest history. */
  mostEvents: number;
  mostBytes: number;
}

export async function lengthsOf(
  { client }: Bed,
  run: DecommissionRun,
  targets: readonly Target[],
): Promise<Lengths> {
  const { pages } = await run.status();
  const step = Math.max(1, targets.length / SAMPLED);
  const sampled = Array.from({ length: Math.min(SAMPLED, targets.length) }, (_, n) => Math.floor(n * step));
  const servers = sampled.map((index) => `nics/${targets[index]?.serverId}`);
  const ofServers = (await sideBySide(servers, SIDE_BY_SIDE, describe)).flat();
  const above = [run.handle.workflowId, ...pages.map(({ workflowId }) => workflowId)];
  const ofPages = (await sideBySide(above, SIDE_BY_SIDE, describe)).flat();
  const sum = (all: readonly Length[]) => all.reduce((total, { events }) => total + events, 0);
  const all = [...ofServers, ...ofPages];
  return {
    events: sum(ofServers) / servers.length + sum(ofPages) / targets.length,
    mostEvents: Math.max(...all.map(({ events }) => events)),
    mostBytes: Math.max(...all.map(({ bytes }) => bytes)),
  };

  /** Of each run of the chain; without the histories themselves, which would take longer than the run. */
  async function describe(workflowId: string): Promise<Length[]> {
    const lengths: Length[] = [];
    for await (const { runId } of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) {
      const { historyLength, historySize } = await client.workflow.getHandle(workflowId, runId).describe();
      lengths.push({ events: historyLength, bytes: historySize ?? 0 });
    }
    return lengths;
  }
}

interface Length {
  events: number;
  bytes: number;
}
