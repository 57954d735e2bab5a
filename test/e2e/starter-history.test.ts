/** What was done on servers, by whom and why: `list` and `status` as a process, and the Web UI's list behind them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResultDocument } from '../../src/contract';
import type { Stack } from '../../dev/stack';
import { startStack } from '../support/watched-stack';
import { createServer, TIMING } from '../support/e2e';

interface Listed {
  runs: { runId: string; serverId: string; outcome: string; requestedBy: string; reason: string }[];
  more: boolean;
}
type Answer = Partial<ResultDocument> & { workflowId: string; runId: string };

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ label: 'history', workerEnv: { ECS_NICS_CLOUD_RPS: '50' } });
});
afterAll(async () => {
  await stack?.close();
});

async function json<T>(...args: string[]): Promise<T> {
  const { stdout } = await stack.starter([...args, '--json']);
  return JSON.parse(stdout) as T;
}
const remove = (id: string, nic: string, ...more: string[]) =>
  json<Answer>('delete', id, '--nic', nic, '--yes', '--timing', JSON.stringify(TIMING), ...more);
const by = (who: string, why: string) => ['--requested-by', who, '--reason', why];

describe('history', { timeout: 240_000 }, () => {
  it('each run is found by server, outcome, person and time, and says who asked for it and why', async () => {
    const server = await createServer(stack.simulator, { jobSeconds: 1 });
    const other = await createServer(stack.simulator, { locked: true });
    const [first = '', second = ''] = server.nics;
    const planned = await remove(server.id, first, '--dry-run', ...by('ops', 'a look'));
    const refused = await remove(other.id, other.nics[0] ?? '', ...by('ops', 'TICKET-6'));
    const done = await remove(server.id, `{${first.toUpperCase()}}`, ...by('Ops', 'TICKET-7'));
    expect(done).toMatchObject({ outcome: 'deleted', requestedBy: 'Ops', reason: 'TICKET-7' });
    const middle = new Date().toISOString();
    const last = await remove(server.id.toUpperCase(), second, ...by('janitor', 'TICKET-8'));

    const found = async (...flags: string[]) => (await json<Listed>('list', ...flags)).runs;
    const ids = async (...flags: string[]) => (await found(...flags)).map(({ runId }) => runId);
    expect(await found('--server', server.id)).toMatchObject([
      { runId: last.runId, outcome: 'deleted', requestedBy: 'janitor', reason: 'TICKET-8' },
      { runId: done.runId, outcome: 'deleted', requestedBy: 'Ops', reason: 'TICKET-7' },
    ]);
    expect(await ids('--outcome', 'refused')).toEqual([refused.runId]);
    expect(await ids('--outcome', 'planned')).toEqual([planned.runId]);
    expect(await ids('--requested-by', 'ops')).toEqual([done.runId, refused.runId]);
    expect(await ids('--requested-by', 'ops', '--outcome', 'deleted')).toEqual([done.runId]);
    expect(await ids('--since', middle)).toEqual([last.runId]);
    expect(await ids('--since', '1 hour', '--outcome', 'deleted', '--limit', '1')).toEqual([last.runId]);
    expect(await found('--outcome', 'terminated')).toEqual([]);

    const listed = await stack.starter(['list', '--server', `{${server.id}}`]);
    expect(listed.stdout).toMatch(/deleted +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC +\d+ s +janitor: TICKET-8/);

    // Earlier runs can still be looked at, a dry run and one of another person included.
    const { stdout } = await stack.starter(['status', server.id, '--run-id', done.runId]);
    expect(stdout).toMatch(/✔ deleted: 1 NIC\n[^]*asked by +Ops: TICKET-7\n[^]*run id +(\S+)/);
    expect(stdout).toContain(`--run-id ${done.runId}`);
    expect(await json<Answer>('status', server.id, '--run-id', planned.runId)).toMatchObject({
      workflowId: `nics/${server.id}/plan`,
      outcome: 'planned',
      reason: 'a look',
    });
    const unknown = await stack.starter(['status', server.id, '--run-id', refused.runId]);
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining(`no run ${refused.runId}`)]);
  });
});
