/** The starter on a real pseudo terminal: the question, the live view, colours, Ctrl-C, and what is left on the screen. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanEnvironment } from '../../dev/processes';
import { root } from '../../dev/root';
import type { Stack } from '../../dev/stack';
import { startStack } from '../support/watched-stack';
import { widthOf } from '../../src/cli/format';
import { Terminal, hasPython, hidesCursor, screenOf } from '../cli/terminal';
import { createServer, posts, TIMING, untilPosted } from '../support/e2e';

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
// eslint-disable-next-line no-control-regex
const COLOUR = /\u001b\[\d+(;\d+)*m/;
const SPINNER = /[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/;

let stack: Stack;

/** Without what the test runner says about colours. */
function environment(env: Record<string, string> = {}): NodeJS.ProcessEnv {
  const kept = { ...process.env };
  delete kept.NO_COLOR;
  delete kept.FORCE_COLOR;
  return cleanEnvironment(kept, { ...stack.starterEnv, ...env });
}

function starter(
  args: string[],
  size = { columns: 80, rows: 24 },
  env: Record<string, string> = {},
): Terminal {
  const command = [process.execPath, join(root, 'lib/starter.js'), ...args];
  return new Terminal(size.columns, size.rows, command, environment(env));
}

const deleteArgs = (id: string, more: string[] = []) => [
  ...['delete', id, '--all', '--timing', JSON.stringify(TIMING)],
  ...more,
];

