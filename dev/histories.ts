/**
 * `npm run histories [-- <shape>…]`: records the histories that are replayed on every change, with a real Temporal
 * server and the real worker. Needed after a deliberate change of the workflow's commands, and for new shapes.
 *
 * `npm run histories -- --freeze <release>`: copies them for good, see `dev/frozen-histories.ts`.
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { closeOnSignals } from './closing';
import { CURRENT, freeze } from './frozen-histories';
import { play, SHAPES } from './history-shapes';
import { root } from './root';
import { startStack } from './stack';
import { say } from './story';

/** Above what a short run needs, far below the chain of the shape `chain`. */
const SUGGEST_CONTINUE_AS_NEW = 150;

async function main(names: string[]): Promise<void> {
  if (names[0] === '--freeze') {
    const [, release, ...more] = names;
    if (release === undefined || more.length > 0) throw new Error('--freeze wants one name: the release');
    say(`  ${(await freeze(release)).length} histories frozen as ${release}`);
    return;
  }
  const unknown = names.filter((name) => !Object.hasOwn(SHAPES, name));
  if (unknown.length > 0) {
    throw new Error(`no such shape: ${unknown.join(', ')}. There are ${Object.keys(SHAPES).join(', ')}.`);
  }
  const stack = await startStack({
    label: 'histories',
    workerEnv: { ECS_NICS_CLOUD_RPS: '50' },
    temporal: {
      extraArgs: [
        '--dynamic-config-value',
        `limit.historyCount.suggestContinueAsNew=${SUGGEST_CONTINUE_AS_NEW}`,
      ],
    },
  });
  const release = closeOnSignals(stack);
  const connection = await Connection.connect({ address: stack.temporal.address });
  const client = new Client({ connection, namespace: stack.temporal.namespace });
  try {
    await mkdir(CURRENT, { recursive: true });
    for (const name of names.length > 0 ? names : Object.keys(SHAPES)) {
      const workflowId = await play(SHAPES[name] ?? {}, stack, client);
      const runs = await runsOf(client, workflowId);
      for (const file of await readdir(CURRENT)) if (belongsTo(file, name)) await rm(join(CURRENT, file));
      for (const [index, runId] of runs.entries()) {
        const file = `${name}${index === 0 ? '' : `-${index + 1}`}.json`;
        await writeFile(join(CURRENT, file), await recorded(client, workflowId, runId));
        say(`  ${file}`);
      }
    }
  } finally {
    release();
    await connection.close();
    await stack.close();
  }
}

export function belongsTo(file: string, shape: string): boolean {
  return (
    file === `${shape}.json` ||
    (file.startsWith(`${shape}-`) && /^\d+\.json$/.test(file.slice(shape.length + 1)))
  );
}

/** Oldest first. */
async function runsOf(client: Client, workflowId: string): Promise<string[]> {
  const runs: { runId: string; startTime: Date }[] = [];
  for await (const run of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) runs.push(run);
  return runs.sort((a, b) => a.startTime.getTime() - b.startTime.getTime()).map(({ runId }) => runId);
}

/** As JSON, without what names the machine it was recorded on. */
async function recorded(client: Client, workflowId: string, runId: string): Promise<string> {
  const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const text = historyToJSON(history);
  // Stack traces name files: they stay readable from the project's own folder on.
  const here = text.replaceAll(`${root}/`, '');
  return `${here.replaceAll(hostname(), 'recorder').replace(/\d+@recorder[^"]*/g, 'recorder')}\n`;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
