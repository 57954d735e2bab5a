/**
 * What the image runs, on every version of Node.js that it may run on: our own, and those of `ECS_NICS_TEST_NODES` (paths, separated as in
 * `PATH`). `.ci/run` installs them; elsewhere they are left out with the reason.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readlinkSync, realpathSync } from 'node:fs';
import { delimiter } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanEnvironment, startProgram } from '../../dev/processes';
import type { Simulator } from '../../dev/simulator';
import { cloudSettings, startSimulator } from '../../dev/simulator';
import type { Temporal } from '../../dev/temporal-server';
import { startTemporal } from '../../dev/temporal-server';
import type { ResultDocument } from '../../src/contract';
import { startStack } from '../support/watched-stack';
import { createServer, TIMING } from '../support/e2e';
import { expectRows, expectTruth } from '../support/truth';

const majorOf = (version: string) => Number(/^v?(\d+)\./.exec(version)?.[1]);
const OTHERS = (process.env.ECS_NICS_TEST_NODES ?? '')
  .split(delimiter)
  .filter(Boolean)
  .map((path) => [execFileSync(path, ['--version'], { encoding: 'utf8' }).trim(), path] as const);
const WANTED = [20, 22, 24].filter((major) => major !== majorOf(process.version));
const MISSING = WANTED.filter((major) => !OTHERS.some(([version]) => majorOf(version) === major));
if (MISSING.length > 0 && !process.env.CI)
  process.stderr.write(
    `[ecs-nics] not tested: Node.js ${MISSING.join(', ')} (ECS_NICS_TEST_NODES=<path>:…)\n`,
  );

it.runIf(process.env.CI)('no version is missing in CI', () => {
  expect(MISSING).toEqual([]);
});

describe.skipIf(OTHERS.length === 0)('worker and starter', { timeout: 120_000 }, () => {
  let temporal: Temporal;
  let simulator: Simulator;
  beforeAll(async () => {
    [temporal, simulator] = await Promise.all([startTemporal(), startSimulator()]);
  });
  afterAll(async () => {
    await temporal?.close();
    await simulator?.close();
  });

  it.concurrent.each(OTHERS)('delete NICs on Node.js %s', async (version, path) => {
    const stack = await startStack({
      label: `node-${majorOf(version)}`,
      ...{ temporal, simulator, node: path },
      workerEnv: { ECS_NICS_CLOUD_RPS: '50' },
    });
    try {
      const exe = `/proc/${stack.worker.pid}/exe`;
      if (existsSync(exe)) expect(readlinkSync(exe)).toBe(realpathSync(path));
      const off = { ECS_NICS_HEALTH_ADDRESS: 'off', ECS_NICS_METRICS_ADDRESS: 'off' };
      const env = cleanEnvironment(process.env, { ...cloudSettings(simulator), ...off, ...stack.starterEnv });
      const { id, nics } = await createServer(simulator);
      const [help, check, deletion] = await Promise.all([
        startProgram('worker.js', ['--help'], env, path).finished,
        startProgram('worker.js', ['--check'], env, path).finished,
        stack.starter(['delete', id, '--all', '--yes', '--json', '--timing', JSON.stringify(TIMING)]),
      ]);
      expect(help).toMatchObject({ code: 0, stderr: '' });
      expect(check.code, check.stdout + check.stderr).toBe(0);
      expect(deletion.code, deletion.stderr).toBe(0);
      const result = JSON.parse(deletion.stdout) as ResultDocument;
      expect(result).toMatchObject({ serverId: id, outcome: 'deleted' });
      expectRows(result, nics);
      await expectTruth(simulator, result);
      expect(await stack.worker.terminate()).toMatchObject({ code: 0 });
      // Such as a deprecation: somebody who runs it would see it.
      expect(stack.worker.log).not.toMatch(/Warning:/);
    } finally {
      await stack.close();
    }
  });
});
