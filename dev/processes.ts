/** Programs of the stack as child processes: their output, their end, and an environment without surprises. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { dieWithUs } from './guard';
import { root } from './root';

/** What would reach a real cloud, a real Temporal or the settings of a real worker. */
const OF_THE_USER = /^(TEMPORAL|HUAWEICLOUD|HW|OS|ECS_NICS|SIMULATOR)_/;

/** The environment for our children: the user's, without whatever could lead them out of the stack. */
export function cleanEnvironment(env: NodeJS.ProcessEnv, extra: Record<string, string>): NodeJS.ProcessEnv {
  const kept = Object.fromEntries(Object.entries(env).filter(([name]) => !OF_THE_USER.test(name)));
  // gRPC goes through a proxy that the environment names, loopback or not, unless it is exempted.
  const direct = ['127.0.0.1', 'localhost', env.no_proxy ?? env.NO_PROXY].filter(Boolean).join(',');
  return { ...kept, no_proxy: direct, NO_PROXY: direct, ...extra };
}

/** A stack may stay up for days: of each output only the last characters are kept. */
const KEPT = 20_000_000;

export interface Finished {
  /** `null` when a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  pid: number;
  /** What it has written so far. */
  stdout(): string;
  stderr(): string;
  onLine(stream: 'stdout' | 'stderr', listener: (line: string) => void): void;
  /** Resolves when it has ended and its output is complete. Never rejects. */
  finished: Promise<Finished>;
}

/** Starts `node lib/<file>`; a group of its own, so that Ctrl-C reaches it through us, in our order. `node`: another Node.js. */
export function startProgram(
  file: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  node = process.execPath,
): Running {
  const child = spawn(node, [join(root, 'lib', file), ...args], {
    env,
    cwd: root,
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  dieWithUs(child);
  const text = { stdout: '', stderr: '' };
  const listeners = { stdout: new Set<(line: string) => void>(), stderr: new Set<(line: string) => void>() };
  for (const name of ['stdout', 'stderr'] as const) {
    let rest = '';
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] = (text[name] + chunk).slice(-KEPT);
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) for (const listener of listeners[name]) listener(line);
    });
  }
  return {
    child,
    pid: child.pid ?? -1,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    onLine: (stream, listener) => void listeners[stream].add(listener),
    finished: new Promise((fulfil) => {
      child.once('error', (error) => fulfil({ code: null, signal: null, ...text, stderr: error.message }));
      child.once('close', (code, signal) => fulfil({ code, signal, ...text }));
    }),
  };
}

/** Ends a child: politely, and after `graceMs` for certain; with 0 at once. */
export function stop(child: ChildProcess, graceMs = 5_000): Promise<void> {
  return new Promise((fulfil) => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return fulfil();
    const kill = setTimeout(() => child.kill('SIGKILL'), graceMs);
    child.once('exit', () => {
      clearTimeout(kill);
      fulfil();
    });
    child.kill(graceMs === 0 ? 'SIGKILL' : 'SIGTERM');
    // One that was stopped in a test would hear it only when it goes on.
    child.kill('SIGCONT');
  });
}
