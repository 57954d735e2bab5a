/** Sixty servers, one in ten with a fault, and a worker that is killed three times: what is reported is what is true. */
import { describe, expect, it } from 'vitest';
import { approve, createFleet, fleetStack, startFleet } from '../../support/fleet';
import { expectTruth } from '../../support/truth';

const SERVERS = 60;

/** Of every tenth server the deletion, or its job, is struck; `failed`: NICs stay, and the report has to say so. */
const FAULTS = [
  { what: { kind: 'drop', accepted: true } },
  { what: { kind: 'status', status: 502, accepted: false } },
  { what: { kind: 'partial-failure', nics: [1], code: 'Ecs.0507' }, failed: true },
  { what: { kind: 'no-job-id', status: 202 } },
  { what: { kind: 'lying-job', nics: [0] }, failed: true },
  { what: { kind: 'false-failure' } },
];

describe('a decommission run in trouble', { timeout: 900_000 }, () => {
  const bed = fleetStack('fleet-kills', 100);

  it('reports what the ledger knows', async () => {
    const { simulator, taskQueue, worker, temporal } = bed.stack;
    const servers = await createFleet(simulator, SERVERS);
    const struck = new Map<string, boolean>();
    for (const [n, { what, failed = false }] of FAULTS.entries()) {
      const { serverId } = servers[n * 10 + 5]!;
      await simulator.post('/_sim/faults', { match: { class: 'delete', serverId }, what, times: 1 });
      struck.set(serverId, failed);
    }
    const fleet = await startFleet(bed, servers, {
      run: 'kills',
      pageSize: 20,
      settings: { waves: '1,20,100%', pauseAfter: 'never', maxErrors: '100%', concurrency: 20 },
    });
    await approve(fleet);
    for (const done of [2, 15, 35]) {
      await fleet.reaches(({ counts }) => (counts.deleted ?? 0) >= done, 300_000);
      await worker.kill();
      worker.start();
      await worker.ready(temporal, taskQueue);
    }
    const result = await fleet.handle.result();
    const failed = [...struck.values()].filter(Boolean).length;
    expect(result).toMatchObject({
      phase: 'done',
      outcome: 'incomplete',
      failed,
      counts: { deleted: SERVERS - failed, failed },
    });
    const report = await fleet.report();
    expect(report.map(({ serverId }) => serverId)).toEqual(servers.map(({ serverId }) => serverId));
    for (const server of report) {
      expect([server.serverId, server.outcome]).toEqual([
        server.serverId,
        struck.get(server.serverId) === true ? 'failed' : 'deleted',
      ]);
      const nics = server.nics.map((nic) => ({ ...nic, remedy: null, replacedBy: null }));
      expect(nics).toHaveLength(3);
      await expectTruth(simulator, { serverId: server.serverId, nics: nics as never });
    }
  });
});
