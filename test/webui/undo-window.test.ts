/** An open undo window in Temporal's Web UI, and the command that stands there, as an operator would paste it. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResultDocument } from '../../src/contract';
import { findTemporal } from '../../dev/temporal-binary';
import type { Truth } from '../../dev/simulator';
import type { Stack } from '../../dev/stack';
import { createServer, TIMING } from '../support/e2e';
import { startStack } from '../support/watched-stack';
import { findChromium, launchChromium, REMEDY } from './browser';
import { RunPage } from './run-page';

const executable = findChromium();
const skipped = executable === undefined && !process.env.CI;
if (skipped) process.stderr.write(`[ecs-nics] the undo window is not looked at in the Web UI: ${REMEDY}\n`);

let stack: Stack;
let browser: Browser;
let page: Page;

describe.skipIf(skipped)('an open undo window', { timeout: 240_000 }, () => {
  beforeAll(async () => {
    if (executable === undefined) throw new Error(REMEDY);
    [stack, browser] = await Promise.all([startStack({ label: 'window' }), launchChromium(executable)]);
    page = await browser.newPage({ viewport: { width: 1440, height: 1_140 } });
  });
  afterAll(async () => {
    await browser?.close();
    await stack?.close();
  });

  it('is shown with its end, and the command that stands there puts everything back', async () => {
    const { id, nics } = await createServer(stack.simulator, { name: 'web-01' });
    const { code, stdout, stderr } = await stack.starter([
      ...['delete', id, '--all', '--undo-window', '1 day', '--yes', '--json'],
      ...['--timing', JSON.stringify(TIMING)],
    ]);
    expect(code, stderr).toBe(0);
    const { url, undoUntil } = JSON.parse(stdout) as ResultDocument & { url: string };
    const until = (undoUntil ?? '').slice(0, 19).replace('T', ' ');

    const ui = new RunPage(page, url);
    await ui.open('timeline');
    await ui.label('setPortFlags • keep the port of 3 NICs');
    await ui.label(/^undo possible for 24 h, until /);
    await ui.open('user-metadata');
    const shown = await ui.says(
      'current-details',
      ...['Detached; ports kept for an undo', 'Phase: undo-window', `Undo possible until ${until} UTC`],
      ...nics.map((nic) => `detached ${nic}`),
    );
    await ui.shoot('run-window');

    const command = /temporal (workflow update execute .*--name undo .*)/.exec(shown)?.[1] ?? '';
    // As a shell would split it.
    const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
    const program = await findTemporal({ ...process.env, TEMPORAL_ADDRESS: undefined }, () => {});
    if (program.kind !== 'binary') throw new Error('no temporal CLI');
    const execute = (args: string[]) =>
      promisify(execFile)(program.path, [...args, '--output', 'json'], {
        env: { ...process.env, ...stack.temporal.env },
      });
    await expect(execute(words)).rejects.toThrow('"YOU" is a placeholder');
    const filledIn = words.map((word) => word.replace('YOU', 'ops').replace('WHY', 'T-7'));
    expect((await execute(filledIn)).stdout).toContain('"undone"');
    const truth = await stack.simulator.get<Truth>(`/_sim/truth/${id}`);
    expect(truth.nics.map(({ state }) => state)).toEqual(Array(4).fill('on-server'));
    await ui.comesToSay('Done: undone', 'undo asked for by ops', ...nics.map((nic) => `restored ${nic}`));
  });
});
