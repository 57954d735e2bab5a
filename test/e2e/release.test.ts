/** Ports that runs have left behind: which are told, and which go. Real server, worker and starter; the ledger is the judge. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KeptPort } from '../../src/client/kept';
import { until } from '../../dev/ports';
import { ledgerOf } from '../support/moments';
import { expectTruth } from '../support/truth';
import { BY_WHOM, outcomes, UndoStack } from '../support/undo-stack';
import type { End } from '../support/undo-stack';
import type { WayBack } from '../support/ways-back';
import { startDeletion, stateOf } from '../support/ways-back';

let undo: UndoStack;
beforeAll(async () => {
  undo = await UndoStack.start('release');
});
afterAll(() => undo?.close());

type Row = Omit<KeptPort, 'endedAt'> & { endedAt: string; url: string };
interface Ports {
  ports: Row[];
  more: boolean;
  unread: { runId: string }[];
  held: { run: string; ports: number }[];
  windows: { serverId: string; runId: string; ports: number; until: string | null }[];
}

async function ports(...args: string[]): Promise<Ports> {
  const { code, stdout } = await undo.bed.stack.starter(['ports', ...args, '--json']);
  expect(code).toBe(0);
  return JSON.parse(stdout) as Ports;
}
const portsOf = async ({ serverId }: Pick<WayBack, 'serverId'>) => (await ports('--server', serverId)).ports;
const idsOf = (rows: readonly Row[]) => rows.map(({ id }) => id).sort();

function release(
  { serverId }: Pick<WayBack, 'serverId'>,
  ids: readonly string[],
  ...more: string[]
): Promise<End> {
  const named = ids.flatMap((id) => ['--nic', id]);
  return undo.json(['release', serverId, ...named, ...more, '--yes', ...BY_WHOM]);
}

/** Ports that somebody deleted, or tried to. */
async function deletions(
  { serverId }: Pick<WayBack, 'serverId'>,
  from: readonly string[],
): Promise<string[]> {
  const { requests } = await undo.bed.simulator.get<{ requests: { class: string; portId?: string }[] }>(
    '/_sim/ledger',
  );
  const of = requests.filter((request) => request.class === 'port-delete').map(({ portId }) => portId ?? '');
  expect((await ledgerOf(undo.bed, serverId)).requests.length).toBeGreaterThan(0);
  return of.filter((id) => from.includes(id)).sort();
}

async function kept(name: string, request: object = { keepPort: true }): Promise<WayBack> {
  const way = await startDeletion(undo.bed, name, { requestedBy: 'ops', reason: 'T-17', ...request });
  await way.handle.result();
  return way;
}

describe.concurrent('a dry run', { timeout: 240_000 }, () => {
  const dryRun = async ({ serverId, targets }: WayBack) => {
    const named = targets.flatMap((id) => ['--nic', id]);
    return undo.bed.stack.starter(['delete', serverId, ...named, '--allow-elastic-ip', '--dry-run']);
  };

  it('beside an open run names that run, and what would be refused', async () => {
    const way = await startDeletion(undo.bed, 'beside', { undoWindow: '1 hour' });
    await way.handle.executeUpdate('settled');
    const { runId } = await way.handle.describe();
    const { code, stdout } = await dryRun(way);
    expect(code).toBe(0);
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      `Run ${runId} is open on this server: a different request is refused until it has ended.`,
    );
    expect(stdout).not.toMatch(/^✔/m);
  });

  it('after a run whose deletion is still at work says so; what that has taken off is no wrong id', async () => {
    const way = await startDeletion(undo.bed, 'unseen', { deadline: '3 s' }, { jobSeconds: 20 });
    await expect(way.handle.result()).rejects.toThrow();
    const { runId } = await way.handle.describe();
    const { code, stdout } = await dryRun(way);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^! dry run/m);
    expect(stdout.replace(/\s+/g, ' ')).toContain(`Run ${runId} has sent a request for 2 NICs`);

    const isOff = async () => (await stateOf(undo.bed, way.serverId)).nics.length === 1;
    expect(await until(isOff, 120_000)).toBe(true);
    const named = way.targets.flatMap((id) => ['--nic', id]);
    const deletion = () => undo.bed.stack.starter(['delete', way.serverId, ...named, '--yes']);
    // It waits for that job, and sees that the NICs go.
    expect((await deletion()).stdout).toContain('nothing to do');
    const again = await deletion();
    expect(again.stdout).toContain(`run ${runId} has asked the cloud for it before`);
    expect(again.stdout).toContain(`--run-id ${runId}`);
    expect(again.stdout).not.toContain('nothing was deleted: there is no such port');
  });
});

