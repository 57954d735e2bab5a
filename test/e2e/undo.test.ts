/** Undo windows, undo, commit, policies and later restore: real server, worker and starter, and the cloud's state as the judge. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NicOutcome, ResultDocument } from '../../src/contract';
import { until } from '../../dev/ports';
import type { Finished } from '../../dev/processes';
import type { Stack } from '../../dev/stack';
import { differences } from '../../simulator';
import { posts, TIMING, untilPosted } from '../support/e2e';
import type { Bed } from '../support/moments';
import { expectTruth } from '../support/truth';
import { startStack } from '../support/watched-stack';
import type { WayBack } from '../support/ways-back';
import {
  decide,
  judgeBack,
  lostPorts,
  setFault,
  settled,
  startDeletion,
  stateOf,
  WHO,
} from '../support/ways-back';

type Answer = Partial<ResultDocument> & {
  runId: string;
  failure?: { type: string; message: string };
  error?: { type: string; message: string };
};

const OTHER_NAMESPACE = 'second';

let stack: Stack;
let other: Stack | undefined;
let connection: Connection;
let bed: Bed;
beforeAll(async () => {
  stack = await startStack({
    label: 'undo',
    workerEnv: { ECS_NICS_CLOUD_RPS: '50' },
    temporal: { extraArgs: ['--namespace', OTHER_NAMESPACE] },
  });
  connection = await Connection.connect({ address: stack.temporal.address });
  const client = new Client({ connection, namespace: stack.temporal.namespace });
  bed = { simulator: stack.simulator, client, taskQueue: stack.taskQueue };
});
afterAll(async () => {
  expect(await lostPorts(stack)).toEqual([]);
  await connection?.close();
  await other?.close();
  await stack?.close();
});

interface End {
  code: number | null;
  answer: Answer;
  stderr: string;
}
const endOf = ({ code, stdout, stderr }: Finished): End => ({
  code,
  answer: JSON.parse(stdout) as Answer,
  stderr,
});
const json = async (args: string[]): Promise<End> => endOf(await stack.starter([...args, '--json']));
const asked = ['--by', WHO.by, '--reason', WHO.reason];
const timing = ['--timing', JSON.stringify(TIMING)];
const ask = (command: 'undo' | 'commit', { serverId }: WayBack) => json([command, serverId, ...asked]);
const restore = ({ serverId }: WayBack, ...more: string[]) =>
  json(['restore', serverId, ...more, ...asked, ...timing]);

const outcomes = ({ nics }: Partial<ResultDocument>): NicOutcome[] =>
  nics?.map(({ outcome }) => outcome) ?? [];
const begin = (name: string, request: object = {}) => startDeletion(bed, name, request);

async function openWindow(name: string, request: object = {}): Promise<WayBack> {
  const way = await begin(name, { undoWindow: '1 hour', ...request });
  await settled(way);
  return way;
}

async function deleted(name: string): Promise<WayBack> {
  const way = await begin(name);
  await way.handle.result();
  return way;
}

const unchanged = async ({ serverId, before }: Pick<WayBack, 'serverId' | 'before'>) =>
  expect(differences(before, await stateOf(bed, serverId))).toEqual([]);

describe.concurrent('an undo window', { timeout: 90_000 }, () => {
  it('ends the waiting of delete; undo puts back what was there, field by field', async () => {
    const { before, serverId, targets } = await deletable();
    const started = await json([
      ...['delete', serverId, ...targets.flatMap((id) => ['--nic', id])],
      ...['--undo-window', '1 hour', '--allow-elastic-ip', '--yes', ...timing],
    ]);
    const { code, answer } = started;
    expect([code, answer.phase, answer.outcome, outcomes(answer)]).toEqual([
      ...[0, 'undo-window', 'detached'],
      ['detached', 'detached'],
    ]);
    expect(answer.nics?.map((nic) => nic.restore)).toEqual(['exact', 'exact']);
    await expectTruth(stack.simulator, answer);
    const undone = await json(['undo', serverId, ...asked]);
    expect([undone.code, undone.answer.outcome, outcomes(undone.answer)]).toEqual([
      ...[0, 'undone'],
      ['restored', 'restored'],
    ]);
    expect(undone.answer.decision).toMatchObject({ what: 'undo', ...WHO });
    expect(differences(before, await stateOf(bed, serverId))).toEqual([]);
  });

  it('commit deletes the ports', async () => {
    const way = await openWindow('committed');
    const { code, answer } = await ask('commit', way);
    expect([code, answer.outcome, answer.undoUntil]).toEqual([0, 'deleted', null]);
    await judgeBack(bed, way, { outcome: 'deleted', nics: ['deleted', 'deleted'] });
  });

  it('cancelled with keep: 7, the ports stay; restore finds them, once', async () => {
    const way = await openWindow('cancelled, kept');
    const watching = await watched(way);
    expect((await json(['cancel', way.serverId])).code).toBe(0);
    const { code, answer } = endOf(await watching.finished);
    expect([code, answer.outcome, outcomes(answer)]).toEqual([7, 'cancelled', ['detached', 'detached']]);
    expect(answer.warnings?.join()).toMatch(/the ports of 2 NICs stay/);
    await expectTruth(stack.simulator, answer);
    // From the last run that took NICs off, whoever cancelled it.
    const back = await restore(way);
    expect([back.code, back.answer.outcome, outcomes(back.answer)]).toEqual([
      ...[0, 'restored'],
      ['restored', 'restored'],
    ]);
    await unchanged(way);
    const again = await restore(way, '--run-id', answer.runId);
    expect([again.code, again.answer.outcome, again.answer.submissions]).toEqual([0, 'nothing-to-do', 0]);
    await unchanged(way);
  });

  it('cancelled with restore: 5, and everything is back', async () => {
    const way = await openWindow('cancelled, restored', { onCancel: 'restore' });
    const watching = await watched(way);
    await way.handle.cancel();
    const { code, answer } = endOf(await watching.finished);
    expect([code, answer.outcome, outcomes(answer)]).toEqual([5, 'cancelled', ['restored', 'restored']]);
    await unchanged(way);
  });

  it('undo and commit at once: one wins, the other is told so', async () => {
    const way = await openWindow('raced');
    // Long enough for the other one to come before the end.
    for (const kind of ['port-delete', 'attach'])
      await setFault(bed, way.serverId, { match: { class: kind }, what: { kind: 'delay', ms: 4_000 } });
    const [undo, commit] = await Promise.all([ask('undo', way), ask('commit', way)]);
    expect([undo.code, commit.code].sort()).toEqual([0, 4]);
    const [winner, loser] = undo.code === 0 ? [undo, commit] : [commit, undo];
    expect(loser.answer.error?.type).toBe('NotApplicable');
    const { outcome = 'running' } = winner.answer;
    expect(outcome).toBe(undo.code === 0 ? 'undone' : 'deleted');
    await judgeBack(bed, way, { outcome, nics: outcomes(winner.answer) });
  });

  it('undo of a port that somebody else has taken: 6, with the call that is missing', async () => {
    const way = await openWindow('taken');
    const [taken, other] = way.targets;
    await stack.simulator.post(`/_sim/ports/${taken}/attach-elsewhere`);
    const { code, answer, stderr } = await ask('undo', way);
    expect([code, answer.failure?.type, outcomes(answer)]).toEqual([
      ...[6, 'RestoreIncomplete'],
      ['detached', 'restored'],
    ]);
    expect(answer.nics?.[0]?.remedy).toContain(`/nics {"nics":[{"port_id":"${taken}"}]}`);
    expect(stderr).toContain(answer.nics?.[0]?.remedy);
    const after = await stateOf(bed, way.serverId);
    expect(after.nics.map(({ id, deleteOnTermination }) => [id, deleteOnTermination])).toEqual([
      [way.before.nics[0]?.id, true],
      [other, true],
    ]);
  });
});

/** A server with the two NICs of {@link startDeletion}, and no run yet. */
async function deletable(): Promise<Pick<WayBack, 'before' | 'serverId' | 'targets'>> {
  const way = await begin('planned', { dryRun: true });
  await way.handle.result();
  return way;
}

