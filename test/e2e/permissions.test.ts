/** Each mode needs the permissions that the docs list for it, and no other: all others are denied while it runs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { root } from '../../dev/root';
import { planWorkflowId } from '../../src/contract/names';
import type { WatchedStack } from '../support/watched-stack';
import { startStack } from '../support/watched-stack';
import type { Bed } from '../support/moments';
import type { End } from '../support/ways-back';
import { createServer, TIMING } from '../support/e2e';
import { decide, judgeBack, settled, startDeletion, startRestore, stateOf } from '../support/ways-back';

/** First column to actions of the second one, or the other way round, of the table below a text. */
function tableBelow(page: string, text: string): string[][] {
  const [, after] = readFileSync(join(root, page), 'utf8').split(text);
  const rows =
    /(?:^\|.*\n)+/m
      .exec(after ?? '')?.[0]
      .trimEnd()
      .split('\n')
      .slice(2) ?? [];
  if (rows.length === 0) throw new Error(`${page}: no table below “${text}”`);
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const actionsIn = (cell: string) => [...cell.matchAll(/`([a-z]+:\w+:\w+)`/g)].map(([, action]) => action!);

const PLAIN = tableBelow('SECURITY.md', "**The worker's credentials**").flatMap(([cell = '']) =>
  actionsIn(cell),
);
const MORE = new Map(
  tableBelow('docs/undo.md', '## Permissions').map(([mode = '', cell = '']) => [mode, actionsIn(cell)]),
);
const more = (...modes: string[]) => {
  return modes.flatMap((mode) => {
    const actions = MORE.get(mode);
    if (actions === undefined) throw new Error(`docs/undo.md lists no permissions for “${mode}”`);
    return actions;
  });
};
const FLAGS = 'exact mode: flags';
const COMMIT = 'its commit, and a release: ports';
const BACK = 'undo, rollback, restore of a kept port';
const ANEW = 'restore of a port that is gone';
const ELASTIC_IP = 'its elastic IP';

const of = (outcome: End['outcome'], nic: End['nics'][number]): End => ({ outcome, nics: [nic, nic] });

let stack: WatchedStack;
let connection: Connection;
let bed: Bed;

beforeAll(async () => {
  stack = await startStack({ label: 'permissions', workerEnv: { ECS_NICS_CLOUD_RPS: '50' } });
  connection = await Connection.connect({ address: stack.temporal.address });
  const client = new Client({ connection, namespace: stack.temporal.namespace });
  bed = { simulator: stack.simulator, client, taskQueue: stack.taskQueue };
});
afterAll(async () => {
  await connection?.close();
  await stack?.close();
});
beforeEach(() => allow(null));

const allow = (allowedActions: string[] | null) =>
  stack.simulator.control('PATCH', '/_sim/knobs', { allowedActions });

interface Requested {
  class: string;
  status: number;
}

const requests = async () => (await stack.simulator.get<{ requests: Requested[] }>('/_sim/ledger')).requests;
const requestCount = async () => (await requests()).length;

/** By class of request, as the simulator's page has it. */
const ACTION_OF = new Map(
  tableBelow('simulator/README.md', '## Calls of the cloud').flatMap(([, classes = '', actions = '']) => {
    const names = [...classes.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name!);
    return names.map((name, index): [string, string] => [name, actionsIn(actions)[index] ?? '']);
  }),
);

/** What was used, and what was denied, from so many requests on: nobody else asks this cloud. */
async function usedSince(count: number): Promise<{ used: Set<string>; denied: string[] }> {
  const made = (await requests()).slice(count);
  const used = new Set(made.map((request) => ACTION_OF.get(request.class) ?? request.class));
  return { used, denied: made.flatMap((request) => (request.status === 403 ? request.class : [])) };
}

/** Plays with these beside the plain ones: nothing is denied, and each of these is asked for. */
async function withActions(extra: string[], play: () => Promise<void>): Promise<void> {
  const since = await requestCount();
  await allow([...PLAIN, ...extra]);
  await play();
  const { used, denied } = await usedSince(since);
  expect(denied).toEqual([]);
  expect(extra.filter((action) => !used.has(action))).toEqual([]);
}

describe('with the permissions that the docs list, and no other', { timeout: 240_000 }, () => {
  it('the tables are read', () => {
    expect(PLAIN).toContain('ecs:cloudServerNics:delete');
    expect([...MORE.keys()]).toEqual([FLAGS, COMMIT, BACK, ANEW, ELASTIC_IP]);
    for (const [mode, actions] of MORE) expect(actions.length, mode).toBeGreaterThan(0);
  });

  it('a plain deletion', async () => {
    await withActions([], async () => {
      await judgeBack(bed, await startDeletion(bed, 'plain', {}), of('deleted', 'deleted'));
    });
  });

  it('a plain deletion without the permissions for sets', async () => {
    const single = PLAIN.filter(
      (action) => !['vpc:ports:list', 'ecs:cloudServers:listServersDetails'].includes(action),
    );
    await allow(single);
    await judgeBack(bed, await startDeletion(bed, 'one by one', {}), of('deleted', 'deleted'));
  });

  it('a dry run', async () => {
    const since = await requestCount();
    await allow(PLAIN.filter((action) => action !== 'ecs:cloudServerNics:delete'));
    const { id, nics } = await createServer(bed.simulator);
    const handle = await bed.client.workflow.start('deleteServerNics', {
      taskQueue: bed.taskQueue,
      workflowId: planWorkflowId(id),
      args: [{ serverId: id, nics: nics.map((nic) => ({ id: nic })), dryRun: true, timing: TIMING }],
    });
    expect(await handle.result()).toMatchObject({ outcome: 'planned' });
    expect((await usedSince(since)).denied).toEqual([]);
  });

  it('the status of what has ended needs none', async () => {
    const way = await startDeletion(bed, 'ended', {});
    const document = await way.handle.result();
    await allow([]);
    expect(await way.handle.query('status')).toEqual(document);
    const { code, stdout } = await stack.starter(['status', way.serverId, '--json']);
    expect([code, (JSON.parse(stdout) as { outcome: string }).outcome]).toEqual([0, 'deleted']);
  });

  it('ports that are kept', async () => {
    await withActions(more(FLAGS), async () => {
      const way = await startDeletion(bed, 'kept', { keepPort: true });
      expect(await way.handle.result()).toMatchObject({ outcome: 'detached' });
    });
  });

  it('a window that is committed', async () => {
    await withActions(more(FLAGS, COMMIT), async () => {
      const way = await startDeletion(bed, 'committed', { undoWindow: '1 hour' });
      await settled(way);
      await decide(way, 'commit');
      await judgeBack(bed, way, of('deleted', 'deleted'));
    });
  });

  it('a window that is undone', async () => {
    await withActions(more(FLAGS, BACK), async () => {
      const way = await startDeletion(bed, 'undone', { undoWindow: '1 hour' });
      await settled(way);
      await decide(way, 'undo');
      await judgeBack(bed, way, of('undone', 'restored'));
    });
  });

  it('a rollback', async () => {
    const fault = { match: { class: 'delete' }, what: { kind: 'partial-failure', nics: [0] }, times: 1 };
    await withActions(more(FLAGS, BACK), async () => {
      const way = await startDeletion(bed, 'rolled back', { onFailure: 'restore' }, { faults: [fault] });
      await judgeBack(bed, way, { outcome: 'rolled-back', nics: ['still-attached', 'restored'] });
    });
  });

  it('the restore of ports that were kept', async () => {
    const way = await startDeletion(bed, 'kept, then restored', { keepPort: true });
    await way.handle.result();
    await withActions(more(FLAGS, BACK), async () => {
      await judgeBack(bed, await startRestore(bed, way), of('restored', 'restored'));
    });
  });

  it('the release of ports that were kept; without its one it changes nothing, and says so at once', async () => {
    const way = await startDeletion(bed, 'kept, then released', { keepPort: true });
    const document = await way.handle.result();
    const release = () =>
      bed.client.workflow.execute('releasePorts', {
        taskQueue: bed.taskQueue,
        workflowId: way.handle.workflowId,
        args: [{ serverId: way.serverId, from: { document }, nics: 'all', timing: TIMING }],
      });
    await allow(PLAIN);
    await expect(release()).rejects.toMatchObject({
      cause: { type: 'CloudRefused', message: expect.stringContaining('vpc:ports:delete') as unknown },
    });
    await withActions(more(COMMIT), async () => {
      expect(await release()).toMatchObject({ outcome: 'deleted' });
    });
  });

  it('the restore of ports that are gone, with an elastic IP', async () => {
    const way = await startDeletion(bed, 'gone, then restored', {});
    await way.handle.result();
    expect((await stateOf(bed, way.serverId)).nics).toHaveLength(1);
    await withActions(more(FLAGS, BACK, ANEW, ELASTIC_IP), async () => {
      const document = await judgeBack(bed, await startRestore(bed, way), of('recreated', 'recreated'));
      expect(document.warnings).toEqual([]);
    });
  });

  it('one fewer is noticed: a plain deletion without each of them', async () => {
    // Elastic IPs are asked for only where they decide something, and sets spare calls: neither is needed.
    const spared = ['vpc:publicIps:list', 'vpc:ports:list', 'ecs:cloudServers:listServersDetails'];
    const needed = PLAIN.filter((action) => !spared.includes(action));
    for (const missing of needed) {
      await allow(needed.filter((action) => action !== missing));
      const way = await startDeletion(bed, `without ${missing}`, { deadline: '2 seconds' });
      await expect(way.handle.result(), missing).rejects.toThrow();
      await allow(null);
      expect((await stateOf(bed, way.serverId)).nics, missing).toEqual(way.before.nics);
    }
  });
});
