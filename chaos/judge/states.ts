/** Whether what is on a server in the end is as it was: fields of NICs that came back or stayed, and their flags. */
import { isDeepStrictEqual } from 'node:util';
import type { Difference } from '../../src/contract';
import type { NicState } from '../../simulator/compute/nic-states';
import type { Facts, RunFacts, Violation } from './facts';
import type { Case } from './cases';
import { Cases } from './cases';

/** NICs that come back from the middle come back behind the others (docs/undo.md). */
const NOT_COMPARED: ReadonlySet<keyof NicState> = new Set(['id', 'position', 'primary']);

/** Names of fields in the documents; where it is not in this list, it is the same. */
const TOLD_AS: Partial<Record<keyof NicState, Difference['field']>> = {
  extraDhcpOpts: 'dhcpOptions',
  portSecurity: 'portSecurityEnabled',
  furtherElasticIps: 'elasticIps',
};

export function judgeStates(facts: Facts): Violation[] {
  return new Cases(facts).all.flatMap((one) =>
    one.server.before.flatMap((was) => {
      const is = one.server.after.find(({ id }) => id === was.id);
      return is === undefined ? [] : judgeNic(one, was, is);
    }),
  );
}

function judgeNic(one: Case, was: NicState, is: NicState): Violation[] {
  const others = one.effects.filter(({ portId, by }) => portId === was.id && by === 'control');
  // Somebody else has put it there, or changed it.
  if (others.length > 0) return [];
  const told = new Set(
    one.runs
      .flatMap(({ document }) =>
        (document?.nics ?? []).filter(({ id }) => id === was.id).flatMap(({ differences }) => differences),
      )
      .map(({ field }) => field as string),
  );
  const fields = (Object.keys(was) as (keyof NicState)[]).filter(
    (field) =>
      !NOT_COMPARED.has(field) &&
      !isDeepStrictEqual(was[field], is[field]) &&
      !told.has(TOLD_AS[field] ?? field) &&
      !(field === 'deleteOnTermination' && mayBeLeft(one.runs, was.id)),
  );
  if (fields.length === 0) return [];
  return [
    {
      rule: 'as-it-was',
      serverId: one.server.serverId,
      workflowIds: [...new Set(one.runs.map(({ workflowId }) => workflowId))],
      message: `NIC ${was.id} is on server ${one.server.serverId}, and not as it was, untold: ${fields
        .map((field) => `${field} ${JSON.stringify(was[field])} → ${JSON.stringify(is[field])}`)
        .join(', ')}`,
    },
  ];
}

/** A flag that was set for a deletion stays where nobody could set it back, and where a job may yet take the NIC (docs/contract.md §6.7). */
function mayBeLeft(runs: readonly RunFacts[], nicId: string): boolean {
  return runs.some(({ end, wasReset, document }) => {
    if (end === 'terminated' || end === 'timed-out' || end === 'open' || wasReset) return true;
    const row = document?.nics.find(({ id }) => id === nicId);
    return /flag/.test(JSON.stringify([row?.message, row?.remedy, document?.warnings]));
  });
}
