/** NICs put back: exactly, by an undo in its window, beside making them again, as the Terraform provider does. */
import { isDeepStrictEqual } from 'node:util';
import type { Bed } from '../bed';
import { callsOf } from '../targets';
import { recreate } from '../recreate';
import type { NicState } from '../../simulator/compute/nic-states';
import type { Samples } from '../figures';
import { figure, row } from '../figures';
import type { Measure } from './measure';

const JOB_SECONDS = 12;
const QUICK_SECONDS = 2;
const WHO = { by: 'bench', reason: 'measured' };

/** Everything that a NIC can have; the second carries an elastic IP. */
const NIC = {
  name: 'backend',
  deleteOnTermination: true,
  allowedAddressPairs: [{ ip_address: '10.9.0.1' }],
  extraDhcpOpts: [{ opt_name: '51', opt_value: '24h' }],
};
const NICS = [{ primary: true }, NIC, { ...NIC, elasticIp: true }, NIC];

interface Play {
  seconds: number;
  calls: number;
  lost: number;
}

export const undo: Measure = {
  title: 'Three NICs put back: undo in the window, and (as naive) re-creation as Terraform does it',
  usual: { runs: 3, rounds: 1 },
  quick: { runs: 1, rounds: 1 },

  async run(bed, { runs, rounds, quick, say }) {
    const jobSeconds = quick ? QUICK_SECONDS : JOB_SECONDS;
    const samples: Record<keyof Play, Samples> = {
      seconds: { ours: [], naive: [] },
      calls: { ours: [], naive: [] },
      lost: { ours: [], naive: [] },
    };
    for (let n = 0; n < runs * rounds; n++) {
      for (const name of ['ours', 'naive'] as const) {
        say(`${n + 1} of ${runs * rounds}: ${name === 'ours' ? 'undo' : 're-creation'}`);
        const play = name === 'ours' ? await undone(bed, jobSeconds) : await recreated(bed, jobSeconds);
        for (const key of ['seconds', 'calls', 'lost'] as const) samples[key][name].push(play[key]);
      }
    }
    say('what the exact way costs');
    return {
      rows: [
        row('asked → back and verified', 's', samples.seconds),
        row('cloud calls for it', '', samples.calls),
        row('fields that are not as before', '', samples.lost),
      ],
      notes: [
        `Jobs of ${jobSeconds} s; nothing learned about them. ${Object.keys(NIC).length + 9} fields of three NICs are compared.`,
        await extraCalls(bed),
      ],
    };
  },
};

async function undone(bed: Bed, jobSeconds: number): Promise<Play> {
  const { id, nics } = await server(bed, jobSeconds);
  const handle = await remove(bed, id, { undoWindow: '1 hour' });
  await handle.executeUpdate('settled');
  const before = await callCount(bed, id);
  const askedAt = Date.now();
  await handle.executeUpdate('undo', { args: [WHO] });
  return {
    seconds: (Date.now() - askedAt) / 1_000,
    calls: (await callCount(bed, id)) - before,
    lost: lost(nics, await stateOf(bed, id)),
  };
}

async function recreated(bed: Bed, jobSeconds: number): Promise<Play> {
  const { id, nics } = await server(bed, jobSeconds);
  await (await remove(bed, id, {})).result();
  const before = await callCount(bed, id);
  const askedAt = Date.now();
  await recreate(bed.stack.simulator, id, nics);
  return {
    seconds: (Date.now() - askedAt) / 1_000,
    calls: (await callCount(bed, id)) - before,
    lost: lost(nics, await stateOf(bed, id)),
  };
}

/** Calls of a deletion that keeps its ports and then deletes them, beside those of a plain one. */
async function extraCalls(bed: Bed): Promise<string> {
  const [plain, exact] = [await server(bed, 1), await server(bed, 1)];
  await (await remove(bed, plain.id, {})).result();
  await (await remove(bed, exact.id, { onFailure: 'restore' })).result();
  const ledger = await bed.cloud.ledger();
  const [of, other] = callsOf(
    [plain, exact].map(({ id }) => ({ serverId: id, nicIds: [] })),
    ledger,
  );
  const more = (name: string) => (other?.byClass[name] ?? 0) - (of?.byClass[name] ?? 0);
  const perNic = (name: string) => figure(more(name) / exact.nics.length);
  const rest = Math.round((other?.total ?? 0) - (of?.total ?? 0) - more('flag') - more('port-delete'));
  return (
    `The exact way, committed, costs ${perNic('flag')} flag writes and ${perNic('port-delete')} port deletions for each NIC more ` +
    `than the plain one, and ${rest} reads for all of them.`
  );
}

async function server(bed: Bed, jobSeconds: number): Promise<{ id: string; nics: NicState[] }> {
  const { id } = await bed.stack.simulator.post<{ id: string }>('/_sim/servers', { nics: NICS, jobSeconds });
  return { id, nics: await stateOf(bed, id) };
}

/** Without the primary one. */
async function stateOf(bed: Bed, id: string): Promise<NicState[]> {
  const { nics } = await bed.stack.simulator.get<{ nics: NicState[] }>(`/_sim/servers/${id}/state`);
  return nics.filter(({ primary }) => !primary);
}

function remove(bed: Bed, serverId: string, request: object) {
  const { client, stack } = bed;
  return client.workflow.start('deleteServerNics', {
    taskQueue: stack.taskQueue,
    workflowId: `nics/${serverId}`,
    args: [{ serverId, nics: 'all', allowElasticIp: true, ...request }],
  });
}

async function callCount(bed: Bed, serverId: string): Promise<number> {
  const [count] = callsOf([{ serverId, nicIds: [] }], await bed.cloud.ledger());
  return count?.total ?? 0;
}

/** Counted over all NICs, each found again by its IP. */
function lost(before: readonly NicState[], after: readonly NicState[]): number {
  return before.reduce((sum, was) => {
    const is = after.find(({ fixedIps }) => fixedIps[0]?.ip === was.fixedIps[0]?.ip);
    const fields = Object.keys(was) as (keyof NicState)[];
    return sum + fields.filter((field) => !isDeepStrictEqual(was[field], is?.[field])).length;
  }, 0);
}
