/** What somebody does to the parts of a decommission run with Temporal's own means. */
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { decommissionWorkflowId, pageWorkflowId } from '../../../src/contract';
import { until } from '../../../dev/ports';
import { posts } from '../../support/e2e';
import { approve, createFleet, fleetStack, startFleet } from '../../support/fleet';
import { reset } from '../../../dev/reset';

describe('a decommission run, meddled with', { timeout: 150_000 }, () => {
  const bed = fleetStack('fleet-outside', 200);
  const portDeletions = async () => {
    const { requests } = await bed.stack.simulator.get<{ requests: { class: string }[] }>('/_sim/ledger');
    return requests.filter((request) => request.class === 'port-delete').length;
  };

  it('a page that is reset changes nothing a second time, and says of what it has forgotten that nobody knows', async () => {
    const { simulator } = bed.stack;
    const locked = (n: number) => (n === 3 ? { locked: true } : {});
    const servers = await createFleet(simulator, 4, (n) => ({ jobSeconds: n === 0 ? 1 : 8, ...locked(n) }));
    const fleet = await startFleet(bed, servers, {
      run: 'reset',
      settings: { waves: '100%' },
    });
    await approve(fleet);
    const first = bed.client.workflow.getHandle(`nics/${servers[0]!.serverId}`);
    const isDone = async () => (await first.describe().catch(() => null))?.status.name === 'COMPLETED';
    expect(await until(isDone, 60_000)).toBe(true);
    // What the plan has left alone stays so, though it could be deleted now.
    await simulator.control('PATCH', `/_sim/servers/${servers[3]!.serverId}`, { locked: false });
    await reset(bed.client, pageWorkflowId('reset', 0));
    // All of its servers are in doubt, also the one that was left alone: it has forgotten which that was.
    expect(await fleet.reaches(({ phase }) => phase === 'stopped')).toMatchObject({ failed: 4 });
    await fleet.update('abort');
    expect(await fleet.handle.result()).toMatchObject({ phase: 'done', outcome: 'aborted' });
    const report = await fleet.report();
    // Whatever is told as deleted is; the rest is in doubt, and nothing is told as untouched.
    expect(report.map(({ outcome }) => outcome).filter((outcome) => outcome !== 'deleted')).toContain(
      'unknown',
    );
    for (const { outcome } of report) expect(['deleted', 'unknown']).toContain(outcome);
    const sent = await Promise.all(servers.map(({ serverId }) => posts(simulator, serverId)));
    expect(sent).toEqual([1, 1, 1, 0]);
  });

  it('a page that is reset before anything was approved has begun nothing, and an abort says so', async () => {
    const servers = await createFleet(bed.stack.simulator, 2);
    const fleet = await startFleet(bed, servers, { run: 'reset-plan' });
    await fleet.reaches(({ phase }) => phase === 'planned');
    // Its plan is forgotten, and it can't plan again before the abort comes.
    const { id } = await bed.stack.simulator.post<{ id: string }>('/_sim/faults', {
      match: { class: 'any' },
      what: { kind: 'status', status: 503 },
    });
    await reset(bed.client, pageWorkflowId('reset-plan', 0));
    await fleet.update('abort');
    expect(await fleet.handle.result()).toMatchObject({ outcome: 'aborted' });
    await bed.stack.simulator.control('DELETE', `/_sim/faults/${id}`);
    expect((await fleet.report()).map(({ outcome, errorCode }) => [outcome, errorCode])).toEqual([
      ['untouched', 'Aborted'],
      ['untouched', 'Aborted'],
    ]);
  });

  it('a run that is reset between two waves goes on, and its pages listen to it', async () => {
    const { simulator } = bed.stack;
    const servers = await createFleet(simulator, 3);
    const fleet = await startFleet(bed, servers, {
      run: 'reset-run',
      pageSize: 2,
      settings: { waves: '1,100%' },
    });
    await approve(fleet);
    await fleet.reaches(({ phase }) => phase === 'paused');
    await fleet.update('setLimits', { concurrency: 3 });
    const workflowId = decommissionWorkflowId('reset-run');
    await reset(bed.client, workflowId, -2);
    await fleet.reaches(({ phase }) => phase === 'paused');
    await fleet.update('resume');
    // The handle that started it stays with the run that was reset.
    const result: unknown = await bed.client.workflow.getHandle(workflowId).result();
    expect(result).toMatchObject({ outcome: 'done', counts: { deleted: 3 } });
    for (const { serverId } of servers) expect(await posts(simulator, serverId)).toBe(1);
  });

  it('a run that is reset while its list was loaded ends, though its pages know later orders', async () => {
    const { simulator } = bed.stack;
    const servers = await createFleet(simulator, 3);
    const fleet = await startFleet(bed, servers, { run: 'reset-loading', pageSize: 2 });
    await fleet.reaches(({ phase }) => phase === 'planned');
    const workflowId = decommissionWorkflowId('reset-loading');
    // It knows the first page alone then, which has been told to plan and has planned.
    await reset(bed.client, workflowId, await taskBeforePage(fleet.handle, 1));
    await fleet.reaches(({ phase }) => phase === 'loading');
    await fleet.update('abort');
    const result: unknown = await bed.client.workflow.getHandle(workflowId).result();
    expect(result).toMatchObject({ phase: 'done', outcome: 'aborted' });
    // The other page was never told of: it would ask for its run in some hours.
    await bed.client.workflow.getHandle(pageWorkflowId('reset-loading', 1)).cancel();
    for (const { serverId } of servers) expect(await posts(simulator, serverId)).toBe(0);
  });

  it('a server’s run that is terminated is in doubt, and counts as failed', async () => {
    const { simulator } = bed.stack;
    const servers = await createFleet(simulator, 2, (n) => ({ jobSeconds: n === 0 ? 60 : 1 }));
    const fleet = await startFleet(bed, servers, { run: 'child', settings: { waves: '100%' } });
    await approve(fleet);
    const { serverId } = servers[0]!;
    expect(await until(async () => (await posts(simulator, serverId)) === 1, 60_000)).toBe(true);
    await bed.client.workflow.getHandle(`nics/${serverId}`).terminate('a test');
    const stopped = await fleet.reaches(({ phase }) => phase === 'stopped');
    expect(stopped).toMatchObject({ failed: 1, failures: [{ serverId }] });
    expect((await fleet.report())[0]).toMatchObject({
      outcome: 'unknown',
      message: expect.stringMatching(/terminated.*look at the server/),
      nics: [{ outcome: 'unknown' }, { outcome: 'unknown' }, { outcome: 'unknown' }],
    });
    await fleet.update('abort');
    await fleet.handle.result();
  });

  it('kept ports are deleted only while no other run is open on their server', async () => {
    const { simulator } = bed.stack;
    const servers = await createFleet(simulator, 2);
    const fleet = await startFleet(bed, servers, {
      run: 'others',
      settings: { waves: '100%', undoWindow: '1 hour' },
    });
    await approve(fleet);
    await fleet.reaches(({ phase }) => phase === 'undo-window');
    const [held, other] = servers.map(({ serverId }) => serverId) as [string, string];
    // Nobody works for it: it stays as it is.
    const idle = await bed.client.workflow.start('deleteServerNics', {
      workflowId: `nics/${held}`,
      taskQueue: `nobody-${randomUUID()}`,
      args: [{ serverId: held, nics: 'all' }],
    });
    await fleet.update('commit');
    const isCommitted = async (serverId: string) =>
      (await fleet.report()).find((line) => line.serverId === serverId)?.outcome === 'deleted';
    expect(await until(() => isCommitted(other), 60_000)).toBe(true);
    expect(await isCommitted(held)).toBe(false);
    expect(await portDeletions()).toBe(3);
    await idle.terminate('a test');
    expect(await fleet.handle.result()).toMatchObject({ outcome: 'done', counts: { deleted: 2 } });
    expect(await portDeletions()).toBe(6);
  });

  it('credentials that are refused while kept ports are deleted are told, and a resume goes on', async () => {
    const { simulator } = bed.stack;
    const servers = await createFleet(simulator, 1);
    const fleet = await startFleet(bed, servers, {
      run: 'refused-commit',
      settings: { waves: '100%', undoWindow: '1 hour' },
    });
    await approve(fleet);
    await fleet.reaches(({ phase }) => phase === 'undo-window');
    const body = { error_code: 'APIGW.0301', error_msg: 'Incorrect IAM authentication information' };
    const { id } = await simulator.post<{ id: string }>('/_sim/faults', {
      match: { class: 'any' },
      what: { kind: 'answer', status: 401, body },
    });
    await fleet.update('commit');
    const paused = await fleet.reaches(({ phase }) => phase === 'paused');
    expect([paused.by, paused.betweenWaves]).toEqual([null, false]);
    expect(paused.reason).toContain('refuses');
    await simulator.control('DELETE', `/_sim/faults/${id}`);
    await fleet.update('resume');
    expect(await fleet.handle.result()).toMatchObject({ outcome: 'done', counts: { deleted: 1 } });
  });

  it('signals that are none of ours change nothing', async () => {
    const { simulator } = bed.stack;
    const servers = await createFleet(simulator, 2, () => ({ jobSeconds: 3 }));
    const fleet = await startFleet(bed, servers, { run: 'rubbish', settings: { waves: '100%' } });
    const rubbish = [
      null,
      'news',
      7,
      [],
      {},
      { page: 0, seq: 1e9 },
      { page: 99, seq: 1 },
      { seq: 1e9, upTo: 'x' },
    ];
    const sendAll = async () => {
      for (const id of [decommissionWorkflowId('rubbish'), pageWorkflowId('rubbish', 0)])
        for (const name of ['news', 'order', 'skip', 'refused', 'nobody knows it'])
          for (const argument of name === 'refused' ? rubbish.slice(2) : rubbish)
            await bed.client.workflow.getHandle(id).signal(name, argument);
    };
    await sendAll();
    await approve(fleet);
    await fleet.reaches(({ inFlight }) => inFlight === 2);
    await sendAll();
    expect(await fleet.handle.result()).toMatchObject({ outcome: 'done', counts: { deleted: 2 } });
    for (const { serverId } of servers) expect(await posts(simulator, serverId)).toBe(1);
  });
});

/** The number of the workflow task before the one that took that page of the list. */
async function taskBeforePage(handle: WorkflowHandle, page: number): Promise<number> {
  const { events = [] } = await handle.fetchHistory();
  const isLoad = (name: string | null | undefined) => name === 'load';
  const loads = events!.flatMap((event, index) =>
    isLoad(event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input?.name) ? [index] : [],
  );
  const before = events!.slice(0, loads[page]);
  return before.filter((event) => event.workflowTaskCompletedEventAttributes).length - 2;
}
