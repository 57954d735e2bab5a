/** Undo windows, undo, commit and policies: real server, worker and starter, and the cloud's state as the judge. */
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResultDocument } from '../../src/contract';
import { until } from '../../dev/ports';
import { differences } from '../../simulator';
import { posts, untilPosted } from '../support/e2e';
import { expectTruth } from '../support/truth';
import { BY_WHOM, endOf, outcomes, PACE, UndoStack } from '../support/undo-stack';
import type { WayBack } from '../support/ways-back';
import { decide, judgeBack, setFault, settled, startDeletion, stateOf, WHO } from '../support/ways-back';

let undo: UndoStack;
beforeAll(async () => {
  undo = await UndoStack.start('undo');
});
afterAll(async () => {
  await undo?.close();
});

describe.concurrent('an undo window', { timeout: 240_000 }, () => {
  it('ends the waiting of delete; undo puts back what was there, field by field', async () => {
    const { before, serverId, targets } = await undo.server();
    const started = await undo.json([
      ...['delete', serverId, ...targets.flatMap((id) => ['--nic', id])],
      ...['--undo-window', '1 hour', '--allow-elastic-ip', '--yes', ...PACE],
    ]);
    const { code, answer } = started;
    expect([code, answer.phase, answer.outcome, outcomes(answer)]).toEqual([
      ...[0, 'undo-window', 'detached'],
      ['detached', 'detached'],
    ]);
    expect(answer.nics?.map((nic) => nic.restore)).toEqual(['exact', 'exact']);
    await expectTruth(undo.bed.simulator, answer);
    const undone = await undo.json(['undo', serverId, ...BY_WHOM]);
    expect([undone.code, undone.answer.outcome, outcomes(undone.answer)]).toEqual([
      ...[0, 'undone'],
      ['restored', 'restored'],
    ]);
    expect(undone.answer.decision).toMatchObject({ what: 'undo', ...WHO });
    expect(differences(before, await stateOf(undo.bed, serverId))).toEqual([]);
  });

  it('commit deletes the ports', async () => {
    const way = await undo.openWindow('committed');
    const { code, answer } = await undo.ask('commit', way);
    expect([code, answer.outcome, answer.undoUntil]).toEqual([0, 'deleted', null]);
    await judgeBack(undo.bed, way, { outcome: 'deleted', nics: ['deleted', 'deleted'] });
  });

  it('cancelled with keep: 7, the ports stay; restore finds them, once', async () => {
    const way = await undo.openWindow('cancelled, kept');
    const watching = await watched(way);
    expect((await undo.json(['cancel', way.serverId])).code).toBe(0);
    const { code, answer } = endOf(await watching.finished);
    expect([code, answer.outcome, outcomes(answer)]).toEqual([7, 'cancelled', ['detached', 'detached']]);
    expect(answer.warnings?.join()).toMatch(/the ports of 2 NICs stay/);
    await expectTruth(undo.bed.simulator, answer);
    // From the last run that took NICs off, whoever cancelled it.
    const back = await undo.restore(way);
    expect([back.code, back.answer.outcome, outcomes(back.answer)]).toEqual([
      ...[0, 'restored'],
      ['restored', 'restored'],
    ]);
    await undo.expectUnchanged(way);
    const again = await undo.restore(way, '--run-id', answer.runId);
    expect([again.code, again.answer.outcome, again.answer.submissions]).toEqual([0, 'nothing-to-do', 0]);
    await undo.expectUnchanged(way);
  });

  it('cancelled with restore: 5, and everything is back', async () => {
    const way = await undo.openWindow('cancelled, restored', { onCancel: 'restore' });
    const watching = await watched(way);
    await way.handle.cancel();
    const { code, answer } = endOf(await watching.finished);
    expect([code, answer.outcome, outcomes(answer)]).toEqual([5, 'cancelled', ['restored', 'restored']]);
    await undo.expectUnchanged(way);
  });

  it('undo and commit at once: one wins, the other is told so', async () => {
    const way = await undo.openWindow('raced');
    // Long enough for the other one to come before the end.
    for (const kind of ['port-delete', 'attach'])
      await setFault(undo.bed, way.serverId, { match: { class: kind }, what: { kind: 'delay', ms: 4_000 } });
    const ends = await Promise.all([undo.ask('undo', way), undo.ask('commit', way)]);
    expect(ends.map(({ code }) => code).sort()).toEqual([0, 4]);
    const isUndone = ends[0].code === 0;
    const [winner, loser] = isUndone ? ends : [ends[1], ends[0]];
    expect(loser.answer.error?.type).toBe('NotApplicable');
    const { outcome = 'running' } = winner.answer;
    expect(outcome).toBe(isUndone ? 'undone' : 'deleted');
    await judgeBack(undo.bed, way, { outcome, nics: outcomes(winner.answer) });
  });

  it('undo of a port that somebody else has taken: 6, with the call that is missing', async () => {
    const way = await undo.openWindow('taken');
    const [taken, other] = way.targets;
    await undo.bed.simulator.post(`/_sim/ports/${taken}/attach-elsewhere`);
    const { code, answer, stderr } = await undo.ask('undo', way);
    expect([code, answer.failure?.type, outcomes(answer)]).toEqual([
      ...[6, 'RestoreIncomplete'],
      ['detached', 'restored'],
    ]);
    expect(answer.nics?.[0]?.remedy).toContain(`/nics {"nics":[{"port_id":"${taken}"}]}`);
    expect(stderr).toContain(answer.nics?.[0]?.remedy);
    const after = await stateOf(undo.bed, way.serverId);
    expect(after.nics.map(({ id, deleteOnTermination }) => [id, deleteOnTermination])).toEqual([
      [way.before.nics[0]?.id, true],
      [other, true],
    ]);
  });
});

