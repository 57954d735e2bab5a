/** Decommission runs on a real Temporal server, with a real worker process, driven by a Temporal client alone. */
import { describe, expect, it } from 'vitest';
import { posts } from '../../support/e2e';
import type { FleetRun } from '../../support/fleet';
import { approve, createFleet, fleetStack, startFleet, WHO } from '../../support/fleet';

describe('a decommission run', { timeout: 600_000 }, () => {
  const bed = fleetStack('fleet', 200);

  const deletions = async (fleet: readonly { serverId: string }[]) =>
    Promise.all(fleet.map(({ serverId }) => posts(bed.stack.simulator, serverId)));

  const outcomesOf = async (fleet: FleetRun) =>
    (await fleet.report()).map(({ outcome, errorCode }) => [outcome, errorCode]);

  it('plans, waits for its approval, goes in waves, and reports; a second one has nothing to do', async () => {
    const { simulator } = bed.stack;
    const servers = await createFleet(simulator, 12);
    const fleet = await startFleet(bed, servers, { run: 'life', pageSize: 5 });
    const planned = await fleet.reaches(({ phase }) => phase === 'planned');
    expect(planned).toMatchObject({ servers: 12, nics: 36, excluded: 0, waves: [1, 10, 12], wave: null });
    expect(await deletions(servers)).toEqual(Array(12).fill(0));

    await expect(
      fleet.update('approve', { digest: planned.digest, servers: 12, nics: 35 }),
    ).rejects.toMatchObject({
      cause: { type: 'NotApplicable', message: expect.stringContaining('36 NICs') },
    });
    await approve(fleet);
    const paused = await fleet.reaches(({ phase }) => phase === 'paused');
    expect(paused).toMatchObject({ counts: { deleted: 1 }, by: null, wave: { number: 1, of: 3, done: 1 } });
    expect(paused.reason).toContain('0 of 1 failed');
    expect((await deletions(servers)).filter((count) => count > 0)).toHaveLength(1);

    await fleet.update('resume');
    const result = await fleet.handle.result();
    expect(result).toMatchObject({ phase: 'done', outcome: 'done', counts: { deleted: 12 }, failed: 0 });
    expect(await deletions(servers)).toEqual(Array(12).fill(1));
    const report = await fleet.report();
    expect(report.map(({ serverId }) => serverId)).toEqual(servers.map(({ serverId }) => serverId));
    expect(new Set(report.flatMap(({ nics }) => nics.map(({ outcome }) => outcome)))).toEqual(
      new Set(['deleted']),
    );
    expect(report[0]?.nics[0]).toMatchObject({ jobId: expect.any(String), requestId: expect.any(String) });

    const again = await startFleet(bed, servers, { run: 'life-again', pageSize: 12 });
    expect(await again.handle.result()).toMatchObject({ phase: 'done', servers: 0, excluded: 12 });
    expect(await deletions(servers)).toEqual(Array(12).fill(1));
    expect(await outcomesOf(again)).toEqual(Array(12).fill(['nothing-to-do', null]));
  });

  it('the digest does not depend on pages or on the name of the run, and does on the NICs', async () => {
    const { simulator } = bed.stack;
    const servers = await createFleet(simulator, 4);
    const digests = [];
    for (const [run, pageSize, some] of [
      ['digest-1', 4, servers],
      ['digest-2', 1, servers],
      ['digest-3', 4, [...servers].reverse()],
      [
        'digest-4',
        4,
        servers.map(({ serverId, nics }) => ({ serverId, nics: nics.slice(1) as { id: string }[] })),
      ],
    ] as const) {
      const fleet = await startFleet(bed, some, { run, pageSize });
      digests.push((await fleet.reaches(({ phase }) => phase === 'planned')).digest);
      await fleet.update('abort');
      expect(await fleet.handle.result()).toMatchObject({ outcome: 'aborted' });
    }
    expect(digests[1]).toBe(digests[0]);
    expect(new Set(digests).size).toBe(3);
  });

  it('leaves alone what is protected, refused or busy', async () => {
    const { simulator } = bed.stack;
    const servers = await createFleet(simulator, 6, (n) =>
      n === 1 ? { tags: [{ key: 'ecs-nics-protect', value: 'true' }] } : n === 2 ? { locked: true } : {},
    );
    const busy = servers[3]!;
    const fleet = await startFleet(bed, servers, {
      run: 'left-alone',
      settings: { waves: '100%', protect: [servers[5]!.serverId] },
    });
    const planned = await fleet.reaches(({ phase }) => phase === 'planned');
    expect(planned).toMatchObject({ servers: 3, excluded: 3 });
    const { excluded } = await fleet.plan();
    expect(excluded.map(({ serverId, code }) => [serverId, code])).toEqual([
      [servers[1]!.serverId, 'Protected'],
      [servers[2]!.serverId, 'Refused'],
      [servers[5]!.serverId, 'Protected'],
    ]);
    // Only now: another request is first.
    await bed.client.workflow.start('deleteServerNics', {
      taskQueue: bed.stack.taskQueue,
      workflowId: `nics/${busy.serverId}`,
      args: [{ ...busy, undoWindow: '1 hour' }],
    });
    await approve(fleet);
    await fleet.handle.result();
    expect(await outcomesOf(fleet)).toEqual([
      ['deleted', null],
      ['untouched', 'Protected'],
      ['untouched', 'Refused'],
      ['untouched', 'Busy'],
      ['deleted', null],
      ['untouched', 'Protected'],
    ]);
    const other = bed.client.workflow.getHandle(`nics/${busy.serverId}`);
    await other.executeUpdate('settled');
    await other.executeUpdate('commit', { args: [WHO] });
  });
});
