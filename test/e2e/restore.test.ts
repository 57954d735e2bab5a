/** Restores of what earlier runs took off: real server, worker and starter, and the cloud's state as the judge. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectTruth } from '../support/truth';
import type { Answer } from '../support/undo-stack';
import { outcomes, UndoStack } from '../support/undo-stack';
import type { WayBack } from '../support/ways-back';
import { judgeBack, stateOf } from '../support/ways-back';

const OTHER_NAMESPACE = 'second';

let undo: UndoStack;
let other: UndoStack | undefined;
beforeAll(async () => {
  undo = await UndoStack.start('restore', { temporal: { extraArgs: ['--namespace', OTHER_NAMESPACE] } });
});
afterAll(async () => {
  await other?.close();
  await undo?.close();
});

interface ElasticIp {
  id: string;
  address: string;
  portId: string | null;
}
const elasticIps = async () =>
  (await undo.bed.simulator.get<{ elasticIps: ElasticIp[] }>('/_sim/elastic-ips')).elasticIps;

/** On the same cloud, with a worker of its own. */
async function otherNamespace(): Promise<UndoStack> {
  const { temporal } = undo.bed.stack;
  const env = { ...temporal.env, TEMPORAL_NAMESPACE: OTHER_NAMESPACE };
  const there = { ...temporal, namespace: OTHER_NAMESPACE, env };
  other = await UndoStack.start('restore-second', { temporal: there, simulator: undo.bed.simulator });
  return other;
}

const handleOf = ({ handle: { workflowId } }: WayBack, { runId }: Answer) =>
  undo.bed.client.workflow.getHandle(workflowId, runId);

describe.concurrent('restore', { timeout: 240_000 }, () => {
  it('makes the ports anew, elastic IP and all; then there is nothing to do', async () => {
    const way = await undo.deleted('restored');
    const { runId } = await way.handle.describe();
    const { code, answer } = await undo.restore(way);
    expect([code, answer.outcome]).toEqual([0, 'recreated']);
    await judgeBack(
      undo.bed,
      { ...way, handle: handleOf(way, answer) },
      { outcome: 'recreated', nics: ['recreated', 'recreated'] },
    );
    const again = await undo.restore(way, '--run-id', runId);
    expect([again.code, again.answer.outcome, again.answer.submissions]).toEqual([0, 'nothing-to-do', 0]);
  });

  it('from a saved document, where the namespace does not know the run', async () => {
    const way = await undo.deleted('forgotten');
    const saved = await undo.json(['status', way.serverId]);
    const elsewhere = await otherNamespace();
    const unknown = await elsewhere.restore(way);
    expect([unknown.code, unknown.answer.error?.type]).toEqual([2, 'NothingToRestore']);
    const folder = await mkdtemp(join(tmpdir(), 'ecs-nics-'));
    try {
      const file = join(folder, 'result.json');
      await writeFile(file, JSON.stringify(saved.answer));
      const { code, answer } = await elsewhere.restore(way, '--document', file);
      expect([code, answer.outcome, outcomes(answer)]).toEqual([
        ...[0, 'recreated'],
        ['recreated', 'recreated'],
      ]);
      await expectTruth(undo.bed.simulator, answer);
      expect((await stateOf(undo.bed, way.serverId)).nics.map(({ fixedIps }) => fixedIps)).toEqual(
        way.before.nics.map(({ fixedIps }) => fixedIps),
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('of an IP that is taken: shown by a dry run, refused, done with another IP', async () => {
    const way = await undo.deleted('stolen');
    const [, first, second] = way.before.nics;
    const { networkId, fixedIps } = first!;
    const ip = fixedIps[0]!.ip;
    await undo.bed.simulator.post('/_sim/ports', { ip, networkId });
    const plan = await undo.restore(way, '--dry-run');
    expect([plan.code, plan.answer.outcome]).toEqual([0, 'planned']);
    expect(plan.answer.nics?.map((nic) => nic.restore)).toEqual(['no', 'new-mac']);
    const refused = await undo.restore(way, '--nic', first!.id);
    expect([refused.code, refused.answer.failure?.type]).toEqual([4, 'Refused']);
    expect(refused.answer.failure?.message).toContain(ip);
    const { nics: still } = await stateOf(undo.bed, way.serverId);
    expect(still.length).toBe(1);
    const { code, answer } = await undo.restore(way, '--allow-new-ip');
    expect([code, outcomes(answer)]).toEqual([0, ['recreated', 'recreated']]);
    expect(answer.nics?.map(({ differences: fields }) => fields.map(({ field }) => field).sort())).toEqual([
      ['fixedIps', 'mac'],
      ['mac'],
    ]);
    const { nics } = await stateOf(undo.bed, way.serverId);
    expect(nics.slice(1).map((nic) => nic.fixedIps[0]?.ip)).toEqual([
      answer.nics?.[0]?.replacedBy?.ip,
      second?.fixedIps[0]?.ip,
    ]);
    expect(answer.nics?.[0]?.replacedBy?.ip).not.toBe(ip);
    await expectTruth(undo.bed.simulator, answer);
  });

  it('of an elastic IP that serves something else meanwhile: told, and left there', async () => {
    const way = await undo.deleted('bound elsewhere');
    const address = way.before.nics[1]!.elasticIp;
    const all = await elasticIps();
    const { id: elsewhere } = await undo.bed.simulator.post<{ id: string }>('/_sim/ports', {});
    const { id } = all.find((each) => each.address === address)!;
    await undo.bed.simulator.control('PATCH', `/_sim/elastic-ips/${id}`, { portId: elsewhere });
    const { code, answer } = await undo.restore(way);
    expect([code, outcomes(answer)]).toEqual([0, ['recreated', 'recreated']]);
    expect(answer.warnings?.join()).toContain(`elastic IP ${address} was not bound again`);
    expect(answer.nics?.[0]?.differences).toContainEqual({
      field: 'elasticIp',
      before: address,
      after: null,
    });
    const { nics } = await stateOf(undo.bed, way.serverId);
    expect(nics[1]?.elasticIp).toBe(null);
    expect((await elasticIps()).find((each) => each.id === id)?.portId).toBe(elsewhere);
  });
});
