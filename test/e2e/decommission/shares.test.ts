/** Several decommission runs and single requests in one quota, by the cloud's ledger: nobody waits for the others to be through. */
import { describe, expect, it } from 'vitest';
import type { ListedServer, ResultDocument } from '../../../src/contract';
import { until } from '../../../dev/ports';
import { createServer, TIMING } from '../../support/e2e';
import { approve, createFleet, fleetStack, startFleet } from '../../support/fleet';

/** So few that calls, not the machine, are what is short. */
const CALLS_PER_SECOND = 6;
const SERVERS = 30;
/** Of each run: with all of them waiting for their turn, whoever comes last would be last. */
const CONCURRENCY = 15;
const SINGLES = 3;
/** Deletions of the runs that may be sent between the start of a single request and its own: a third of what is under way. */
const MOST_AHEAD = 10;

interface Deletion {
  at: number;
  serverId: string;
}

describe('two decommission runs and single requests in one quota', { timeout: 300_000 }, () => {
  const bed = fleetStack('fleet-shares', CALLS_PER_SECOND);

  it('no run starves, and a single request does not wait for their ends', async () => {
    const { simulator, taskQueue } = bed.stack;
    const deletions = async (): Promise<Deletion[]> => {
      const { requests } = await simulator.get<{ requests: (Deletion & { class: string })[] }>(
        '/_sim/ledger',
      );
      return requests.filter((request) => request.class === 'delete');
    };
    const lists = await Promise.all([createFleet(simulator, SERVERS), createFleet(simulator, SERVERS)]);
    const settings = { waves: '100%', pauseAfter: 'never', concurrency: CONCURRENCY };
    const fleets = await Promise.all(
      lists.map((servers, n) => startFleet(bed, servers, { run: `shares-${n}`, settings })),
    );
    await Promise.all(fleets.map((fleet) => fleet.reaches(({ phase }) => phase === 'planned')));
    await Promise.all(fleets.map(approve));

    const sent = ofRun(lists);
    const isBusy = (all: readonly Deletion[]) => sent(all).every(({ length }) => length >= 3);
    expect(await until(async () => isBusy(await deletions()), 120_000)).toBe(true);
    const ahead: number[] = [];
    for (let n = 0; n < SINGLES; n++) {
      const { id, nics } = await createServer(simulator);
      const before = (await deletions()).length;
      // As any service starts it: without a priority.
      const single = await bed.client.workflow.start('deleteServerNics', {
        taskQueue,
        workflowId: `nics/${id}`,
        args: [{ serverId: id, nics: nics.map((nic) => ({ id: nic })), timing: TIMING }],
      });
      const { outcome } = (await single.result()) as ResultDocument;
      expect(outcome).toBe('deleted');
      ahead.push((await deletions()).findIndex(({ serverId }) => serverId === id) - before);
    }
    // Both runs had more to send than was sent meanwhile: the last of the single requests has overtaken them, too.
    const left = sent(await deletions()).map(({ length }) => SERVERS - length);
    process.stderr.write(`ahead of the single requests: ${ahead.join(', ')}; left: ${left.join(', ')}\n`);
    for (const count of ahead) expect(count).toBeLessThanOrEqual(MOST_AHEAD);

    for (const { handle } of fleets)
      expect(await handle.result()).toMatchObject({ outcome: 'done', counts: { deleted: SERVERS } });
    const [one = [], other = []] = sent(await deletions());
    // Until one of them has sent all of its own.
    const end = Math.min(...[one, other].map((times) => Math.max(...times)));
    const parts = [one, other].map((times) => times.filter((at) => at <= end).length);
    process.stderr.write(`deletions while both had some to send: ${parts.join(' and ')}\n`);
    const all = parts.reduce((sum, count) => sum + count, 0);
    for (const part of parts) expect(part).toBeGreaterThanOrEqual(all / 3);
  });
});

/** When the deletions of each run were sent. */
function ofRun(lists: readonly (readonly ListedServer[])[]) {
  const ids = lists.map((servers) => new Set(servers.map(({ serverId }) => serverId)));
  return (all: readonly Deletion[]) =>
    ids.map((own) => all.filter(({ serverId }) => own.has(serverId)).map(({ at }) => at));
}
