/** On what the figures were measured: without it they can't be compared with anything. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { root } from '../dev/root';
import type { Stack } from '../dev/stack';

export interface Machine {
  cpu: string;
  cores: number;
  memoryGiB: number;
  os: string;
  node: string;
  sdk: string;
  /** The server's version, and where it comes from. */
  temporal: string;
  /** Load averages of 1, 5 and 15 minutes before the first measurement. */
  load: number[];
  commit: string;
}

interface On {
  client: Client;
  stack: Stack;
}

export async function describeMachine({ client, stack }: On): Promise<Machine> {
  const { serverVersion } = await client.connection.workflowService.getSystemInfo({});
  const { version } = JSON.parse(
    readFileSync(join(root, 'node_modules/@temporalio/worker/package.json'), 'utf8'),
  ) as { version: string };
  return {
    cpu: cpus()[0]?.model.trim() || 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${type()} ${release()}`,
    node: process.version,
    sdk: version,
    temporal: `server ${serverVersion} · ${stack.temporal.origin}`,
    load: loadavg().map((value) => Math.round(value * 100) / 100),
    commit: commit(),
  };
}

/** The commit that is checked out, and whether anything differs from it. */
function commit(): string {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', root, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    return (
      git('rev-parse', '--short=12', 'HEAD') + (git('status', '--porcelain') === '' ? '' : ', with changes')
    );
  } catch {
    return 'unknown (no git)';
  }
}

export function machineLines(machine: Machine): [string, string][] {
  return [
    ['CPU', `${machine.cpu} · ${machine.cores} cores · ${machine.memoryGiB} GiB`],
    ['OS', machine.os],
    ['Node.js', `${machine.node} · Temporal SDK ${machine.sdk}`],
    ['Temporal', machine.temporal],
    ['load', machine.load.join(' ')],
    ['commit', machine.commit],
  ];
}
