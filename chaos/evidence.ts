/** What is kept of a campaign with violations. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import type { Execution } from './collect';
import type { Facts, Violation } from './judge/facts';
import type { World } from './world';

/** @returns the folder: plan, violations, facts (with the whole ledger), logs of the workers, histories of the runs concerned, or of all if there is no violation */
export function keepEvidence(
  folder: string | null,
  world: World,
  facts: Facts,
  executions: readonly Execution[],
  violations: readonly Violation[],
): string {
  if (folder !== null) mkdirSync(folder, { recursive: true });
  const into = folder ?? mkdtempSync(join(tmpdir(), 'ecs-nics-chaos-evidence-'));
  const write = (name: string, text: string) => writeFileSync(join(into, name), text);
  write('plan.json', JSON.stringify(world.plan, null, 1));
  write('violations.json', JSON.stringify(violations, null, 1));
  write('facts.json', JSON.stringify(facts));
  for (const [n, log] of world.stage.logs.entries()) write(`worker-${n}.log`, log);
  const concerned = new Set(violations.flatMap(({ workflowIds }) => workflowIds));
  mkdirSync(join(into, 'histories'), { recursive: true });
  for (const { workflowId, runId, history } of executions)
    if (violations.length === 0 || concerned.has(workflowId))
      write(join('histories', `${workflowId.replaceAll('/', '_')}_${runId}.json`), historyToJSON(history));
  return into;
}