describe.concurrent('ports that runs have kept', { timeout: 240_000 }, () => {
  it('are told with who kept them and why, and the named one is deleted, and no other', async () => {
    const way = await kept('asked');
    const [first, second] = way.targets as [string, string];
    const { runId } = await way.handle.describe();
    const told = await portsOf(way);
    expect(idsOf(told)).toEqual([first, second].sort());
    expect(told.find(({ id }) => id === first)).toMatchObject({
      ip: way.before.nics[1]?.fixedIps[0]?.ip,
      serverId: way.serverId,
      workflowId: `nics/${way.serverId}`,
      runId,
      why: 'keep-port',
      requestedBy: 'ops',
      reason: 'T-17',
      openRun: null,
    });
    expect(Date.now() - Date.parse(told[0]!.endedAt)).toBeLessThan(240_000);
    const { code, answer } = await release(way, [first]);
    expect([code, answer.outcome, outcomes(answer)]).toEqual([0, 'deleted', ['deleted']]);
    await expectTruth(undo.bed.simulator, answer);
    expect(await deletions(way, way.targets)).toEqual([first]);
    expect(idsOf(await portsOf(way))).toEqual([second]);
    // All servers together: the list of Temporal lags a little.
    const all = async () => idsOf((await ports()).ports);
    expect(await until(async () => (await all()).includes(second), 20_000)).toBe(true);
    expect(await all()).not.toContain(first);

    const again = await release(way, [first]);
    expect([again.code, again.answer.error?.type]).toEqual([2, 'NothingToRelease']);
    const named = await release(way, [first], '--run-id', runId);
    expect([named.code, named.answer.outcome, outcomes(named.answer)]).toEqual([
      ...[0, 'nothing-to-do'],
      ['already-absent'],
    ]);
    const human = await undo.bed.stack.starter(['ports', '--server', way.serverId]);
    expect(human.stdout).toContain(second);
    expect(human.stdout).toContain('asked for');
    expect(human.stdout).toContain(`ecs-nics release ${way.serverId} --nic ${second}`);
  });

  it('by a cancelled window', async () => {
    const way = await undo.openWindow('cancelled');
    expect((await undo.json(['cancel', way.serverId])).code).toBe(0);
    await way.handle.result().catch(() => undefined);
    const told = await portsOf(way);
    expect(told.map(({ why }) => why)).toEqual(['cancelled', 'cancelled']);
    const { code, answer } = await release(way, way.targets);
    expect([code, answer.outcome, outcomes(answer)]).toEqual([0, 'deleted', ['deleted', 'deleted']]);
    expect(await deletions(way, way.targets)).toEqual([...way.targets].sort());
    expect(await portsOf(way)).toEqual([]);
  });

  it('by a run that ended before the job took its NICs off: told as perhaps left over, and deleted', async () => {
    const way = await startDeletion(
      undo.bed,
      'late',
      { undoWindow: '1 hour', deadline: '3 s' },
      { jobSeconds: 12 },
    );
    await way.handle.result().catch(() => undefined);
    const told = await portsOf(way);
    expect(told.map(({ id, why }) => [id, why]).sort()).toEqual(
      way.targets.map((id) => [id, 'unknown']).sort(),
    );
    const { answer: status, stderr } = await undo.json(['status', way.serverId]);
    expect(outcomes(status)).toEqual(['unknown', 'unknown']);
    for (const { message, remedy } of status.nics ?? []) {
      expect(message).toContain(`do not set it back before job ${status.jobs?.[0]?.id ?? ''} has ended`);
      expect(remedy).toBeNull();
    }
    expect(stderr).not.toMatch(/is not back|By hand/);
    // It waits by itself until the job has ended.
    const { code, answer } = await release(way, way.targets);
    expect([code, answer.outcome, outcomes(answer)]).toEqual([0, 'deleted', ['deleted', 'deleted']]);
    await expectTruth(undo.bed.simulator, answer);
    expect(await deletions(way, way.targets)).toEqual([...way.targets].sort());
    expect(await portsOf(way)).toEqual([]);
  });

  it("by the NIC's own flag", async () => {
    const { id: serverId, nics } = await undo.bed.simulator.post<{
      id: string;
      nics: { id: string; primary: boolean }[];
    }>('/_sim/servers', { nics: [{ primary: true }, { deleteOnTermination: false }], jobSeconds: 1 });
    const own = nics.find(({ primary }) => !primary)!.id;
    const deleted = await undo.json(['delete', serverId, '--nic', own, '--yes']);
    expect(outcomes(deleted.answer)).toEqual(['detached']);
    expect((await portsOf({ serverId })).map(({ why }) => why)).toEqual(['own-flag']);
    const { code, answer } = await release({ serverId }, [own]);
    expect([code, outcomes(answer)]).toEqual([0, ['deleted']]);
  });

  it('are left when they were changed or are in use: 4, and nothing names a command that deletes them', async () => {
    const way = await kept('changed');
    const [changed, used] = way.targets as [string, string];
    await undo.bed.simulator.control('PATCH', `/_sim/ports/${changed}`, { name: 'theirs' });
    await undo.bed.simulator.post(`/_sim/ports/${used}/attach-elsewhere`);
    const { code, answer, stderr } = await release(way, way.targets);
    expect([code, answer.failure?.type, answer.outcome]).toEqual([4, 'Refused', 'refused']);
    expect(answer.nics?.map(({ outcome, errorCode }) => [outcome, errorCode])).toEqual([
      ['detached', 'PortChanged'],
      ['detached', 'PortInUse'],
    ]);
    expect(answer.nics?.map(({ remedy }) => remedy)).toEqual([null, null]);
    expect(stderr).not.toContain('ecs-nics release');
    expect(await deletions(way, way.targets)).toEqual([]);
    const told = await portsOf(way);
    expect(told.map(({ why }) => why).sort()).toEqual(['port-changed', 'port-in-use']);
  });

  it('one gone and one left: 3', async () => {
    const way = await kept('mixed');
    const [changed, free] = way.targets as [string, string];
    await undo.bed.simulator.control('PATCH', `/_sim/ports/${changed}`, { name: 'theirs' });
    const { code, answer } = await release(way, way.targets);
    expect([code, answer.failure?.type, outcomes(answer)]).toEqual([
      3,
      'NotDeleted',
      ['detached', 'deleted'],
    ]);
    expect(await deletions(way, way.targets)).toEqual([free]);
    await expectTruth(undo.bed.simulator, answer);
  });

  it('put back on the server: no longer told, and left when somebody names their old run: 3', async () => {
    const way = await kept('back');
    const [back] = way.targets as [string, string];
    const { runId } = await way.handle.describe();
    expect((await undo.restore(way, '--nic', back)).code).toBe(0);
    expect(idsOf(await portsOf(way))).toEqual([way.targets[1]]);
    const { code, answer } = await release(way, [back], '--run-id', runId);
    expect([code, answer.failure?.type, outcomes(answer)]).toEqual([3, 'NotDeleted', ['still-attached']]);
    expect(await deletions(way, [back])).toEqual([]);
    await expectTruth(undo.bed.simulator, answer);
  });

  it('for an open window: 4, naming the run and commit', async () => {
    const way = await undo.openWindow('open');
    const { runId } = await way.handle.describe();
    const { code, answer, stderr } = await release(way, way.targets);
    expect([code, answer.error?.type]).toEqual([4, 'DifferentRequest']);
    expect(answer).toMatchObject({ workflowId: `nics/${way.serverId}`, runId });
    expect(stderr).toContain(`ecs-nics commit ${way.serverId}`);
    const told = await ports('--server', way.serverId);
    const window = { serverId: way.serverId, runId, ports: 2 };
    expect([told.ports, told.windows]).toMatchObject([[], [window]]);
    // All servers together: the list of Temporal lags a little.
    const all = async () => (await ports()).windows.filter(({ serverId }) => serverId === way.serverId);
    expect(await until(async () => (await all()).length === 1, 20_000)).toBe(true);
    const human = await undo.bed.stack.starter(['ports', '--server', way.serverId]);
    for (const said of ['2 ports more', `ecs-nics commit ${way.serverId}`, `ecs-nics undo ${way.serverId}`])
      expect(human.stdout).toContain(said);
    expect((await undo.ask('commit', way)).code).toBe(0);
    expect((await ports('--server', way.serverId)).windows).toEqual([]);
    expect((await release(way, way.targets)).code).toBe(2);
  });

  it('of an unknown NIC, and of one that the run has not kept: refused', async () => {
    const way = await undo.deleted('unknown');
    const { runId } = await way.handle.describe();
    const stranger = randomUUID();
    const none = await release(way, [stranger]);
    expect([none.code, none.answer.error?.type]).toEqual([2, 'NothingToRelease']);
    const { code, answer } = await release(way, [stranger, way.targets[0]!], '--run-id', runId);
    expect([code, answer.failure?.type]).toEqual([4, 'Refused']);
    for (const said of [
      `NIC ${stranger}: that run has no snapshot`,
      `${way.targets[0]}: that run has not kept`,
    ])
      expect(answer.failure?.message).toContain(said);
  });

  it('of a saved document, shown by a dry run first, while the server is gone', async () => {
    const way = await kept('saved');
    const saved = await undo.json(['status', way.serverId]);
    await undo.bed.simulator.control('DELETE', `/_sim/servers/${way.serverId}`);
    const folder = await mkdtemp(join(tmpdir(), 'ecs-nics-'));
    try {
      const file = join(folder, 'result.json');
      await writeFile(file, JSON.stringify(saved.answer));
      const plan = await release(way, way.targets, '--document', file, '--dry-run');
      expect([plan.code, plan.answer.outcome, outcomes(plan.answer)]).toEqual([
        ...[0, 'planned'],
        ['untouched', 'untouched'],
      ]);
      expect(plan.answer.nics?.map(({ evidence }) => evidence.port)).toEqual(['free', 'free']);
      const { code, answer } = await release(way, way.targets, '--document', file);
      expect([code, outcomes(answer)]).toEqual([0, ['deleted', 'deleted']]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('asks before it deletes: without a terminal --yes is required, with every other problem', async () => {
    const { code, answer } = await undo.json(['release', 'not-a-server']);
    expect([code, answer.error?.type]).toEqual([2, 'InvalidInput']);
    for (const said of ['<server-id>', '--nic', '--by', '--reason', '--yes'])
      expect(answer.error?.message).toContain(said);
  });
});

describe('without a worker', { timeout: 240_000 }, () => {
  it('results are read all the same; a cancelled run is named, since nobody can show its rows', async () => {
    const asked = await kept('read');
    const cancelled = await undo.openWindow('silent');
    const { runId } = await cancelled.handle.describe();
    await cancelled.handle.cancel();
    await cancelled.handle.result().catch(() => undefined);
    await undo.bed.stack.worker.kill();
    expect(idsOf(await portsOf(asked))).toEqual([...asked.targets].sort());
    const told = await ports('--server', cancelled.serverId);
    expect([told.ports, told.unread]).toEqual([
      [],
      [{ serverId: cancelled.serverId, runId, why: expect.stringContaining('no worker') as unknown }],
    ]);
    const { code, answer } = await release(cancelled, cancelled.targets);
    expect([code, answer.error?.type]).toEqual([2, 'NothingToRelease']);
    expect(answer.error?.message).toContain('not every closed run could be read');
  });
});
