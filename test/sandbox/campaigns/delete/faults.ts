/** What goes wrong with the calls of a deletion, and what others do meanwhile. */
import type { FaultSpec } from '../../../../simulator';
import type { Random } from '../../../../dev/draw';
import { JOBS, on, PORT_READS, POSTS, READS } from '../../../../simulator/fault-kinds';

/** Of the polls of a long job half fail, with all their attempts, and hardly ever ten in a row. */
export const FLICKER: FaultSpec = {
  match: { class: 'job' },
  what: { kind: 'status', status: 500 },
  probability: 0.8,
};

export function faultsOf(random: Random): FaultSpec[] {
  const { pick, chance } = random;
  const faults: FaultSpec[] = [];
  const maybe = (share: number, drawn: () => FaultSpec[]) => {
    if (chance(share)) faults.push(...drawn());
  };
  maybe(0.5, () => [on('delete', pick(POSTS), { times: pick([1, 1, 2, 4]), after: pick([0, 0, 0, 1]) })]);
  maybe(0.35, () => [on('delete', pick(JOBS), { times: pick([1, 2]) })]);
  maybe(0.4, () => {
    const kind = pick(['job', 'job', 'list', PORT_READS, 'detail', 'any'] as const);
    const [what, times, after] = [pick(READS), pick([1, 3, 12, 40]), pick([0, 1, 3, 8])];
    // One call reads the ports of a run.
    return [on(kind, what, { times, after: kind === PORT_READS ? Math.ceil(after / 3) : after })];
  });
  maybe(0.12, () => {
    const what = pick(READS);
    const probability = pick([0.2, 0.5, 0.8]);
    return [on(pick(['job', 'job', 'list', PORT_READS] as const), what, { probability })];
  });
  maybe(0.15, () => {
    const merge = pick([
      { status: 'PENDING_PAYMENT' },
      { status: 'RETRYING' },
      { entities: { sub_jobs: 7 } },
    ]);
    return [on('job', { kind: 'edit', merge }, { times: pick([1, 4]), after: pick([0, 1]) })];
  });
  maybe(0.25, () => [{ what: { kind: 'stale-list' }, times: pick([1, 2]), after: pick([0, 1, 2]) }]);
  maybe(0.25, () => {
    const nics = pick([['primary'], ['primary'], [1], [2], [0, 1, 2, 3, 4, 5]]);
    return [{ what: { kind: 'hide-nics', nics }, times: pick([1, 3]), after: pick([0, 1, 2, 3]) }];
  });
  maybe(0.25, () => meanwhile(random));
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
  const deed = on(
    pick(['delete', 'delete', 'detail', 'list'] as const),
    { kind: 'meanwhile', afterMs: pick([0, 1_000, 20_000]), ...what },
    { times: 1, after: pick([0, 0, 1]) },
  );
  return chance(0.6) ? [on('delete', { kind: 'busy' }, { times: 1 }), deed] : [deed];
}

/** What becomes of the server, each so many ms after the first. */
const CHANGES: Record<string, [change: object, laterMs: number][]> = {
  reboot: [
    [{ status: 'REBOOT' }, 0],
    [{ status: 'ACTIVE' }, 45_000],
  ],
  task: [
    [{ taskState: 'rebuilding' }, 0],
    [{ taskState: null }, 30_000],
  ],
  lock: [[{ locked: true }, 0]],
  freeze: [[{ frozen: true }, 0]],
  stop: [[{ status: 'SHUTOFF' }, 0]],
};

/** Another actor. */
function meanwhile({ pick, chance }: Random): FaultSpec[] {
  const requestClass = pick(['delete', 'job', 'list', 'detail', PORT_READS] as const);
  const after = pick([0, 0, 1, 3]);
  const afterMs = pick([0, 3_000, 20_000, 90_000]);
  const act = (deed: object, laterMs = 0): FaultSpec =>
    on(requestClass, { kind: 'meanwhile', afterMs: afterMs + laterMs, ...deed }, { times: 1, after });
  const deed = pick(['detach', 'detach', 'attach', 'reboot', 'task', 'lock', 'freeze', 'stop', 'delete']);
  const changes = CHANGES[deed];
  if (changes !== undefined) return changes.map(([change, laterMs]) => act({ change }, laterMs));
  if (deed === 'detach') return [act({ detach: pick([[1], [2], [1, 2]]) })];
  if (deed === 'attach') return [act({ attach: chance(0.3) ? { deleteOnTermination: false } : {} })];
  return [act({ deleteServer: true })];
}
