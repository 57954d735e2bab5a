/** What people do to a decommission run while it goes, and what happens to its parts. */
import { describe, expect, it } from 'vitest';
import { pageWorkflowId } from '../../../src/contract';
import { posts } from '../../support/e2e';
import { approve, createFleet, fleetStack, startFleet } from '../../support/fleet';

describe('a decommission run is controlled', { timeout: 600_000 }, () => {
  const bed = fleetStack('fleet-control', 200);

  const fails = (serverId: string, times = 1) =>
    bed.stack.simulator.post('/_sim/faults', {
      match: { class: 'delete', serverId },
      what: { kind: 'lying-job' },
      times,
    });
  const touched = async (servers: readonly { serverId: string }[]) => {
    const sent = await Promise.all(servers.map(({ serverId }) => posts(bed.stack.simulator, serverId)));
    return sent.filter((count) => count > 0).length;
  };

  it('stops at one failure too many, and goes on once its cause is gone', async () => {
    const { simulator } = bed.stack;
    const servers = await createFleet(simulator, 8);
    await fails(servers[1]!.serverId);
    const fleet = await startFleet(bed, servers, {
      run: 'stops',
      pageSize: 3,
      settings: { waves: '2,100%', pauseAfter: 'never' },
    });
    await approve(fleet);
    const stopped = await fleet.reaches(({ phase }) => phase === 'stopped');
    expect(stopped).toMatchObject({ failed: 1, maxErrors: 0, by: null });
    expect(stopped.failures).toMatchObject([{ serverId: servers[1]!.serverId }]);
    expect(await touched(servers)).toBe(2);

    await expect(fleet.update('resume')).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/setLimits.*retryFailed.*skip/) },
    });
    await fleet.update('retryFailed');
    await fleet.update('resume');
    const result = await fleet.handle.result();
    expect(result).toMatchObject({ outcome: 'done', failed: 0, counts: { deleted: 8 } });
  });

  it('skip leaves the failed one: the run goes on, and the report still says that it failed', async () => {
    const { simulator } = bed.stack;
    const servers = await createFleet(simulator, 4);
    await fails(servers[0]!.serverId);
    const fleet = await startFleet(bed, servers, {
      run: 'skips',
      settings: { waves: '1,100%', pauseAfter: 'never' },
    });
    await approve(fleet);
    await fleet.reaches(({ phase }) => phase === 'stopped');
    await fleet.update('skip', { servers: [servers[0]!.serverId, servers[3]!.serverId] });
    await fleet.update('resume');
    await fleet.handle.result();
    expect((await fleet.report()).map(({ outcome, errorCode }) => errorCode ?? outcome)).toEqual([
      expect.not.stringMatching('deleted'),
      'deleted',
      'deleted',
      'Skipped',
    ]);
    expect(await posts(simulator, servers[3]!.serverId)).toBe(0);
  });

  it('abort starts nothing more: what is under way finishes, the rest is told as aborted', async () => {
    const { simulator } = bed.stack;
    const servers = await createFleet(simulator, 6, () => ({ jobSeconds: 3 }));
    const fleet = await startFleet(bed, servers, {
      run: 'aborts',
      pageSize: 2,
      settings: { waves: '100%', concurrency: 2 },
    });
    await approve(fleet);
    await fleet.reaches(({ inFlight }) => inFlight === 2);
    const told = await fleet.update('abort');
    expect(told).toMatchObject({ reason: 'a test', by: 'tester' });
    const result = await fleet.handle.result();
    expect(result).toMatchObject({ outcome: 'aborted', counts: { deleted: 2, untouched: 4 } });
    expect(await touched(servers)).toBe(2);
  });

  it('what has changed since the plan is left alone', async () => {
    const { simulator } = bed.stack;
    const servers = await createFleet(simulator, 5);
    const fleet = await startFleet(bed, servers, {
      run: 'drifts',
      settings: { waves: '100%' },
    });
    await fleet.reaches(({ phase }) => phase === 'planned');
    const [moved, tagged, renamed, readdressed] = servers;
    const nic = (moved!.nics as { id: string }[])[0]!.id;
    await simulator.control('DELETE', `/_sim/servers/${moved!.serverId}/nics/${nic}`);
    await simulator.control('PATCH', `/_sim/servers/${tagged!.serverId}`, {
      tags: [{ key: 'ecs-nics-protect', value: 'true' }],
    });
    await simulator.control('PATCH', `/_sim/servers/${renamed!.serverId}`, { name: 'somebody else’s' });
    const [port] = readdressed!.nics as { id: string }[];
    await simulator.control('PATCH', `/_sim/ports/${port!.id}`, { mac: 'fa:16:3e:ff:ff:01' });
    await approve(fleet);
    await fleet.handle.result();
    const report = await fleet.report();
    expect(report.map(({ outcome, errorCode }) => [outcome, errorCode])).toEqual([
      ['deleted', null],
      ['untouched', 'Protected'],
      ['untouched', 'Drifted'],
      ['untouched', 'Drifted'],
      ['deleted', null],
    ]);
    for (const left of [tagged, renamed, readdressed]) expect(await posts(simulator, left!.serverId)).toBe(0);
  });

  it('a page that is terminated is noticed, and its servers are told as unknown', async () => {
    const { simulator } = bed.stack;
    const servers = await createFleet(simulator, 4, () => ({ jobSeconds: 60 }));
    const fleet = await startFleet(bed, servers, {
      run: 'loses',
      pageSize: 2,
      settings: { waves: '100%' },
    });
    await approve(fleet);
    await fleet.reaches(({ inFlight }) => inFlight === 4);
    await bed.client.workflow.getHandle(pageWorkflowId('loses', 0)).terminate('a test');
    const stopped = await fleet.reaches(({ phase }) => phase === 'stopped', 150_000);
    expect(stopped).toMatchObject({ counts: { unknown: 2 }, failed: 2 });
    expect(stopped.pages[0]?.state).toBe('lost');
    await fleet.update('abort');
    const result = await fleet.handle.result();
    expect(result).toMatchObject({ outcome: 'aborted', counts: { unknown: 2, deleted: 2 } });
  });

  it('refused credentials pause it, and a resume goes on', async () => {
    const { simulator } = bed.stack;
    const servers = await createFleet(simulator, 3);
    const fleet = await startFleet(bed, servers, {
      run: 'refused',
      settings: { waves: '1,100%', pauseAfter: 'never' },
    });
    await fleet.reaches(({ phase }) => phase === 'planned');
    const { id } = await simulator.post<{ id: string }>('/_sim/faults', {
      match: { class: 'any', serverId: servers[0]!.serverId },
      what: {
        kind: 'answer',
        status: 403,
        body: { error_code: 'APIGW.0301', error_msg: 'Incorrect IAM authentication information' },
      },
    });
    await approve(fleet);
    const paused = await fleet.reaches(({ phase }) => phase === 'paused');
    expect(paused.reason).toContain('refuses');
    await simulator.control('DELETE', `/_sim/faults/${id}`);
    await fleet.update('resume');
    const result = await fleet.handle.result();
    expect(result).toMatchObject({ phase: 'done', failed: 0 });
  });

  it('a refusal that only servers under way meet pauses it, too', async () => {
    const { simulator } = bed.stack;
    const servers = await createFleet(simulator, 2, () => ({ jobSeconds: 5 }));
    const fleet = await startFleet(bed, servers, {
      run: 'refused-later',
      settings: { waves: '1,100%', pauseAfter: 'never' },
    });
    await approve(fleet);
    await fleet.reaches(({ inFlight }) => inFlight === 1);
    const { id } = await simulator.post<{ id: string }>('/_sim/faults', {
      match: { class: 'job', serverId: servers[0]!.serverId },
      what: {
        kind: 'answer',
        status: 401,
        body: { error_code: 'APIG.0301', error_msg: 'Incorrect IAM authentication information' },
      },
    });
    const paused = await fleet.reaches(({ phase }) => phase === 'paused', 20_000);
    expect(paused.reason).toContain('refuses');
    expect(await posts(simulator, servers[1]!.serverId)).toBe(0);
    await simulator.control('DELETE', `/_sim/faults/${id}`);
    await fleet.update('resume');
    expect(await fleet.handle.result()).toMatchObject({ outcome: 'done', counts: { deleted: 2 } });
  });
});
