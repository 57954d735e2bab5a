/** Temporal's Web UI in a real Chromium: what an operator sees of a run there, and what the buttons do. */
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ResultDocument } from '../../src/contract';
import type { Truth } from '../../dev/simulator';
import type { Stack } from '../../dev/stack';
import { startStack } from '../support/watched-stack';
import { createServer, posts, untilPosted } from '../support/e2e';
import { expectTruth } from '../support/truth';
import { findChromium, launchChromium, REMEDY } from './browser';
import { RunPage, shows } from './run-page';

const executable = findChromium();
const missing =
  executable === undefined
    ? REMEDY
    : process.env.TEMPORAL_ADDRESS && !process.env.TEMPORAL_UI_URL
      ? 'TEMPORAL_ADDRESS is set: say in TEMPORAL_UI_URL where the Web UI of that server is'
      : undefined;
// Whoever can't look at it can still run the other tests; a gate that does not look proves nothing.
const skipped = missing !== undefined && !process.env.CI;
if (skipped) process.stderr.write(`[ecs-nics] the Web UI is not tested: ${missing}\n`);

const HOSTILE =
  '<img src=x onerror=window.hacked=1> **bold** [x](javascript:window.hacked=1) https://evil.example';
/** Jobs end when a test moves the simulated clock past them. */
const LIVE_JOB_S = 1_000;
const LONG_JOB_S = 10_000;
const TIMING = { firstPoll: '2s', pollInterval: '3s', settle: '1s', verifyFor: '1s', busyWait: '1s' };

interface Started {
  serverId: string;
  nics: string[];
  workflowId: string;
  runId: string;
  url: string;
}

let stack: Stack;
let connection: Connection;
let client: Client;
let browser: Browser;
let page: Page;
let runs: Record<'live' | 'failed' | 'hostile' | 'cancelled' | 'waiting', Started>;

/** By the real starter, as an operator would. */
async function start(
  server: Record<string, unknown>,
  timing: object = TIMING,
  reason = 'rack R12 is taken down',
) {
  const { id, nics } = await createServer(stack.simulator, server);
  const wanted = nics.slice(0, 2);
  if (server.name === 'db-01') {
    await stack.simulator.post('/_sim/faults', {
      match: { class: 'delete', serverId: id },
      what: { kind: 'partial-failure', nics: [1], code: 'Ecs.0507' },
    });
  }
  const by = reason === HOSTILE ? HOSTILE : 'alice@example.com';
  const { code, stdout, stderr } = await stack.starter([
    ...['delete', id, ...wanted.flatMap((nic) => ['--nic', nic]), '--yes', '--no-wait', '--json'],
    ...['--timing', JSON.stringify(timing), '--requested-by', by, '--reason', reason],
  ]);
  expect(code, stderr).toBe(0);
  await untilPosted(stack.simulator, id);
  return { serverId: id, nics: wanted, ...(JSON.parse(stdout) as Omit<Started, 'serverId' | 'nics'>) };
}

const handleOf = (run: Started) => client.workflow.getHandle(run.workflowId, run.runId);
const advance = (seconds: number) => stack.simulator.post('/_sim/clock/advance', { ms: seconds * 1_000 });

