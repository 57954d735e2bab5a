/** The worker's log tells the story of a run, and the audit file keeps what has changed something. */
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../../dev/ports';
import { EVENT_FIELDS } from '../../src/contract/events';
import { createServer, TIMING } from '../support/e2e';
import { approve, createFleet, startFleet } from '../support/fleet';
import type { WatchedStack } from '../support/watched-stack';
import { startStack } from '../support/watched-stack';
import { Client, Connection } from '@temporalio/client';

interface Line {
  event?: string;
  level: string;
  time: string;
  server?: string;
  fleet?: string;
  msg: string;
  [field: string]: unknown;
}

let stack: WatchedStack;
let audit: string;

beforeAll(async () => {
  audit = join(await mkdtemp(join(tmpdir(), 'ecs-nics-')), 'audit.jsonl');
  stack = await startStack({
    label: 'log',
    workerEnv: { ECS_NICS_AUDIT_LOG: audit, ECS_NICS_CLOUD_RPS: '50' },
  });
});
afterAll(() => stack?.close());

const linesOf = (text: string) =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line)
    // What a workflow tells is written after its task, a moment late.
    .sort((one, other) => Date.parse(one.time) - Date.parse(other.time));
const isOf = (subject: string) => (line: Line) => line.server === subject || line.fleet === subject;
/** The lines of one server, or of one decommission run itself, up to its end. */
async function story(subject: string, end: string): Promise<Line[]> {
  const told = () => linesOf(stack.worker.log).filter(isOf(subject));
  await until(() => Promise.resolve(told().some(({ event }) => event === end)), 60_000);
  return told();
}
const starter = async (...args: string[]) => {
  const { code, stderr } = await stack.starter([...args, '--json']);
  return { code, stderr };
};

it('of a run that is undone: who asked for what, what was sent and changed, and the end', async () => {
  const { id, nics } = await createServer(stack.simulator, { nics: [{ primary: true }, {}], jobSeconds: 1 });
  const timing = JSON.stringify(TIMING);
  const why = ['--requested-by', 'ops', '--reason', 'ticket 8'];
  const asked = [
    'delete',
    id,
    '--nic',
    nics[0] ?? '',
    '--undo-window',
    '1 hour',
    '--timing',
    timing,
    '--yes',
    ...why,
  ];
  expect((await starter(...asked, '--no-wait')).code).toBe(0);
  await story(id, 'window.opened');
  expect((await starter('undo', id, '--by', 'night shift', '--reason', 'wrong server')).code).toBe(0);
  const told = await story(id, 'run.ended');
  expect(told.map(({ event }) => event)).toEqual([
    'run.started',
    'flags.set',
    'submission.accepted',
    'job.ended',
    'window.opened',
    'run.decided',
    'submission.accepted',
    'job.ended',
    'flags.set',
    'nic.verdict',
    'run.ended',
  ]);
  expect(told[0]).toMatchObject({ requestedBy: 'ops', reason: 'ticket 8', nics: 1 });
  expect(told[5]?.msg).toBe('night shift decides: undo, since wrong server');
  expect(new Set(told.map(({ level }) => level))).toEqual(new Set(['info']));
  const keys = [...Object.keys(EVENT_FIELDS), 'msg', 'service'];
  for (const line of told) {
    expect(Object.keys(line).filter((key) => !keys.includes(key))).toEqual([]);
    expect(line).toMatchObject({ workflowId: `nics/${id}`, runId: expect.any(String) as string });
  }
  const kept = linesOf(await readFile(audit, 'utf8')).filter(isOf(id));
  expect(kept.map(({ event }) => event)).toEqual([
    'run.started',
    'flags.set',
    'submission.accepted',
    'run.decided',
    'submission.accepted',
    'flags.set',
    'run.ended',
  ]);
});

it('of a run that is refused: two lines, no stack, and no warning', async () => {
  const { id, primary } = await createServer(stack.simulator, { nics: [{ primary: true }, {}] });
  expect((await starter('delete', id, '--nic', primary, '--yes')).code).toBe(4);
  const told = await story(id, 'run.ended');
  expect(told.map(({ event, level }) => `${event} ${level}`)).toEqual(['run.started info', 'run.ended info']);
  expect(told[1]).toMatchObject({
    outcome: 'refused',
    message: expect.stringContaining('primary NIC') as string,
  });
  expect(JSON.stringify(told)).not.toContain('stack');
});

it('of a decommission run: its phases, who has decided what, and the end', async () => {
  const { address, namespace } = stack.temporal;
  const connection = await Connection.connect({ address });
  const bed = { stack, client: new Client({ connection, namespace }) };
  const servers = await createFleet(stack.simulator, 2, () => ({ jobSeconds: 1 }));
  const fleet = await startFleet(bed, servers, {
    run: 'told',
    settings: { waves: '100%', pauseAfter: 'never', reason: 'end of life' },
  });
  await approve(fleet);
  await fleet.handle.result();
  await connection.close();
  const told = (await story('told', 'fleet.ended')).filter(({ event }) => event?.startsWith('fleet.'));
  expect(told.map(({ event, phase, what }) => [event, phase ?? what].filter(Boolean).join(' '))).toEqual([
    'fleet.started',
    'fleet.phase loading',
    'fleet.phase planning',
    'fleet.phase planned',
    'fleet.decided approve',
    'fleet.phase running',
    'fleet.phase committing',
    'fleet.ended',
  ]);
  expect(told.at(-1)).toMatchObject({ outcome: 'done', counts: '2 deleted' });
});