/** A starter that follows the run, and has seen its window. */
async function watched({ serverId }: WayBack) {
  const watching = undo.bed.stack.startStarter(['watch', serverId, '--json']);
  expect(await until(async () => watching.stderr().includes('undo-window'), 120_000)).toBe(true);
  return watching;
}

describe.concurrent('a promise', { timeout: 240_000 }, () => {
  it('that can’t be kept refuses the run: 4, nothing detached, flags as they were', async () => {
    const way = await undo.server();
    const body = { code: 'Pdp.0001', message: 'no such right' };
    const fault = { match: { class: 'flag', serverId: way.serverId }, times: 1, after: 1 };
    await undo.bed.simulator.post('/_sim/faults', { ...fault, what: { kind: 'answer', status: 403, body } });
    const { code, answer } = await undo.json([
      ...['delete', way.serverId, '--all', '--allow-elastic-ip', '--on-failure', 'restore', '--yes', ...PACE],
    ]);
    expect([code, answer.failure?.type, outcomes(answer)]).toEqual([
      ...[4, 'CloudRefused'],
      ['untouched', 'untouched'],
    ]);
    expect(answer.failure?.message).toMatch(/exact undo can't be promised.*Pdp\.0001/);
    expect(await posts(undo.bed.simulator, way.serverId)).toBe(0);
    await undo.expectUnchanged(way);
  });

  it('--keep-port leaves the ports for good', async () => {
    const way = await undo.server();
    const { code, answer } = await undo.json([
      ...['delete', way.serverId, '--all', '--allow-elastic-ip', '--keep-port', '--yes', ...PACE],
    ]);
    expect([code, answer.outcome, outcomes(answer)]).toEqual([0, 'detached', ['detached', 'detached']]);
    expect(answer.nics?.map(({ evidence }) => evidence.port)).toEqual(['free', 'free']);
    await expectTruth(undo.bed.simulator, answer);
  });

  it('that was not given: undo of a plain run is refused with 4, and the run goes on', async () => {
    const way = await startDeletion(undo.bed, 'plain', {}, { jobSeconds: 5 });
    await untilPosted(undo.bed.simulator, way.serverId);
    const { code, answer } = await undo.ask('undo', way);
    expect([code, answer.error?.type]).toEqual([4, 'NotApplicable']);
    await judgeBack(undo.bed, way, { outcome: 'deleted', nics: ['deleted', 'deleted'] });
  });
});

describe.concurrent('any client', { timeout: 240_000 }, () => {
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
    const { handle } = await undo.openWindow('rubbish');
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
    const way = await undo.openWindow('undone twice');
    const ask = (by: string) =>
      way.handle.executeUpdate<ResultDocument, [unknown]>('undo', { args: [{ ...WHO, by }] });
    const first = ask('first');
    await until(async () => (await way.handle.query<ResultDocument>('status')).decision !== null, 120_000);
    const [one, two] = await Promise.all([first, ask('second')]);
    expect(one.decision).toMatchObject({ what: 'undo', by: 'first' });
    expect(two).toEqual(one);
    const document = await judgeBack(undo.bed, way, { outcome: 'undone', nics: ['restored', 'restored'] });
    expect(document).toEqual(one);
  });

  it('`submitted` is answered in a window, also where no answer had a job id', async () => {
    const fault = { match: { class: 'delete' }, what: { kind: 'drop', accepted: true }, times: 1 };
    const way = await startDeletion(undo.bed, 'without a job', { undoWindow: '1 hour' }, { faults: [fault] });
    const answer = await Promise.race([
      way.handle.executeUpdate('submitted'),
      settled(way).then(() => new Promise((fulfil) => setTimeout(() => fulfil('no answer'), 3_000))),
    ]);
    expect(answer).toEqual({ jobId: null });
    expect(await settled(way)).toMatchObject({ phase: 'undo-window', outcome: 'detached', jobs: [] });
    await decide(way, 'undo');
    const attached = async () => (await way.handle.query<ResultDocument>('status')).jobs.length > 0;
    expect(await until(attached, 120_000)).toBe(true);
    // The job that attaches is not the one that was asked for.
    expect(await way.handle.executeUpdate('submitted')).toEqual({ jobId: null });
    await judgeBack(undo.bed, way, { outcome: 'undone', nics: ['restored', 'restored'] });
  });
});
