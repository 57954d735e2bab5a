/**
 * The gate in front of every change of the workflows: runs that are open when a new worker starts are replayed by it, so
 * recorded histories of every shape must replay: those of the code as it is, which `npm run histories` records anew, and
 * those that releases have left behind, which nothing records anew: a change of commands goes behind `patched()`.
 */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type { WorkflowBundle } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changesOf, CURRENT, readHistories, RELEASES } from '../../dev/frozen-histories';
import { SHAPES } from '../../dev/history-shapes';
import { root } from '../../dev/root';

type History = ReturnType<typeof historyFromJSON>;

/** The last event of each shape's last run. */
const ENDS: Record<string, string> = {
  'dry-run': 'Completed',
  deleted: 'Completed',
  'invalid-input': 'Failed',
  refused: 'Failed',
  'not-deleted': 'Failed',
  'cancelled-before': 'Canceled',
  'cancelled-polling': 'Canceled',
  chain: 'ContinuedAsNew',
  'chain-2': 'ContinuedAsNew',
  'chain-3': 'Completed',
  'port-kept': 'Completed',
  'window-closed': 'Completed',
  'window-cancelled': 'Canceled',
  undone: 'Completed',
  'committed-by-hand': 'Completed',
  'rolled-back': 'Failed',
  'cancelled-and-restored': 'Canceled',
  'flag-changed-meanwhile': 'Completed',
  'taken-off-meanwhile': 'Completed',
  'kept-port-changed': 'Completed',
  'put-back-by-hand': 'Failed',
  'another-place': 'Completed',
  'restored-2': 'Completed',
  'recreated-2': 'Completed',
  'released-2': 'Failed',
  'predecessor-terminated': 'Terminated',
  'predecessor-terminated-2': 'Completed',
};

type Histories = ReadonlyMap<string, History>;

let histories: Histories;
let releases: string[];
let bundle: WorkflowBundle;

beforeAll(async () => {
  // A violation is what some of these tests are about: not a matter for the log.
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => {}),
    telemetryOptions: { logging: { forward: {}, filter: 'ERROR' } },
  });
  histories = await parsed(CURRENT);
  releases = await readdir(RELEASES);
  bundle = await bundled(join(root, 'src'));
});
afterAll(() => Runtime.instance().shutdown());

async function parsed(folder: string): Promise<Histories> {
  const texts = [...(await readHistories(folder))];
  return new Map(
    texts.map(([file, text]) => [file.replace('.json', ''), historyFromJSON(JSON.parse(text))] as const),
  );
}

function bundled(sources: string): Promise<WorkflowBundle> {
  return bundleWorkflowCode({
    workflowsPath: join(sources, 'workflows/index.ts'),
    workflowInterceptorModules: [join(sources, 'workflows/interceptors.ts')],
    payloadConverterPath: join(sources, 'workflows/run/payload-converter.ts'),
    logger: new DefaultLogger('WARN'),
  });
}

/** Names of the histories that do not replay, with the reason. */
async function violations(workflowBundle: WorkflowBundle, of: Histories): Promise<Map<string, Error>> {
  const failed = new Map<string, Error>();
  const items = [...of].map(([name, history]) => ({ workflowId: idOf(history), history, name }));
  const byRun = new Map(items.map(({ name, history }) => [runOf(history), name]));
  for await (const { runId, error } of Worker.runReplayHistories({ workflowBundle }, items)) {
    if (error) failed.set(byRun.get(runId) ?? runId, error);
  }
  return failed;
}

const started = ({ events }: History) => events?.[0]?.workflowExecutionStartedEventAttributes;
const idOf = (history: History): string => started(history)?.workflowId ?? '';
const runOf = (history: History): string => started(history)?.originalExecutionRunId ?? '';

describe('recorded histories', () => {
  it('there is one of every shape, and none without a shape', () => {
    const shapes = new Set([...histories.keys()].map((name) => name.replace(/-\d+$/, '')));
    expect([...shapes].sort()).toEqual(Object.keys(SHAPES).sort());
    expect(new Set([...histories.values()].map(runOf)).size).toBe(histories.size);
  });

  it('they name nothing of the machine that recorded them', async () => {
    for (const [file, text] of await readHistories(CURRENT)) {
      // A stack trace's place is a path from the project's folder on; an identity has no process and no host.
      expect(text.match(/\((?:\/|[A-Za-z]:\\)[^)]*\)/)?.[0], file).toBeUndefined();
      expect(text.match(/"identity": "(?!recorder")[^"]*"/)?.[0], file).toBeUndefined();
    }
  });

  it('they are of the code as it is: every effect tells for which place it is meant', () => {
    for (const [name, { events }] of histories) {
      for (const { activityTaskScheduledEventAttributes: asked } of events ?? []) {
        if (asked?.activityType?.name !== 'deleteNics') continue;
        const input = JSON.parse(
          new TextDecoder().decode(asked.input?.payloads?.[0]?.data ?? new Uint8Array()),
        ) as {
          place?: object;
        };
        expect(Object.keys(input.place ?? {}), name).toEqual(['projectId', 'region', 'ecs', 'vpc']);
      }
    }
  });

  it('they end as their names say', () => {
    for (const [name, end] of Object.entries(ENDS)) {
      const last = histories.get(name)?.events?.at(-1) ?? {};
      expect(Object.keys(last).join(' '), name).toContain(`workflowExecution${end}EventAttributes`);
    }
  });

  it('all of them replay on the code as it is', { timeout: 240_000 }, async () => {
    expect(Object.fromEntries(await violations(bundle, histories))).toEqual({});
  });
});

describe('histories that releases have left behind', () => {
  it('there are some', () => {
    expect(releases).toContain('0.1.0-alpha.1');
  });

  it('nobody has changed, added or removed one', async () => {
    const changes: Record<string, string[]> = {};
    for (const release of releases) changes[release] = await changesOf(join(RELEASES, release));
    expect(changes).toEqual(Object.fromEntries(releases.map((release) => [release, []])));
  });

  it('all of them replay on the code as it is', { timeout: 240_000 }, async () => {
    const failed: Record<string, Error> = {};
    for (const release of releases) {
      const frozen = await parsed(join(RELEASES, release));
      expect(frozen.size, release).toBeGreaterThan(0);
      for (const [name, error] of await violations(bundle, frozen)) failed[`${release}/${name}`] = error;
    }
    expect(failed).toEqual({});
  });
});

describe('a change of command order is caught', { timeout: 240_000 }, () => {
  it.each<[string, string, string, string]>([
    [
      'the memo only after the submission',
      'steps/submit.ts',
      `if (!run.state.sent.declared) run.declareOpen(null);`,
      ``,
    ],
    [
      'one reading more before a verdict',
      'steps/verify.ts',
      `if (absent >= 2) return 'absent';`,
      `if (absent >= 3) return 'absent';`,
    ],
  ])('%s', async (_name, file, before, after) => {
    // Inside the project, so that the bundler finds its packages.
    const folder = await mkdtemp(join(root, 'test/replay/changed-'));
    try {
      for (const part of ['workflows', 'contract', 'activities/agreement']) {
        await cp(join(root, 'src', part), join(folder, part), { recursive: true });
      }
      const path = join(folder, 'workflows', file);
      const source = await readFile(path, 'utf8');
      expect(source).toContain(before);
      await writeFile(path, source.replace(before, after));
      const caught = await violations(await bundled(folder), histories);
      expect([...caught.keys()]).toContain('deleted');
      expect(caught.get('deleted')).toBeInstanceOf(DeterminismViolationError);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