describe.runIf(hasPython)('on a terminal', { timeout: 240_000 }, () => {
  beforeAll(async () => {
    stack = await startStack({ label: 'terminal', workerEnv: { ECS_NICS_CLOUD_RPS: '50' } });
  });
  afterAll(async () => {
    await stack?.close();
  });

  it('asks before kept ports are deleted, and shows them; a no leaves them', async () => {
    const server = await createServer(stack.simulator, { nics: 2 });
    const [port] = server.nics;
    const kept = await stack.starter([...deleteArgs(server.id, ['--keep-port']), '--yes']);
    expect(kept.code).toBe(0);
    expect(kept.stdout).toContain(`ecs-nics release ${server.id} --nic ${port}`);
    const release = ['release', server.id, '--nic', port!, '--by', 'ops', '--reason', 'T-17'];
    const no = starter(release);
    await no.until(/Delete this port\? \[y\/N\] /);
    const asked = no.screen().join('\n');
    for (const said of [`Server  ${server.id}`, `Port    ${port}`, 'kept by']) expect(asked).toContain(said);
    expect(asked).toMatch(/cannot\s+be undone/);
    for (const line of no.screen()) expect(widthOf(line)).toBeLessThanOrEqual(80);
    no.type('n\r');
    expect(await no.exitCode).toBe(2);
    const list = starter(['ports', '--server', server.id]);
    expect(await list.exitCode).toBe(0);
    expect(list.screen().join('\n')).toContain(port);
    for (const line of list.screen()) expect(widthOf(line)).toBeLessThanOrEqual(80);
    const yes = starter(release);
    await yes.until(/\[y\/N\] /);
    yes.type('y\r');
    expect(await yes.exitCode).toBe(0);
    expect(yes.screen().join('\n')).toContain('✔ deleted: 1 NIC');
  });

  it.each([
    ['80x24', { columns: 80, rows: 24 }],
    ['60x24', { columns: 60, rows: 24 }],
    ['45x8', { columns: 45, rows: 8 }],
  ])(
    '%s: asks, redraws in place without a line too long, and leaves the report alone',
    async (_name, size) => {
      const server = await createServer(stack.simulator, { jobSeconds: 3, nics: 6, name: '数据库服务器-01' });
      const terminal = starter(deleteArgs(server.id), size);
      await terminal.until(/\[y\/N\] /);
      expect(terminal.screen().join('\n')).toMatch(/cannot\s+be undone/);
      terminal.type('y\r');
      expect(await terminal.exitCode).toBe(0);

      const frames = terminal.frames();
      // About five a second.
      expect(frames.length).toBeGreaterThan(5);
      for (const frame of frames) {
        expect(frame.length).toBeLessThan(size.rows);
        for (const line of frame) expect(widthOf(line)).toBeLessThan(size.columns);
        expect(frame[0]).toMatch(SPINNER);
        expect(frame.at(-1)).toContain('Ctrl-C stops watching');
      }
      expect(frames.some((frame) => frame.join().includes('polling'))).toBe(true);
      const screen = terminal.screen();
      expect(screen.join('\n')).toContain('✔ deleted: 5 NICs');
      expect(screen.filter((line) => SPINNER.test(line) || line.includes('Ctrl-C'))).toEqual([]);
      // No id is broken but by a terminal that is narrower than that.
      for (const id of server.nics) expect(screen.some((line) => line.includes(id))).toBe(true);
      expect(hidesCursor(terminal.written)).toBe(false);
      expect(terminal.written).toMatch(COLOUR);
    },
  );

  it('NO_COLOR: still live, without a colour', async () => {
    const server = await createServer(stack.simulator, { jobSeconds: 2 });
    const terminal = starter(deleteArgs(server.id, ['--yes']), undefined, { NO_COLOR: '1' });
    expect(await terminal.exitCode).toBe(0);
    expect(terminal.frames().length).toBeGreaterThan(2);
    expect(terminal.written).not.toMatch(COLOUR);
  });

  it('TERM=dumb: plain lines, one per change', async () => {
    const server = await createServer(stack.simulator);
    const terminal = starter(deleteArgs(server.id, ['--yes']), undefined, { TERM: 'dumb' });
    expect(await terminal.exitCode).toBe(0);
    // eslint-disable-next-line no-control-regex
    expect(terminal.written).not.toMatch(/\u001b/);
    expect(terminal.written).toMatch(/phase: polling\r\n/);
  });

  it.each([
    ['n and Enter', 'n\r', 2],
    ['just Enter', '\r', 2],
    ['Ctrl-D', CTRL_D, 2],
    ['Ctrl-C', CTRL_C, 130],
  ])('the question answered by %s: nothing is started', async (_name, typed, exit) => {
    const server = await createServer(stack.simulator);
    const terminal = starter(deleteArgs(server.id));
    await terminal.until(/\[y\/N\] /);
    terminal.type(typed);
    expect(await terminal.exitCode).toBe(exit);
    expect(terminal.screen().join('\n')).toContain('nothing was started');
    expect((await stack.starter(['status', server.id])).stderr).toContain('no run is known');
  });

  it('a plan that is refused ends with 4 before any question', async () => {
    const server = await createServer(stack.simulator);
    const terminal = starter(['delete', server.id, '--nic', server.primary]);
    expect(await terminal.exitCode).toBe(4);
    expect(terminal.written).not.toContain('[y/N]');
    expect(terminal.screen().join('\n')).toMatch(/nothing was started[^]*primary/);
    expect(await posts(stack.simulator, server.id)).toBe(0);
  });

  it('the question says which server and NICs, how they could come back, and until when', async () => {
    const server = await createServer(stack.simulator, { name: 'web-42' });
    const terminal = starter(deleteArgs(server.id, ['--undo-window', '24 hours']), {
      columns: 100,
      rows: 40,
    });
    await terminal.until(/\[y\/N\] /);
    const screen = terminal.screen().join('\n');
    expect(screen).toContain(`web-42 (${server.id})`);
    for (const id of server.nics) expect(screen).toMatch(new RegExp(`${id} +[0-9.]+ +would go +exact`));
    expect(screen).toMatch(/Way back:\s+exact: the same port/);
    expect(screen).toMatch(/until about \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\s+UTC/);
    terminal.type('n\r');
    expect(await terminal.exitCode).toBe(2);
  });

  it('a run that is open for another request is told before any question', async () => {
    const server = await createServer(stack.simulator, { jobSeconds: 600 });
    const open = starter(['delete', server.id, '--nic', server.nics[0] ?? '', '--yes', '--no-wait']);
    expect(await open.exitCode).toBe(0);
    const terminal = starter(deleteArgs(server.id));
    expect(await terminal.exitCode).toBe(4);
    expect(terminal.written).not.toContain('[y/N]');
    expect(terminal.screen().join('\n')).toMatch(/another run[^]*is open on this server/);
  });

  it('--quiet: the verdict alone', async () => {
    const server = await createServer(stack.simulator, { jobSeconds: 2 });
    const terminal = starter(deleteArgs(server.id, ['--yes', '--quiet']));
    expect(await terminal.exitCode).toBe(0);
    expect(terminal.frames()).toEqual([]);
    const screen = terminal.screen().join('\n');
    expect(screen).toMatch(/✔ deleted: 3 NICs[^]*run id/);
    expect(screen).not.toMatch(/deletion started|phase:/);
  });

  it('Ctrl-C in the live view: 130, the block is gone, the run goes on', async () => {
    const server = await createServer(stack.simulator, { jobSeconds: 4 });
    const terminal = starter(deleteArgs(server.id, ['--yes']));
    await terminal.until(/polling/);
    terminal.type(CTRL_C);
    expect(await terminal.exitCode).toBe(130);
    const screen = terminal.screen();
    expect(screen.join('\n')).toContain('stopped waiting; the run goes on.');
    expect(screen.filter((line) => SPINNER.test(line))).toEqual([]);
    expect(hidesCursor(terminal.written)).toBe(false);

    const watching = starter(['watch', server.id]);
    expect(await watching.exitCode).toBe(0);
    expect(await posts(stack.simulator, server.id)).toBe(1);
  });

  it('a terminal that becomes narrower is cleaned up all the same', async () => {
    const server = await createServer(stack.simulator, { jobSeconds: 4 });
    const terminal = starter(deleteArgs(server.id, ['--yes']));
    await terminal.until(/polling/);
    const drawn = terminal.written.length;
    terminal.resize(50, 24);
    expect(await terminal.exitCode).toBe(0);
    // What stood there at 80 columns takes more lines at 50, and as many are erased.
    const shown = terminal.written.slice(0, drawn);
    // eslint-disable-next-line no-control-regex
    const ups = [...terminal.written.slice(drawn).matchAll(/\u001b\[(\d+)A/g)].map(([, n]) => Number(n));
    const block = screenOf(shown, 80).filter((line) => SPINNER.test(line)).length;
    expect(block).toBe(1);
    expect(Math.max(...ups)).toBeGreaterThan(ups.at(-1) ?? 0);
  });

  it('--json with the document in a pipe: nothing for people on the terminal, unless something is wrong', async () => {
    const server = await createServer(stack.simulator, { jobSeconds: 2 });
    const args = deleteArgs(server.id, ['--yes', '--json']).map((arg) => `'${arg}'`);
    const shell = `'${process.execPath}' '${join(root, 'lib/starter.js')}' ${args.join(' ')} | tr -d '\\n' | sed 's/^/DOCUMENT /'`;
    const terminal = new Terminal(80, 24, ['sh', '-c', shell], environment());
    expect(await terminal.exitCode).toBe(0);
    expect(terminal.frames()).toEqual([]);
    expect(terminal.screen().join('\n')).not.toMatch(/deletion started|phase:|Web UI|✔/);
    const document = /DOCUMENT (\{.*\})/.exec(terminal.written)?.[1] ?? '';
    expect(JSON.parse(document)).toMatchObject({ outcome: 'deleted', serverId: server.id });
  });

  it('status, list and setup fit 80 columns but for links and commands', async () => {
    const server = await createServer(stack.simulator, {
      name: 'a-server-with-quite-a-long-name',
      // Longer than four commands take on a busy machine: `poll-now` is for runs that are open.
      jobSeconds: 3_600,
    });
    const first = starter(deleteArgs(server.id, ['--yes', '--no-wait']));
    expect(await first.exitCode).toBe(0);
    await untilPosted(stack.simulator, server.id);
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    for (const args of [['status', server.id], ['list'], ['setup'], ['poll-now', server.id]]) {
      const terminal = starter(args);
      expect(await terminal.exitCode).toBe(0);
      const lines = terminal.written.split('\r\n').map((text) => screenOf(text, 1_000)[0] ?? '');
      expect(lines.length).toBeGreaterThan(2);
      for (const line of lines)
        if (!/https?:/.test(line)) expect(widthOf(line), line).toBeLessThanOrEqual(80);
    }
  });
});
