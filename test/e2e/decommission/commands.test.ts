/** Decommission runs by the commands of the starter, each a process of its own, against a real stack. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanEnvironment } from '../../../dev/processes';
import { root } from '../../../dev/root';
import type { DecommissionReport, JoinedPlan, ListedServer } from '../../../src/contract';
import { pagesOf } from '../../../src/client/decommission/load';
import { TIMING } from '../../support/e2e';
import { createFleet } from '../../support/fleet';
import { BY, FleetStarter, SETTINGS } from '../../support/fleet-starter';
import type { WatchedStack } from '../../support/watched-stack';
import { startStack } from '../../support/watched-stack';

// eslint-disable-next-line no-control-regex
const ESCAPE = /\u001b/;

describe('decommission by commands', { timeout: 600_000 }, () => {
  let stack: WatchedStack;
  let fleet: FleetStarter;

  beforeAll(async () => {
    stack = await startStack({ label: 'fleet-cli', workerEnv: { ECS_NICS_CLOUD_RPS: '200' } });
    fleet = await FleetStarter.on(stack);
  });
  afterAll(async () => {
    await stack?.close();
    await fleet?.close();
  });

  it('from a list on standard input to the report, each step with the command that the one before has named', async () => {
    const servers = await createFleet(stack.simulator, 5);
    const rows = servers.flatMap(({ serverId, nics }) =>
      (nics as { id: string }[]).map(({ id }) => `${serverId.toUpperCase()},${id}\r`),
    );
    const args = ['start', '-', '--run', 'life', ...SETTINGS, '--waves', '2,100%'];
    const child = spawn(process.execPath, [join(root, 'lib/starter.js'), 'decommission', ...args], {
      env: cleanEnvironment(process.env, stack.starterEnv),
    });
    child.stdin.end(`\ufeff# of Monday\r\nserver_id,nic_id\r\n${rows.join('\n')}\n${rows[0]}\n`);
    const [stdout, stderr] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    expect([child.exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/note: line 18: NIC \S+ is named again: merged/);
    expect(stdout).toContain('5 servers, 15 NICs would be touched');
    expect(stdout).toContain('/workflows/decommission%2Flife/');
    expect(await fleet.sent(servers)).toEqual([0, 0, 0, 0, 0]);

    const plan = await fleet.json<JoinedPlan>('plan', 'life');
    expect(plan.answer).toMatchObject({ servers: 5, nics: 15, waves: [2, 5], excluded: [], nextPage: null });
    expect(plan.answer.planned.map(({ serverId }) => serverId)).toEqual(
      servers.map(({ serverId }) => serverId),
    );
    expect((await fleet.run('plan', 'life', '--format', 'csv')).stdout.split('\n')).toHaveLength(1 + 15 + 1);

    const [command = ''] = /ecs-nics decommission approve .*/.exec(stdout) ?? [];
    expect(command).toContain(`--digest ${plan.answer.digest} --servers 5 --nics 15`);
    const words = command.split(' ').slice(2, -4);
    const wrong = await fleet.json(...words.map((word) => (word === '15' ? '14' : word)), ...BY);
    expect([wrong.code, wrong.answer.error?.type]).toEqual([4, 'NotApplicable']);
    expect(wrong.stderr).toContain('15 NICs');
    // As it is printed, nobody has said who approves.
    expect((await fleet.run(...command.split(' ').slice(2))).code).toBe(2);

    const watching = stack.startStarter(['decommission', 'watch', 'life']);
    const right = await fleet.json(...words, ...BY);
    expect([right.code, right.answer]).toEqual([
      0,
      expect.objectContaining({ phase: 'running', run: 'life' }),
    ]);
    await new Promise<void>((resolve) =>
      watching.onLine('stdout', (line) => {
        if (line.startsWith('phase: paused')) resolve();
      }),
    );
    expect((await fleet.sent(servers)).filter((count) => count > 0)).toHaveLength(2);
    expect((await fleet.json('status', 'life')).answer).toMatchObject({
      phase: 'paused',
      counts: { deleted: 2 },
    });
    expect((await fleet.json('resume', 'life', ...BY)).code).toBe(0);
    const watched = await watching.finished;
    expect([watched.code, watched.stderr]).toEqual([0, '']);
    expect(watched.stdout).not.toMatch(ESCAPE);
    expect(watched.stdout).toMatch(/^order: approve by tester: a test$/m);
    expect(watched.stdout).toMatch(/^phase: running, wave 2 of 2, /m);
    expect(watched.stdout).toMatch(/servers +5 deleted/);

    const report = await fleet.json<DecommissionReport>('report', 'life');
    expect(report.answer).toMatchObject({
      run: 'life',
      outcome: 'done',
      counts: { deleted: 5 },
      unreadable: [],
    });
    const csv = (await fleet.run('report', 'life', '--format', 'csv')).stdout.trim().split('\n');
    expect(csv[0]).toMatch(/^server_id,nic_id,outcome,error_code,message/);
    // Servers in the order of the list, the NICs of each by their ids.
    expect(csv.slice(1).map((line) => line.split(',').slice(0, 3))).toEqual(
      servers.flatMap(({ serverId, nics }) =>
        (nics as { id: string }[])
          .map(({ id }) => id)
          .sort()
          .map((id) => [serverId, id, 'deleted']),
      ),
    );
    const closed = await fleet.json('watch', 'life');
    expect([closed.code, closed.answer.outcome]).toEqual([0, 'done']);
    expect((await fleet.json('pause', 'life', ...BY)).answer.error?.type).toBe('NoOpenRun');

    const again = await fleet.start('life', servers);
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('0 servers, 0 NICs')]);
    expect(await fleet.sent(servers)).toEqual([1, 1, 1, 1, 1]);
  });

  it('a bad list, and nothing is started; every problem in one message', async () => {
    const file = await fleet.list('bad', ['web-01', '3f0b6f0e-2a53-4d59-9d1b-0a2a7e5f1c11 eth0']);
    const { code, answer } = await fleet.json(
      'start',
      file,
      '--run',
      'Bad Name',
      '--waves',
      '10,1',
      '--approve-if',
      '3',
    );
    expect(code).toBe(2);
    const parts = [
      'line 1:',
      'line 2:',
      '"Bad Name"',
      '--waves:',
      '--max-servers:',
      '--approve-if',
      '--reason',
    ];
    for (const part of parts) expect(answer.error?.message).toContain(part);
    expect((await fleet.json('status', 'bad')).code).toBe(1);
    expect((await fleet.json('start', join(fleet.folder, 'nowhere'), '--run', 'x', ...SETTINGS)).code).toBe(
      2,
    );
  });

  it('goes on with an upload that was cut off; another list or other settings are refused', async () => {
    // One that is there, so that the plan waits for an approval.
    const servers: ListedServer[] = [
      ...(await createFleet(stack.simulator, 1)),
      ...Array.from({ length: 89 }, (_, n) => ({
        serverId: `3f0b6f0e-2a53-4d59-9d1b-${String(n).padStart(12, '0')}`,
        nics: 'all' as const,
      })),
    ];
    const pages = pagesOf(servers);
    expect(pages.length).toBeGreaterThan(2);
    const connection = await Connection.connect({ address: stack.temporal.address });
    const client = new Client({ connection, namespace: stack.temporal.namespace });
    const cut = await client.workflow.start('decommission', {
      taskQueue: stack.taskQueue,
      workflowId: 'decommission/cut',
      args: [{ maxServers: 1000, undoWindow: 0, timing: TIMING, requestedBy: 'somebody else' }],
    });
    await cut.executeUpdate('load', { args: [{ page: 1, servers: pages[1] }] });

    const file = await fleet.asLines('cut', servers);
    const other = await fleet.json('start', file, '--run', 'cut', ...SETTINGS, '--strict', '--no-wait');
    expect([other.code, other.answer.error?.type, other.answer.runId]).toEqual([
      4,
      'DifferentRequest',
      cut.firstExecutionRunId,
    ]);
    const ids = await fleet.json('start', file, '--run', 'cut', ...SETTINGS, '--no-wait');
    expect([ids.code, Object.keys(ids.answer).sort()]).toEqual([0, ['runId', 'url', 'workflowId']]);
    expect(ids.answer.runId).toBe(cut.firstExecutionRunId);
    const { answer } = await fleet.json('status', 'cut');
    expect(answer.progress?.listed).toBe(90);
    expect(answer.pages?.map((page) => page.servers)).toEqual(pages.map(({ length }) => length));
    // Once more, when all of it is there.
    expect((await fleet.run('start', file, '--run', 'cut', ...SETTINGS, '--no-wait')).code).toBe(0);
    const shorter = await fleet.json(
      'start',
      await fleet.asLines('other', servers.slice(1)),
      '--run',
      'cut',
      ...SETTINGS,
    );
    expect([shorter.code, shorter.answer.error?.message]).toEqual([
      4,
      expect.stringMatching(/list never changes: choose another --run/),
    ]);
    // Another client loads a page again without our id of the Update.
    await cut.executeUpdate('load', { args: [{ page: 1, servers: pages[1] }] });
    await connection.close();
    expect((await fleet.json('abort', 'cut', ...BY)).code).toBe(0);
    const watched = await fleet.json('watch', 'cut');
    expect([watched.code, watched.answer.outcome]).toEqual([7, 'aborted']);
  });

  it('stops at too many failures with 3, takes no resume, and goes on after a retry', async () => {
    const servers = await createFleet(stack.simulator, 4);
    await fleet.fails(servers[0]!);
    const stopped = await fleet.approved('storm', servers, '--waves', '1,100%', '--pause-after', 'never');
    expect([stopped.code, stopped.stderr]).toEqual([3, '']);
    expect(stopped.stdout).toMatch(/storm · stopped/);
    expect(stopped.stdout).toContain(`--server ${servers[0]!.serverId}`);
    expect((await fleet.sent(servers)).slice(1)).toEqual([0, 0, 0]);
    const resumed = await fleet.json('resume', 'storm', ...BY);
    expect([resumed.code, resumed.answer.error?.message]).toEqual([
      4,
      expect.stringMatching(/raise it with limits, .* again with retry, or leave them with skip/),
    ]);
    expect((await fleet.json('status', 'storm')).code).toBe(0);
    expect((await fleet.json('watch', 'storm')).code).toBe(3);
    const report = await fleet.json<DecommissionReport>('report', 'storm');
    expect([report.code, report.answer.outcome]).toEqual([0, 'running']);
    expect(report.answer.servers.map(({ outcome }) => outcome)).toEqual([
      'failed',
      'waiting',
      'waiting',
      'waiting',
    ]);

    expect((await fleet.json('retry', 'storm', ...BY)).code).toBe(0);
    expect((await fleet.json('resume', 'storm', ...BY)).code).toBe(0);
    const watched = await fleet.json('watch', 'storm');
    expect([watched.code, watched.answer.counts]).toEqual([0, { deleted: 4 }]);
  });

  it('ends with 3 when failures were tolerated; limits, skip and abort are taken or refused with a reason', async () => {
    const servers = await createFleet(stack.simulator, 4);
    await fleet.fails(servers[0]!);
    const paused = await fleet.approved('tolerant', servers, '--waves', '1,100%', '--max-errors', '1');
    expect([paused.code, paused.stdout]).toEqual([0, expect.stringMatching(/tolerant · paused/)]);
    expect((await fleet.run('limits', 'tolerant', ...BY)).code).toBe(2);
    const limited = await fleet.json(
      'limits',
      'tolerant',
      '--concurrency',
      '2',
      '--max-errors',
      '50%',
      ...BY,
    );
    expect([limited.code, limited.answer.maxErrors]).toEqual([0, 2]);
    expect((await fleet.json('skip', 'tolerant', '--server', servers[3]!.serverId, ...BY)).code).toBe(0);
    const undo = await fleet.json('undo', 'tolerant', ...BY);
    expect([undo.code, undo.answer.error?.message]).toEqual([2, expect.stringContaining('--yes')]);
    expect((await fleet.json('commit', 'tolerant', ...BY)).code).toBe(4);
    expect((await fleet.json('resume', 'tolerant', ...BY)).code).toBe(0);
    const watched = await fleet.json('watch', 'tolerant');
    expect([watched.code, watched.answer.outcome]).toEqual([3, 'incomplete']);
    expect(watched.answer.counts).toEqual({ failed: 1, deleted: 2, untouched: 1 });
    const table = (await fleet.run('report', 'tolerant')).stdout;
    expect(table).toMatch(/servers +1 failed, 2 deleted, 1 untouched/);
    expect(table).toMatch(/by code +.*1 Skipped/);
  });

  it('approves only a plan that is as told, and none above its cap', async () => {
    const servers = await createFleet(stack.simulator, 2, (n) => (n === 1 ? { name: 'db-01' } : {}));
    const protect = await fleet.list('protect', ['# never', 'db-01']);
    const other = await fleet.approved('as-told', servers, '--protect', protect);
    expect([other.code, other.stderr]).toEqual([
      4,
      expect.stringContaining('servers=1,nics=3, and --approve-if says servers=2,nics=6'),
    ]);
    expect((await fleet.json('status', 'as-told')).answer).toMatchObject({ phase: 'planned', excluded: 1 });
    await fleet.json('abort', 'as-told', ...BY);
    const file = await fleet.asLines('cap', servers);
    const capped = await fleet.json('start', file, '--run', 'cap', ...SETTINGS, '--max-servers', '1');
    expect([capped.code, capped.answer.phase]).toEqual([4, 'planned']);
    expect(capped.answer.error?.message).toContain('it has 2 servers, and --max-servers is 1');
    await fleet.json('abort', 'cap', ...BY);
    expect(await fleet.sent(servers)).toEqual([0, 0]);
  });

  it('with a window: start ends when it is open, and commit closes it', async () => {
    const servers = await createFleet(stack.simulator, 2);
    const open = await fleet.approved('window', servers, '--waves', '100%', '--undo-window', '1 hour');
    expect([open.code, open.stdout]).toEqual([0, expect.stringMatching(/window · undo-window/)]);
    const committed = await fleet.json('commit', 'window', ...BY);
    expect(committed.code).toBe(0);
    const watched = await fleet.json('watch', 'window');
    expect([watched.code, watched.answer.counts]).toEqual([0, { deleted: 2 }]);
    const late = await fleet.json('undo', 'window', '--yes', ...BY);
    expect([late.code, late.answer.error?.type]).toEqual([1, 'NoOpenRun']);
  });

  it('undo puts everything back: watch says so, and ends well', async () => {
    const servers = await createFleet(stack.simulator, 2);
    const open = await fleet.approved('way-back', servers, '--waves', '100%', '--undo-window', '1 hour');
    expect(open.stdout).toContain('ecs-nics decommission undo way-back --by');
    const stranger = '3f0b6f0e-2a53-4d59-9d1b-0a2a7e5f1c11';
    const unknown = await fleet.run('undo', 'way-back', '--server', stranger, '--yes', ...BY);
    expect([unknown.code, unknown.stderr]).toEqual([4, expect.stringContaining(`list: ${stranger}`)]);
    const undone = await fleet.json('undo', 'way-back', '--yes', ...BY);
    expect([undone.code, undone.answer.phase]).toEqual([0, 'undoing']);
    const watched = await fleet.run('watch', 'way-back');
    expect([watched.code, watched.stdout]).toEqual([
      0,
      expect.stringMatching(/way-back · undone[^]*put back +.*2 of 2/),
    ]);
    const csv = (await fleet.run('report', 'way-back', '--format', 'csv')).stdout;
    expect(csv.split('\n').filter((line) => line.includes(',restored,'))).toHaveLength(6);
  });
});
