/** Who waits for a decommission run: on a terminal, until Ctrl-C, and while nobody answers. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanEnvironment } from '../../../dev/processes';
import { root } from '../../../dev/root';
import { createFleet } from '../../support/fleet';
import { BY, FleetStarter } from '../../support/fleet-starter';
import type { WatchedStack } from '../../support/watched-stack';
import { startStack } from '../../support/watched-stack';
import { Terminal, hasPython } from '../../cli/terminal';

describe('waiting for a decommission run', { timeout: 600_000 }, () => {
  let stack: WatchedStack;
  let fleet: FleetStarter;

  beforeAll(async () => {
    stack = await startStack({ label: 'fleet-wait', workerEnv: { ECS_NICS_CLOUD_RPS: '200' } });
    fleet = await FleetStarter.on(stack);
  });
  afterAll(async () => {
    await stack?.close();
    await fleet?.close();
  });

  it('Ctrl-C ends the watching with 130, and the run goes on', async () => {
    const servers = await createFleet(stack.simulator, 1, () => ({ jobSeconds: 5 }));
    await fleet.start('goes-on', servers, '--no-wait');
    const watching = stack.startStarter(['decommission', 'watch', 'goes-on', '--json']);
    await new Promise<void>((resolve) =>
      watching.onLine('stderr', (line) => {
        if (line.startsWith('phase: planned')) resolve();
      }),
    );
    watching.child.kill('SIGINT');
    const { code, stdout, stderr } = await watching.finished;
    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ phase: 'planned', error: { type: 'Interrupted' } });
    expect(stderr).toContain('the run goes on');
    expect((await fleet.json('abort', 'goes-on', ...BY)).code).toBe(0);
  });

  it.runIf(hasPython)('on a terminal: one screen, redrawn in place', async () => {
    const servers = await createFleet(stack.simulator, 6, () => ({ jobSeconds: 3 }));
    await fleet.start('screen', servers, '--waves', '1,100%', '--pause-after', 'never', '--no-wait');
    const command = [process.execPath, join(root, 'lib/starter.js'), 'decommission', 'watch', 'screen'];
    const env = { ...process.env };
    delete env.NO_COLOR;
    delete env.FORCE_COLOR;
    const terminal = new Terminal(80, 24, command, cleanEnvironment(env, stack.starterEnv));
    await terminal.until(/planned/);
    const { digest, servers: count, nics } = (await fleet.json('status', 'screen')).answer;
    const counts = ['--digest', digest ?? '', '--servers', String(count), '--nics', String(nics)];
    await fleet.json('approve', 'screen', ...counts, ...BY);
    expect(await terminal.exitCode).toBe(0);
    const frames = terminal.frames();
    for (const line of frames.flat()) expect(line.length, line).toBeLessThan(80);
    const all = frames.map((lines) => lines.join('\n'));
    expect(all.some((frame) => /wave 1 .*█+ 1 of 1\n.*wave 2 .*░ 0 of 5/.test(frame))).toBe(true);
    expect(all.some((frame) => /now: pause, .*abort/.test(frame))).toBe(true);
    // The screen is gone, the report stays.
    expect(terminal.screen().join('\n')).toMatch(/screen · done/);
    expect(terminal.screen().join('\n')).not.toContain('Ctrl-C');
  });

  it('without a worker: a message and a question end with 1, and say why', async () => {
    const servers = await createFleet(stack.simulator, 2);
    await fleet.start('alone', servers);
    await stack.worker.kill();
    const paused = await fleet.json('abort', 'alone', ...BY);
    expect([paused.code, paused.answer.error?.message]).toEqual([
      1,
      expect.stringMatching(
        /(no worker polls|its worker .* has just ended).*may or may not have received the message/,
      ),
    ]);
    const status = await fleet.json('status', 'alone');
    expect([status.code, status.answer.error?.type]).toEqual([1, 'NoAnswer']);
    stack.worker.start();
    await stack.worker.ready(stack.temporal, stack.taskQueue);
    // The same again is safe, whatever has become of the first one.
    expect([0, 1, 4]).toContain((await fleet.json('abort', 'alone', ...BY)).code);
    const watched = await fleet.json('watch', 'alone');
    expect([watched.code, watched.answer.outcome]).toEqual([7, 'aborted']);
  });
});