describe.skipIf(skipped)('the Web UI', { timeout: 240_000 }, () => {
  beforeAll(async () => {
    if (executable === undefined || missing !== undefined) throw new Error(missing);
    const launched = launchChromium(executable).then((it) => (browser = it));
    stack = await startStack({ label: 'web-ui', workerEnv: { ECS_NICS_CLOUD_RPS: '50' } });
    connection = await Connection.connect({ address: stack.temporal.address });
    client = new Client({ connection, namespace: stack.temporal.namespace });
    await launched;
    // Long jobs would be INIT for minutes.
    await stack.simulator.control('PATCH', '/_sim/knobs', { jobInitShare: 0.0001 });
    const all = await Promise.all([
      start({ name: 'web-01', jobSeconds: LIVE_JOB_S }),
      start({ name: 'db-01', jobSeconds: 1 }, { ...TIMING, firstPoll: '500ms' }),
      start({ name: HOSTILE, jobSeconds: LONG_JOB_S }, { ...TIMING, firstPoll: '30 minutes' }, HOSTILE),
      start({ name: 'web-02', jobSeconds: LONG_JOB_S }),
      start({ name: 'web-03', jobSeconds: LONG_JOB_S }, { ...TIMING, firstPoll: '30 minutes' }),
    ]);
    runs = { live: all[0], failed: all[1], hostile: all[2], cancelled: all[3], waiting: all[4] };
  });
  afterAll(async () => {
    await browser?.close();
    await connection?.close();
    await stack?.close();
  });
  beforeEach(async () => {
    page = await browser.newPage({ viewport: { width: 1440, height: 1_140 } });
    page.setDefaultTimeout(90_000);
  });
  afterEach(async () => {
    await page?.close();
  });

  it('shows a polling run: request, current details, search attributes, labels', async () => {
    const run = runs.live;
    const ui = new RunPage(page, run.url);
    await ui.open('user-metadata');
    await ui.says('summary', `Delete 2 NICs of ${run.serverId}`);
    await ui.says(
      'details',
      ...run.nics,
      'Requested by: alice@example.com',
      'Reason: rack R12 is taken down',
    );
    const [nicA = '', nicB = ''] = run.nics;
    const { jobs } = await handleOf(run).query<ResultDocument>('status');
    const shown = await ui.comesToSay(
      ...[
        'The cloud is working on it',
        'Phase: polling',
        'Server: web-01',
        `Job ${jobs[0]?.id ?? ''}: RUNNING`,
      ],
      ...[`no verdict yet ${nicA} 10.`, `no verdict yet ${nicB} 10.`, /polls: [1-9]/],
      /Next look: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/,
      `temporal workflow signal --name pollNow --workflow-id ${run.workflowId}`,
      `temporal workflow cancel --workflow-id ${run.workflowId}`,
    );
    await ui.shoot('run-details');

    // It is live: the count goes on.
    const polls = Number(/polls: (\d+)/.exec(shown)?.[1]);
    const later = Array.from({ length: 100 }, (_, n) => polls + 1 + n);
    await ui.comesToSay(new RegExp(`polls: (${later.join('|')})\\b`));

    await ui.open('search-attributes');
    await shows(page.locator('body'), ...[`"EcsServerId": "${run.serverId}"`, '"NicsPhase": "polling"']);

    await ui.open('timeline');
    await ui.label(/^inspectServer • .*2 NICs to delete$/);
    await ui.label('deleteNics • 2 NICs of web-01');
    await ui.label(/^poll 1 in 2 s · INIT 0 s$/);
    await ui.label(/^getJobStatus • poll 1 · INIT \d+ s · 2 NICs$/);
    await ui.label(/^poll \d+ in \d+ s · RUNNING \d+ s$/);

    await advance(LIVE_JOB_S);
    await handleOf(run).result();
    await ui.open('timeline');
    await ui.hasStatus('COMPLETED');
    await ui.label(/^listNics • 2nd reading of web-01: 2 NICs without verdict$/);
    await ui.shoot('run-timeline');
  });

  it('shows of a failed run why, NIC by NIC', async () => {
    const run = runs.failed;
    const ui = new RunPage(page, run.url);
    await expect(handleOf(run).result()).rejects.toBeInstanceOf(WorkflowFailedError);
    const why = `1 of 2 NICs still attached: ${run.nics[1]} Ecs.0507 (delete nic failed)`;
    await ui.open('timeline');
    await ui.hasStatus('FAILED');
    await shows(page.locator('body'), new RegExp(`"message": "${why.replace(/[.()]/g, '\\$&')}"`));
    await ui.open('user-metadata');
    await ui.says(
      'current-details',
      ...['Done: not-deleted', `Why: ${why}`, 'Server: db-01', 'Phase: done'],
      ...[`deleted ${run.nics[0]}`, `still-attached ${run.nics[1]}`, '(Ecs.0507): delete nic failed'],
      `ecs-nics delete ${run.serverId} --nic ${run.nics[1]}`,
    );
    await ui.shoot('run-failed');
    await ui.open('search-attributes');
    await shows(page.locator('body'), '"NicsOutcome": "not-deleted"', '"NicsPhase": "done"');
  });

  it("shows strangers' texts as they are written, and lets them do nothing", async () => {
    const run = runs.hostile;
    const ui = new RunPage(page, run.url);
    let dialogs = 0;
    page.on('dialog', (dialog) => {
      dialogs++;
      void dialog.dismiss();
    });
    await ui.open('user-metadata');
    await ui.says('details', `Requested by: ${HOSTILE}`, `Reason: ${HOSTILE}`);
    await ui.comesToSay(`Server: ${HOSTILE}`, 'Phase: polling');
    for (const box of ['summary', 'details', 'current-details'] as const) {
      expect(await ui.box(box).locator('img, a, script, svg, iframe').count(), `elements in ${box}`).toBe(0);
      expect(await ui.box(box).getByText('bold', { exact: true }).count(), `bold text in ${box}`).toBe(0);
    }
    const flags = () => Promise.all(page.frames().map((frame) => frame.evaluate('window.hacked ?? null')));
    expect(new Set(await flags())).toEqual(new Set([null]));

    await ui.open('timeline');
    await ui.label('deleteNics • 2 NICs of <img src=x onerror=window.hacked=1> **bold** [x](jav');
    expect(await page.locator('img[src="x"], a[href^="javascript:"]').count()).toBe(0);
    expect(new Set(await flags())).toEqual(new Set([null]));
    expect(dialogs).toBe(0);
  });

  it('cancels by its own button: the job is observed to its end first', async () => {
    const run = runs.cancelled;
    const ui = new RunPage(page, run.url);
    await ui.open('user-metadata');
    await ui.comesToSay('Phase: polling');
    await page.getByRole('button', { name: 'Request Cancellation' }).click();
    const dialog = page.locator('dialog[open]');
    await shows(dialog, 'Cancel Workflow');
    await dialog.getByRole('button', { name: 'Confirm' }).click();
    const asked = await ui.comesToSay('Cancel requested: the cloud cannot stop its job');
    expect(asked).not.toContain('temporal workflow cancel');
    expect((await handleOf(run).describe()).status.name).toBe('RUNNING');

    await advance(LONG_JOB_S);
    const end: unknown = await handleOf(run)
      .result()
      .catch((error: unknown) => error);
    expect(end instanceof WorkflowFailedError && end.cause).toBeInstanceOf(CancelledFailure);
    const document = await handleOf(run).query<ResultDocument>('status');
    expect(document.nics.map(({ outcome }) => outcome)).toEqual(['deleted', 'deleted']);
    await expectTruth(stack.simulator, document);
    expect(await posts(stack.simulator, run.serverId)).toBe(1);

    await page.reload();
    await ui.hasStatus('CANCELED');
    await ui.says('current-details', 'Done: cancelled', ...run.nics.map((nic) => `deleted ${nic}`));
  });

  it('sends pollNow by its own menu: the run looks at once', async () => {
    const run = runs.waiting;
    const ui = new RunPage(page, run.url);
    await ui.open('timeline');
    await ui.label(/^poll 1 in \d+ min.* · INIT 0 s$/);
    await advance(LONG_JOB_S);
    expect((await handleOf(run).describe()).status.name).toBe('RUNNING');

    await page.getByRole('button', { name: 'More Actions' }).click();
    await page.getByRole('menuitem', { name: 'Send a Signal' }).click();
    const dialog = page.locator('dialog[open]');
    await dialog.getByTestId('signal-select-button').click();
    await shows(dialog, 'Look at once');
    await dialog.getByRole('option', { name: 'pollNow' }).click();
    await dialog.getByRole('button', { name: 'Submit' }).click();

    const document = (await handleOf(run).result()) as ResultDocument;
    expect(document.outcome).toBe('deleted');
    expect(document.jobs.map(({ polls }) => polls)).toEqual([1]);
    await page.reload();
    await ui.hasStatus('COMPLETED');
    const { nics } = await stack.simulator.get<Truth>(`/_sim/truth/${run.serverId}`);
    expect(nics.filter(({ id, state }) => run.nics.includes(id) && state === 'port-gone')).toHaveLength(2);
  });

  it('lists runs by an id that names the server, and finds them by search attribute', async () => {
    const list = `${stack.temporal.uiUrl}/namespaces/${stack.temporal.namespace}/workflows`;
    await page.goto(list);
    await shows(page.locator('body'), ...Object.values(runs).map(({ serverId }) => `nics/${serverId}`));
    await page.goto(`${list}?query=${encodeURIComponent('`NicsOutcome`="not-deleted"')}`);
    const found = await shows(page.locator('table'), `nics/${runs.failed.serverId}`, 'FAILED');
    expect(found).not.toContain(runs.hostile.serverId);
  });
});
