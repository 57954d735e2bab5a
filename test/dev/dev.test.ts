/** `npm run demo` and `npm run dev`, as a reader of the README meets them. */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../dev/ports';
import { cleanEnvironment } from '../../dev/processes';
import { root } from '../../dev/root';
import { startTemporal } from '../../dev/temporal-server';

const started: ChildProcess[] = [];
afterEach(() => started.splice(0).forEach((child) => child.kill('SIGTERM')));

function start(file: string, extra: Record<string, string> = {}, ...words: string[]) {
  // Stacks of their own, also where the other tests are to use a server that runs.
  const env = { ...cleanEnvironment(process.env, extra), ECS_NICS_CACHE: process.env.ECS_NICS_CACHE };
  const child = spawn(process.execPath, [join(root, 'lib/dev', file), ...words], { env });
  started.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  return {
    child,
    output: () => output,
    closed: once(child, 'close') as Promise<[number | null]>,
    has: (text: string | RegExp, ms = 110_000) => until(async () => output.search(text) >= 0, ms),
  };
}

describe.each(['dev.js', 'demo.js'])('%s', (file) => {
  const run = (...words: string[]) =>
    spawnSync(process.execPath, [join(root, 'lib/dev', file), ...words], { encoding: 'utf8' });

  it('starts nothing for --help', () => {
    const { status, stdout, stderr } = run('--help');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Usage: npm run (dev|demo)/);
    expect(stdout).not.toMatch(/127\.0\.0\.1/);
  });

  it('starts nothing for what it does not know', () => {
    const { status, stdout, stderr } = run('--fast');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^Usage: npm run (dev|demo)/);
  });
});

describe('npm run dev', { timeout: 240_000 }, () => {
  it('is reached by the commands of the README, and says when its Temporal has died', async () => {
    const dev = start('dev.js');
    expect(await dev.has('Ctrl-C ends it'), dev.output()).toBe(true);
    const fact = (label: string) => new RegExp(`^  ${label} +(.*)$`, 'm').exec(dev.output())?.[1] ?? '';
    expect(fact('queue')).toBe('ecs-nics');

    // No queue is named: the starter's own default has to be the stack's. Its port may be another one where 7233 is taken.
    const address = fact('Temporal').split(' ')[0] ?? '';
    const env = cleanEnvironment(process.env, { TEMPORAL_ADDRESS: address });
    const server = fact('web-01');
    const starter = spawn(
      process.execPath,
      [join(root, 'lib/starter.js'), 'delete', server, '--all', '--dry-run', '--json'],
      { env },
    );
    let answer = '';
    starter.stdout.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    expect(await once(starter, 'close'), answer).toEqual([0, null]);
    expect(JSON.parse(answer)).toMatchObject({ outcome: 'planned', serverId: server });

    const pid = Number(/Temporal +.*\n +process (\d+)/.exec(dev.output())?.[1]);
    process.kill(pid, 'SIGKILL');
    expect(await dev.closed).toEqual([1, null]);
    expect(dev.output()).toContain('The Temporal server ended with SIGKILL: its runs are gone');
  });

  it('keeps to a queue of its own on a server of somebody else’s, and says when that is gone', async () => {
    const owner = await startTemporal({
      env: { ...process.env, TEMPORAL_ADDRESS: undefined },
      log: () => {},
    });
    const dev = start('dev.js', { TEMPORAL_ADDRESS: owner.address });
    expect(await dev.has('Ctrl-C ends it'), dev.output()).toBe(true);
    expect(dev.output()).toMatch(/queue +ecs-nics-dev-[0-9a-f]{8}, of this stack alone/);
    await owner.close();
    expect(await dev.has(`The Temporal server at ${owner.address} does not answer any more.`)).toBe(true);
    dev.child.kill('SIGTERM');
    await dev.closed;
  });
});

/** Of the demo that the gate has run, where it is the gate that tests. */
async function demoOutput(): Promise<string> {
  const file = process.env.ECS_NICS_DEMO_OUTPUT;
  if (file) return readFileSync(file, 'utf8');
  const demo = start('demo.js');
  const [code] = await demo.closed;
  expect(code, demo.output()).toBe(0);
  return demo.output();
}

describe('npm run demo', { timeout: 400_000 }, () => {
  it('has a line at once, counts that add up, and a link that it calls dead', async () => {
    const output = await demoOutput();
    expect(output).toMatch(/^ecs-nics · deleting NICs of a simulated server/m);

    const counts = [...output.matchAll(/^ {2}(\S+) +(\d+) POSTs? took (\d+) NICs? off/gm)];
    const rows = counts.map(([, name = '', posts, off]) => ({
      name,
      posts: Number(posts),
      off: Number(off),
    }));
    const together = rows.pop();
    expect(rows.map(({ name }) => name)).toEqual(['web-01', 'db-01']);
    expect(together).toEqual({
      name: 'together',
      posts: rows.reduce((sum, { posts }) => sum + posts, 0),
      off: rows.reduce((sum, { off }) => sum + off, 0),
    });
    // The reader counts the same verdicts: three NICs of the first server, two of the second.
    expect(rows.map(({ off }) => off)).toEqual([3, 2]);
    const ticks = output.match(/^ {2}✔ /gm)?.length;
    expect(output).toContain(`✔ all ${ticks} checks hold`);

    const end = output.slice(output.indexOf('these lines add up'));
    expect(end).toMatch(/its link is dead[^]*http:\/\/127\.0\.0\.1:\d+\/\S+/);
  });
});