/** A starter that follows the run, and has seen its window. */
async function watched({ serverId }: WayBack) {
  const watching = stack.startStarter(['watch', serverId, '--json']);
  expect(await until(async () => watching.stderr().includes('undo-window'), 20_000)).toBe(true);
  return watching;
}

describe.concurrent('a promise', { timeout: 90_000 }, () => {
  it('that can’t be kept refuses the run: 4, nothing detached, flags as they were', async () => {
    const way = await deletable();
    const body = { code: 'Pdp.0001', message: 'no such right' };
    const fault = { match: { class: 'flag', serverId: way.serverId }, times: 1, after: 1 };
    await stack.simulator.post('/_sim/faults', { ...fault, what: { kind: 'answer', status: 403, body } });
    const { code, answer } = await json([
      ...[
        'delete',
        way.serverId,
        '--all',
        '--allow-elastic-ip',
        '--on-failure',
        'restore',
        '--yes',
        ...timing,
      ],
    ]);
    expect([code, answer.failure?.type, outcomes(answer)]).toEqual([
      ...[4, 'CloudRefused'],
      ['untouched', 'untouched'],
    ]);
    expect(answer.failure?.message).toMatch(/exact undo can't be promised.*Pdp\.0001/);
    expect(await posts(stack.simulator, way.serverId)).toBe(0);
    await unchanged(way);
  });

  it('--keep-port leaves the ports for good', async () => {
    const way = await deletable();
    const { code, answer } = await json([
      ...['delete', way.serverId, '--all', '--allow-elastic-ip', '--keep-port', '--yes', ...timing],
    ]);
    expect([code, answer.outcome, outcomes(answer)]).toEqual([0, 'detached', ['detached', 'detached']]);
    expect(answer.nics?.map(({ evidence }) => evidence.port)).toEqual(['free', 'free']);
    await expectTruth(stack.simulator, answer);
  });

  it('that was not given: undo of a plain run is refused with 4, and the run goes on', async () => {
    const way = await startDeletion(bed, 'plain', {}, { jobSeconds: 5 });
    await untilPosted(stack.simulator, way.serverId);
    const { code, answer } = await ask('undo', way);
    expect([code, answer.error?.type]).toEqual([4, 'NotApplicable']);
    await judgeBack(bed, way, { outcome: 'deleted', nics: ['deleted', 'deleted'] });
  });
});

interface ElasticIp {
  id: string;
  address: string;
  portId: string | null;
}
const elasticIps = async () =>
  (await stack.simulator.get<{ elasticIps: ElasticIp[] }>('/_sim/elastic-ips')).elasticIps;

/** On the same cloud, with a worker of its own. */
async function otherNamespace(): Promise<Stack> {
  const { temporal, simulator } = stack;
  const env = { ...temporal.env, TEMPORAL_NAMESPACE: OTHER_NAMESPACE };
  other = await startStack({
    label: 'undo-second',
    temporal: { ...temporal, namespace: OTHER_NAMESPACE, env },
    simulator,
  });
  return other;
}

const handleOf = ({ handle: { workflowId } }: WayBack, { runId }: Answer) =>
  bed.client.workflow.getHandle(workflowId, runId);

describe.concurrent('restore', { timeout: 90_000 }, () => {
  it('makes the ports anew, elastic IP and all; then there is nothing to do', async () => {
    const way = await deleted('restored');
    const { runId } = await way.handle.describe();
    const { code, answer } = await restore(way);
    expect([code, answer.outcome]).toEqual([0, 'recreated']);
    await judgeBack(
      bed,
      { ...way, handle: handleOf(way, answer) },
      { outcome: 'recreated', nics: ['recreated', 'recreated'] },
    );
    const again = await restore(way, '--run-id', runId);
    expect([again.code, again.answer.outcome, again.answer.submissions]).toEqual([0, 'nothing-to-do', 0]);
  });

  it('from a saved document, where the namespace does not know the run', async () => {
    const way = await deleted('forgotten');
    const saved = await json(['status', way.serverId]);
    const elsewhere = await otherNamespace();
    const unknown = endOf(await elsewhere.starter(['restore', way.serverId, ...asked, '--json']));
    expect([unknown.code, unknown.answer.error?.type]).toEqual([2, 'NothingToRestore']);
    const folder = await mkdtemp(join(tmpdir(), 'ecs-nics-'));
    try {
      const file = join(folder, 'result.json');
      await writeFile(file, JSON.stringify(saved.answer));
      const { code, answer } = endOf(
        await elsewhere.starter([
          ...['restore', way.serverId, '--document', file, ...asked, ...timing, '--json'],
        ]),
      );
      expect([code, answer.outcome, outcomes(answer)]).toEqual([
        ...[0, 'recreated'],
        ['recreated', 'recreated'],
      ]);
      await expectTruth(stack.simulator, answer);
      expect((await stateOf(bed, way.serverId)).nics.map(({ fixedIps }) => fixedIps)).toEqual(
        way.before.nics.map(({ fixedIps }) => fixedIps),
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('of an IP that is taken: shown by a dry run, refused, done with another IP', async () => {
    const way = await deleted('stolen');
    const [, first, second] = way.before.nics;
    const { networkId, fixedIps } = first!;
    const ip = fixedIps[0]!.ip;
    await stack.simulator.post('/_sim/ports', { ip, networkId });
    const plan = await restore(way, '--dry-run');
    expect([plan.code, plan.answer.outcome]).toEqual([0, 'planned']);
    expect(plan.answer.nics?.map((nic) => nic.restore)).toEqual(['no', 'new-mac']);
    const refused = await restore(way, '--nic', first!.id);
    expect([refused.code, refused.answer.failure?.type]).toEqual([4, 'Refused']);
    expect(refused.answer.failure?.message).toContain(ip);
    const { nics: still } = await stateOf(bed, way.serverId);
    expect(still.length).toBe(1);
    const { code, answer } = await restore(way, '--allow-new-ip');
    expect([code, outcomes(answer)]).toEqual([0, ['recreated', 'recreated']]);
    expect(answer.nics?.map(({ differences: fields }) => fields.map(({ field }) => field).sort())).toEqual([
      ['fixedIps', 'mac'],
      ['mac'],
    ]);
    const { nics } = await stateOf(bed, way.serverId);
    expect(nics.slice(1).map((nic) => nic.fixedIps[0]?.ip)).toEqual([
      answer.nics?.[0]?.replacedBy?.ip,
      second?.fixedIps[0]?.ip,
    ]);
    expect(answer.nics?.[0]?.replacedBy?.ip).not.toBe(ip);
    await expectTruth(stack.simulator, answer);
  });

  it('of an elastic IP that serves something else meanwhile: told, and left there', async () => {
    const way = await deleted('bound elsewhere');
    const address = way.before.nics[1]!.elasticIp;
    const all = await elasticIps();
    const { id: elsewhere } = await stack.simulator.post<{ id: string }>('/_sim/ports', {});
    const { id } = all.find((each) => each.address === address)!;
    await stack.simulator.control('PATCH', `/_sim/elastic-ips/${id}`, { portId: elsewhere });
    const { code, answer } = await restore(way);
    expect([code, outcomes(answer)]).toEqual([0, ['recreated', 'recreated']]);
    expect(answer.warnings?.join()).toContain(`elastic IP ${address} was not bound again`);
    expect(answer.nics?.[0]?.differences).toContainEqual({
      field: 'elasticIp',
      before: address,
      after: null,
    });
    const { nics } = await stateOf(bed, way.serverId);
    expect(nics[1]?.elasticIp).toBe(null);
    expect((await elasticIps()).find((each) => each.id === id)?.portId).toBe(elsewhere);
  });
});

describe.concurrent('any client', { timeout: 90_000 }, () => {
  async function typeOf(update: Promise<unknown>): Promise<string> {
    try {
      await update;
      return 'accepted';
    } catch (error) {
      if (!(error instanceof WorkflowUpdateFailedError) || !(error.cause instanceof ApplicationFailure))
        throw error;
      return error.cause.type ?? '';
    }
  }

  it('rubbish is rejected before it is in the history; the window stays open', async () => {
    const { handle } = await openWindow('rubbish');
    const rubbish = [undefined, null, 'now', 7, [], {}, { by: 'ops' }, { by: '', reason: 'T-8' }];
    for (const argument of [...rubbish, { ...WHO, force: true }]) {
      for (const what of ['undo', 'commit'])
        expect(await typeOf(handle.executeUpdate(what, { args: [argument] }))).toBe('InvalidInput');
    }
    const history = await handle.fetchHistory();
    const accepted = history.events?.flatMap(
      ({ workflowExecutionUpdateAcceptedEventAttributes: of }) => of?.acceptedRequest?.input?.name ?? [],
    );
    expect(accepted).toEqual(['settled']);
    expect((await handle.query<ResultDocument>('status')).phase).toBe('undo-window');
    await handle.executeUpdate('commit', { args: [WHO] });
  });

  it('undo twice is one undo: both get its document, and the first one’s words stand', async () => {
    const way = await openWindow('undone twice');
    const ask = (by: string) =>
      way.handle.executeUpdate<ResultDocument, [unknown]>('undo', { args: [{ ...WHO, by }] });
    const first = ask('first');
    await until(async () => (await way.handle.query<ResultDocument>('status')).decision !== null, 10_000);
    const [one, two] = await Promise.all([first, ask('second')]);
    expect(one.decision).toMatchObject({ what: 'undo', by: 'first' });
    expect(two).toEqual(one);
    const document = await judgeBack(bed, way, { outcome: 'undone', nics: ['restored', 'restored'] });
    expect(document).toEqual(one);
  });

  it('`submitted` is answered in a window, also where no answer had a job id', async () => {
    const fault = { match: { class: 'delete' }, what: { kind: 'drop', accepted: true }, times: 1 };
    const way = await startDeletion(bed, 'without a job', { undoWindow: '1 hour' }, { faults: [fault] });
    const answer = await Promise.race([
      way.handle.executeUpdate('submitted'),
      settled(way).then(() => new Promise((fulfil) => setTimeout(() => fulfil('no answer'), 3_000))),
    ]);
    expect(answer).toEqual({ jobId: null });
    expect(await settled(way)).toMatchObject({ phase: 'undo-window', outcome: 'detached', jobs: [] });
    await decide(way, 'undo');
    const attached = async () => (await way.handle.query<ResultDocument>('status')).jobs.length > 0;
    expect(await until(attached, 40_000)).toBe(true);
    // The job that attaches is not the one that was asked for.
    expect(await way.handle.executeUpdate('submitted')).toEqual({ jobId: null });
    await judgeBack(bed, way, { outcome: 'undone', nics: ['restored', 'restored'] });
  });
});
