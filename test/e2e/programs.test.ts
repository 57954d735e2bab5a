/** The starter at its edges: bad input, no server, no worker, signals. (The worker at its own: worker.test.ts.) */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanEnvironment, startProgram } from '../../dev/processes';
import type { Stack } from '../../dev/stack';
import { startStack } from '../support/watched-stack';

const SERVER = '3f0b6f0e-2a53-4d59-9d1b-0a2a7e5f1c11';
const NIC = '6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e01';

const run = (file: string, args: string[], env: Record<string, string> = {}) =>
  startProgram(file, args, cleanEnvironment(process.env, { TEMPORAL_ADDRESS: '127.0.0.1:1', ...env }))
    .finished;

describe('the starter without a server', () => {
  it.each([
    ['no NIC', ['delete', SERVER, '--yes'], /--nic|--all/],
    ['both ways', ['delete', SERVER, '--nic', NIC, '--all', '--yes'], /--nic|--all/],
    ['an id that is none', ['delete', 'web-01', '--nic', NIC, '--yes'], /web-01/],
    ['a NIC named twice', ['delete', SERVER, '--nic', NIC, '--nic', NIC, '--yes'], /twice/],
    [
      'an undo window out of range',
      ['delete', SERVER, '--nic', NIC, '--undo-window', '31d', '--yes'],
      /undo-window/,
    ],
    ['an undo by nobody', ['undo', SERVER], /--by: missing[^]*--reason: missing/],
    ['a restore for no reason', ['restore', SERVER, '--by', 'ops'], /--reason: missing/],
    [
      'a deadline out of range',
      ['delete', SERVER, '--nic', NIC, '--deadline', '3 days', '--yes'],
      /deadline/,
    ],
    ['no terminal to ask on', ['delete', SERVER, '--nic', NIC], /--yes/],
    ['an unknown command', ['destroy', SERVER], /destroy|unknown/],
  ])('%s: exit code 2, and nothing on standard output', async (_name, args, expected) => {
    const { code, stdout, stderr } = await run('starter.js', args);
    expect(stderr).toMatch(expected);
    expect([code, stdout]).toEqual([2, '']);
  });

  it('an unreachable Temporal: exit code 1, naming the address', async () => {
    const { code, stderr } = await run('starter.js', ['delete', SERVER, '--nic', NIC, '--yes']);
    expect(code).toBe(1);
    expect(stderr).toContain('127.0.0.1:1');
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe('the starter without a worker', { timeout: 240_000 }, () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ label: 'noworker', startWorker: false });
  });
  afterAll(async () => {
    await stack?.close();
  });

  it('says so, and after 30 s ends with exit code 1: nothing was started, whatever was asked for', async () => {
    const waiting = [[], ['--no-wait'], ['--dry-run']].map(async (more) => {
      const server = randomUUID();
      const args = ['delete', server, '--nic', NIC, '--yes', '--json', ...more];
      const { code, stderr, stdout } = await stack.starter(args);
      expect(code).toBe(1);
      expect(stderr).toContain(stack.taskQueue);
      expect(JSON.parse(stdout)).toMatchObject({ error: { type: 'NoWorker' } });
      const known = await stack.starter(['status', server, '--json']);
      expect([known.code, JSON.parse(known.stdout)]).toMatchObject([1, { error: { type: 'NoRun' } }]);
    });
    await Promise.all(waiting);
  });

  it('Ctrl-C ends the waiting for a worker: nothing was started', async () => {
    const server = randomUUID();
    const starter = stack.startStarter(['delete', server, '--nic', NIC, '--yes']);
    await new Promise<void>((resolve) => starter.onLine('stdout', () => resolve()));
    starter.child.kill('SIGINT');
    const { code, stderr, stdout } = await starter.finished;
    expect(code).toBe(130);
    expect(stdout + stderr).toMatch(/nothing was started/);
  });
});
