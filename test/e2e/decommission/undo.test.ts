/** The way back of a decommission run: of all servers, and of some. */
import { describe, expect, it } from 'vitest';
import type { ListedServer } from '../../../src/contract';
import { pageWorkflowId, serverWorkflowId } from '../../../src/contract';
import { until } from '../../../dev/ports';
import { reset } from '../../../dev/reset';
import { posts } from '../../support/e2e';
import type { FleetRun } from '../../support/fleet';
import { approve, createFleet, fleetStack, startFleet } from '../../support/fleet';

describe('a decommission run is undone', { timeout: 600_000 }, () => {
  const bed = fleetStack('fleet-undo', 200);

  const stateOf = ({ serverId }: ListedServer) => bed.stack.simulator.get(`/_sim/servers/${serverId}/state`);
  const statesOf = (servers: readonly ListedServer[]) => Promise.all(servers.map(stateOf));
  const violations = async () =>
    (await bed.stack.simulator.get<{ violations: unknown[] }>('/_sim/invariants')).violations;
  const outcomes = async (fleet: FleetRun) => (await fleet.report()).map(({ outcome }) => outcome);
  const named = (...servers: ListedServer[]) => ({ servers: servers.map(({ serverId }) => serverId) });

  it('wholly, in its window, also when the namespace has forgotten the deletions', async () => {
    const servers = await createFleet(bed.stack.simulator, 6, () => ({ jobSeconds: 2 }));
    const before = await statesOf(servers);
    const fleet = await startFleet(bed, servers, {
      run: 'forgotten',
      pageSize: 4,
      settings: { waves: '100%', undoWindow: '1 hour', concurrency: 3 },
    });
    await approve(fleet);
    await fleet.reaches(({ phase }) => phase === 'undo-window');
    expect(await outcomes(fleet)).toEqual(servers.map(() => 'detached'));
    const { workflowService, options } = bed.client;
    for (const { serverId } of servers)
      await workflowService.deleteWorkflowExecution({
        namespace: options.namespace,
        workflowExecution: { workflowId: serverWorkflowId(serverId) },
      });
    const isForgotten = ({ serverId }: ListedServer) =>
      bed.client.workflow
        .getHandle(serverWorkflowId(serverId))
        .describe()
        .then(
          () => false,
          () => true,
        );
    expect(
      await until(async () => (await Promise.all(servers.map(isForgotten))).every(Boolean), 60_000),
    ).toBe(true);

    const told = await fleet.update('undo');
    expect(told).toMatchObject({ phase: 'undoing', by: 'tester', reason: 'a test' });
    await expect(fleet.update('abort')).rejects.toMatchObject({
      cause: { message: expect.stringContaining('all waves are over (phase undoing)') },
    });
    const result = await fleet.handle.result();
    expect(result).toMatchObject({ outcome: 'undone', counts: { restored: 6 }, back: { done: 6, of: 6 } });
    expect(await outcomes(fleet)).toEqual(servers.map(() => 'restored'));
    expect(await statesOf(servers)).toEqual(before);
    expect(await violations()).toEqual([]);
  });

  it('in part, while waves run: those come back, the others go, and what was not begun never is', async () => {
    const servers = await createFleet(bed.stack.simulator, 6, () => ({ jobSeconds: 3 }));
    const [first, second, third, , , last] = servers as [
      ListedServer,
      ListedServer,
      ListedServer,
      ListedServer,
      ListedServer,
      ListedServer,
    ];
    const before = await statesOf([first, second, last]);
    const fleet = await startFleet(bed, servers, {
      run: 'in-part',
      pageSize: 2,
      settings: { waves: '1,3,100%', pauseAfter: 'first', undoWindow: '1 hour', concurrency: 2 },
    });
    await approve(fleet);
    await fleet.reaches(({ phase }) => phase === 'paused');
    await fleet.update('resume');
    await fleet.reaches(({ inFlight }) => inFlight === 2);
    // One at rest, one under way, one that waits for its turn.
    const told = await fleet.update('undo', named(first, second, last));
    expect(told.phase).toMatch(/undoing|running/);
    await fleet.reaches(({ phase }) => phase === 'undoing');
    await fleet.reaches(({ phase }) => phase === 'undo-window');
    expect(await outcomes(fleet)).toEqual([
      ...['restored', 'restored', 'detached', 'detached', 'detached'],
      'untouched',
    ]);
    expect((await fleet.report()).at(-1)?.errorCode).toBe('Skipped');
    expect(await statesOf([first, second, last])).toEqual(before);
    expect(await posts(bed.stack.simulator, last.serverId)).toBe(0);

    // In the window one more, and then the rest is gone for good.
    const third_ = await stateOf(third);
    await fleet.update('undo', named(third));
    await fleet.reaches(({ phase, counts }) => phase === 'undo-window' && counts.restored === 3);
    expect(await stateOf(third)).not.toEqual(third_);
    await fleet.update('commit');
    const result = await fleet.handle.result();
    expect(result).toMatchObject({ outcome: 'done', counts: { restored: 3, deleted: 2, untouched: 1 } });
    expect(await statesOf([first, second, last])).toEqual(before);
    expect(await violations()).toEqual([]);
  });

  it('after an abort, with servers under way: nothing is gone in the end', async () => {
    const servers = await createFleet(bed.stack.simulator, 5, () => ({ jobSeconds: 4 }));
    const before = await statesOf(servers);
    const fleet = await startFleet(bed, servers, {
      run: 'red-button',
      settings: { waves: '100%', undoWindow: '1 hour', concurrency: 2 },
    });
    await approve(fleet);
    await fleet.reaches(({ counts, inFlight }) => (counts.detached ?? 0) > 0 && inFlight === 2);
    await fleet.update('abort');
    await fleet.update('undo');
    const result = await fleet.handle.result();
    expect(result).toMatchObject({ outcome: 'undone', inFlight: 0 });
    const { restored = 0, untouched = 0 } = result.counts;
    expect([restored + untouched, restored >= 3]).toEqual([5, true]);
    expect(await statesOf(servers)).toEqual(before);
    expect(await violations()).toEqual([]);
  });

  it('what can’t be put back is named with its reason, stays, and can be tried again', async () => {
    const servers = await createFleet(bed.stack.simulator, 2, () => ({ jobSeconds: 1 }));
    const [blocked] = servers as [ListedServer];
    const [nic] = blocked.nics as [{ id: string }];
    const fleet = await startFleet(bed, servers, {
      run: 'blocked',
      settings: { waves: '100%', undoWindow: '1 hour', maxErrors: 9 },
    });
    await approve(fleet);
    await fleet.reaches(({ phase }) => phase === 'undo-window');
    const elsewhere = await bed.stack.simulator.post<{ id: string }>(
      `/_sim/ports/${nic.id}/attach-elsewhere`,
    );
    await fleet.update('undo', named(...servers));
    await fleet.reaches(({ phase, back }) => phase === 'undo-window' && back?.done === 2);
    const report = await fleet.report();
    expect(report.map(({ outcome }) => outcome)).toEqual(['restore-incomplete', 'restored']);
    expect(report[0]?.message).toContain(`its port is attached to ${elsewhere.id}`);
    // Its NIC that did come back is told as such.
    expect(report[0]?.nics.map(({ outcome }) => outcome)).toEqual(['detached', 'restored', 'restored']);

    await bed.stack.simulator.control('DELETE', `/_sim/servers/${elsewhere.id}/nics/${nic.id}`);
    await fleet.update('undo', named(blocked));
    await fleet.reaches(({ phase, counts }) => phase === 'undo-window' && counts.restored === 2);
    await fleet.update('commit');
    expect(await fleet.handle.result()).toMatchObject({ outcome: 'done', counts: { restored: 2 } });
    expect(await violations()).toEqual([]);
  });

  it('a page that is reset has forgotten what it had taken off, and nobody says that all is back', async () => {
    const servers = await createFleet(bed.stack.simulator, 3, () => ({ jobSeconds: 1 }));
    const fleet = await startFleet(bed, servers, {
      run: 'forgetful',
      settings: { waves: '2,100%', pauseAfter: 'first', undoWindow: '1 hour' },
    });
    await approve(fleet);
    await fleet.reaches(({ phase }) => phase === 'paused');
    await bed.stack.worker.kill();
    const told = fleet.update('undo');
    // Both come to the page before it has worked for the one and forgotten for the other.
    await reset(bed.client, pageWorkflowId('forgetful', 0));
    bed.stack.worker.start();
    expect(await told).toMatchObject({ phase: 'undoing' });
    const result = await fleet.handle.result();
    expect(result).toMatchObject({ outcome: 'incomplete', undone: true, counts: { unknown: 3 } });
    expect(await outcomes(fleet)).toEqual(['unknown', 'unknown', 'unknown']);
  });

  it('is refused before anything was touched, and for servers that are not on the list', async () => {
    const servers = await createFleet(bed.stack.simulator, 2);
    const fleet = await startFleet(bed, servers.slice(0, 1), { run: 'too-early' });
    await fleet.reaches(({ phase }) => phase === 'planned');
    const refusal = (message: string) => ({ cause: { message: expect.stringContaining(message) } });
    await expect(fleet.update('undo')).rejects.toMatchObject(refusal('nothing has been taken off'));
    await approve(fleet);
    await expect(fleet.update('undo', named(servers[1]!))).rejects.toMatchObject(
      refusal('is not on this run'),
    );
    await fleet.handle.result();
  });
});
