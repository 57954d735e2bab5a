/** What a decommission run keeps for its window is its own until it ends: no list offers it, and no release deletes it. */
import { describe, expect, it } from 'vitest';
import { serverWorkflowId } from '../../../src/contract';
import { BY_WHOM, endOf } from '../../support/undo-stack';
import { approve, createFleet, fleetStack, startFleet } from '../../support/fleet';

describe('ports in the window of a decommission run', { timeout: 300_000 }, () => {
  const bed = fleetStack('fleet-kept', 200);

  it('are counted as held, released by nobody else, and gone after its commit', async () => {
    const servers = await createFleet(bed.stack.simulator, 2, () => ({ jobSeconds: 1 }));
    const fleet = await startFleet(bed, servers, {
      run: 'held',
      settings: { waves: '100%', undoWindow: '1 hour' },
    });
    await approve(fleet);
    await fleet.reaches(({ phase }) => phase === 'undo-window');
    const serverId = servers[0]?.serverId ?? '';
    const starter = async (...args: string[]) => endOf(await bed.stack.starter([...args, '--json']));
    const ports = async () =>
      (await starter('ports', '--server', serverId)).answer as unknown as {
        ports: unknown[];
        held: unknown[];
      };
    const run = await bed.client.workflow.getHandle(serverWorkflowId(serverId)).describe();
    const { nics } = (await starter('status', serverId)).answer;
    const ids = nics?.map(({ id }) => id) ?? [];
    expect(await ports()).toMatchObject({ ports: [], held: [{ run: 'held', ports: ids.length }] });

    const release = ['release', serverId, ...ids.flatMap((id) => ['--nic', id]), '--yes', ...BY_WHOM];
    const found = await starter(...release);
    expect([found.code, found.answer.error?.type]).toEqual([4, 'Held']);
    expect(found.stderr).toContain('ecs-nics decommission commit held');
    const named = await starter(...release, '--run-id', run.runId);
    expect([named.code, named.answer.failure?.type]).toEqual([4, 'Refused']);
    expect(named.answer.failure?.message).toContain('decommission run held is open');

    await fleet.update('commit');
    await fleet.handle.result();
    expect(await ports()).toMatchObject({ ports: [], held: [] });
    expect((await starter(...release)).code).toBe(2);
  });
});
