import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// The program as it is shipped: compiled, run by plain node.
const root = join(__dirname, '../..');
const run = promisify(execFile);
let folder: string;
let program: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ecs-nics-simulator-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  program = join(folder, 'main.js');
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  await run(process.execPath, [tsc, '-p', join(root, 'simulator'), '--outDir', folder]);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('ecs-nics-simulator', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('prints one line, serves, and stops on %s', async (signal) => {
    const child = spawn(process.execPath, [program, '--port', '0', '--servers', '2', '--nics', '3'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const lines: string[] = [];
    const errors: Buffer[] = [];
    child.stderr.on('data', (data: Buffer) => errors.push(data));
    const reader = createInterface(child.stdout).on('line', (line) => lines.push(line));
    await once(reader, 'line');
    const { simulator, project, region } = JSON.parse(lines[0] ?? '') as Record<string, string>;
    expect(simulator).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect([project, region]).toEqual(['0123456789abcdef0123456789abcdef', 'eu-west-101']);
    const { servers } = (await (await fetch(`${simulator}/_sim/servers`)).json()) as {
      servers: { nics: [] }[];
    };
    expect(servers.map((server) => server.nics.length)).toEqual([3, 3]);
    const unsigned = await fetch(`${simulator}/v1/${project}/cloudservers/detail`);
    expect(unsigned.status).toBe(401);
    const exit = once(child, 'exit');
    child.kill(signal);
    expect(await exit).toEqual([0, null]);
    expect(lines).toHaveLength(1);
    expect(Buffer.concat(errors).toString()).toBe('');
  });

  it.skipIf(process.platform !== 'linux')(
    'holds 10,000 servers of four NICs in less than 300 MB',
    async () => {
      const child = spawn(process.execPath, [program, '--port', '0'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      try {
        const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
        const { simulator } = JSON.parse(line) as { simulator: string };
        const answer = await fetch(`${simulator}/_sim/fleet`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ servers: 10_000, nicsPerServer: 4 }),
        });
        const { servers } = (await answer.json()) as { servers: { nics: [] }[] };
        expect(servers).toHaveLength(10_000);
        const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
        // The most that it ever was, the answer of some 10 MB included.
        expect(Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024).toBeLessThan(300);
      } finally {
        child.kill();
      }
    },
  );

  it('takes who may log in, and how long what it gives is valid', async () => {
    const args = [
      '--port',
      '0',
      '--user',
      'u',
      '--token-seconds',
      '60',
      '--agency-key-seconds',
      '90',
      '--no-agency',
    ];
    const env = { ...process.env, SIMULATOR_DOMAIN: 'd', SIMULATOR_PASSWORD: 'p' };
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'], env });
    try {
      const reader = createInterface(child.stdout);
      const [line] = (await once(reader, 'line')) as [string];
      const { simulator, project } = JSON.parse(line) as Record<string, string>;
      const user = { domain: { name: 'd' }, name: 'u', password: 'p' };
      const identity = { methods: ['password'], password: { user } };
      const login = await fetch(`${simulator}/v3/auth/tokens`, {
        method: 'POST',
        body: JSON.stringify({ auth: { identity, scope: { project: { id: project } } } }),
      });
      expect(login.status).toBe(201);
      const { token } = (await login.json()) as { token: Record<'issued_at' | 'expires_at', string> };
      expect(Date.parse(token.expires_at) - Date.parse(token.issued_at)).toBe(60_000);
      const knobs = await (await fetch(`${simulator}/_sim/knobs`)).json();
      expect(knobs).toMatchObject({ agency: false, agencyKeySeconds: 90 });
    } finally {
      child.kill();
    }
  });

  it('explains itself, and refuses a bad command line', async () => {
    const { stdout } = await run(process.execPath, [program, '--help']);
    expect(stdout).toContain('--time-scale');
    await expect(run(process.execPath, [program, '--nics', '13'])).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--nics must be a number from 1 to 12') as string,
    });
    await expect(run(process.execPath, [program, '--nonsense'])).rejects.toMatchObject({ code: 2 });
  });
});
