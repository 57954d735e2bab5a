/** What goes wrong with the calls of a deletion, and what others do meanwhile. */
import type { FaultSpec } from '../../../../simulator';
import type { Random } from '../draw';
import { JOBS, POSTS, READS } from '../fault-kinds';

/** Of the polls of a long job half fail, with all their attempts, and hardly ever ten in a row. */
export const FLICKER: FaultSpec = {
  match: { class: 'job' },
  what: { kind: 'status', status: 500 },
  probability: 0.8,
};

export function faultsOf(random: Random): FaultSpec[] {
  const { pick, chance } = random;
  const faults: FaultSpec[] = [];
  if (chance(0.5)) {
    faults.push({
      match: { class: 'delete' },
      what: pick(POSTS),
      times: pick([1, 1, 2, 4]),
      after: pick([0, 0, 0, 1]),
    });
  }
  if (chance(0.35)) faults.push({ match: { class: 'delete' }, what: pick(JOBS), times: pick([1, 2]) });
  if (chance(0.4)) {
    const kind = pick(['job', 'job', 'list', 'port', 'detail', 'any'] as const);
    const what = pick(READS);
    faults.push({ match: { class: kind }, what, times: pick([1, 3, 12, 40]), after: pick([0, 1, 3, 8]) });
  }
  if (chance(0.12)) {
    const what = pick(READS);
    const probability = pick([0.2, 0.5, 0.8]);
    faults.push({ match: { class: pick(['job', 'job', 'list', 'port'] as const) }, what, probability });
  }
  if (chance(0.15)) {
    const merge = pick([
      { status: 'PENDING_PAYMENT' },
      { status: 'RETRYING' },
      { entities: { sub_jobs: 7 } },
    ]);
    faults.push({
      match: { class: 'job' },
      what: { kind: 'edit', merge },
      times: pick([1, 4]),
      after: pick([0, 1]),
    });
  }
  if (chance(0.25))
    faults.push({ what: { kind: 'stale-list' }, times: pick([1, 2]), after: pick([0, 1, 2]) });
  if (chance(0.25)) {
    const nics = pick([['primary'], ['primary'], [1], [2], [0, 1, 2, 3, 4, 5]]);
    faults.push({ what: { kind: 'hide-nics', nics }, times: pick([1, 3]), after: pick([0, 1, 2, 3]) });
  }
  if (chance(0.25)) faults.push(...meanwhile(random));
  return faults;
}

/** Others, while the run waits or submits: they set flags, take NICs off, bind elastic IPs, put back what is off. Drawn apart. */
export function meddlingOf({ pick, chance }: Random): FaultSpec[] {
  if (!chance(0.15)) return [];
  const nic = pick([1, 2]);
  const what = pick([
    { ports: [{ nic, deleteOnTermination: true }] },
    { ports: [{ nic, deleteOnTermination: false }] },
    { ports: [{ nic, elasticIp: true as const }] },
    { ports: [{ nic, name: 'theirs', securityGroups: ['sg-theirs'] }] },
    { detach: [nic] },
    { putBack: [nic] },
  ]);
  const match = { class: pick(['delete', 'delete', 'detail', 'list'] as const) };
  const deed: FaultSpec = {
    match,
    what: { kind: 'meanwhile', afterMs: pick([0, 1_000, 20_000]), ...what },
    times: 1,
    after: pick([0, 0, 1]),
  };
  return chance(0.6) ? [{ match: { class: 'delete' }, what: { kind: 'busy' }, times: 1 }, deed] : [deed];
}

/** Another actor. */
function meanwhile({ pick, chance }: Random): FaultSpec[] {
  const when = {
    match: { class: pick(['delete', 'job', 'list', 'detail', 'port'] as const) },
    times: 1,
    after: pick([0, 0, 1, 3]),
  };
  const afterMs = pick([0, 3_000, 20_000, 90_000]);
  const act = (more: object, ms = afterMs): FaultSpec => ({
    ...when,
    what: { kind: 'meanwhile', afterMs: ms, ...more },
  });
  const deed = pick(['detach', 'detach', 'attach', 'reboot', 'task', 'lock', 'freeze', 'stop', 'delete']);
  switch (deed) {
    case 'detach':
      return [act({ detach: pick([[1], [2], [1, 2]]) })];
    case 'attach':
      return [act({ attach: chance(0.3) ? { deleteOnTermination: false } : {} })];
    case 'reboot':
      return [act({ change: { status: 'REBOOT' } }), act({ change: { status: 'ACTIVE' } }, afterMs + 45_000)];
    case 'task':
      return [
        act({ change: { taskState: 'rebuilding' } }),
        act({ change: { taskState: null } }, afterMs + 30_000),
      ];
    case 'lock':
      return [act({ change: { locked: true } })];
    case 'freeze':
      return [act({ change: { frozen: true } })];
    case 'stop':
      return [act({ change: { status: 'SHUTOFF' } })];
    default:
      return [act({ deleteServer: true })];
  }
}
