/** What goes wrong with the calls that an undo is made of, and with those that every run makes. */
import type { FaultSpec } from '../../../../simulator';
import type { Random } from '../../../../dev/draw';
import { JOBS, on, page, PORT_READS, POSTS, READS } from '../../../../simulator/fault-kinds';

type What = FaultSpec['what'];
type Class = NonNullable<NonNullable<FaultSpec['match']>['class']>;

/** What becomes of any call that changes something and answers at once. */
const WRITES: What[] = [
  { kind: 'drop', accepted: true },
  { kind: 'drop' },
  { kind: 'status', status: 502, accepted: true },
  { kind: 'status', status: 500 },
  { kind: 'throttled', retryAfter: 20 },
  { kind: 'throttled', as: '202' },
  { kind: 'hang' },
  { kind: 'hang', accepted: true },
  { kind: 'answer', status: 403, ...page },
  { kind: 'answer', status: 401, body: { error_code: 'APIGW.0301', error_msg: 'no' } },
];

/** A certain no, in the words of each service. */
const ECS_NO: What = { kind: 'answer', status: 403, body: { error: { code: 'Pdp.0001', message: 'no' } } };
const VPC_NO: What = { kind: 'answer', status: 403, body: { code: 'VPC.0010', message: 'no' } };
const QUOTA: What = { kind: 'answer', status: 409, body: { code: 'VPC.2504', message: 'Quota exceeded' } };
const IN_USE: What = {
  kind: 'answer',
  status: 409,
  body: { code: 'VPC.2500', message: 'The port is in use' },
};
const IGNORED: What = { kind: 'ignored' };

/** Calls with what may become of them; those that matter most several times. */
const CALLS: readonly { class: Class; whats: readonly What[] }[] = [
  { class: 'flag', whats: [...WRITES, ECS_NO, ECS_NO, IGNORED, IGNORED] },
  { class: 'flag', whats: [...WRITES, ECS_NO, ECS_NO, IGNORED, IGNORED] },
  { class: 'attach', whats: POSTS },
  { class: 'attach', whats: POSTS },
  { class: 'attach', whats: POSTS },
  { class: 'port-create', whats: [...WRITES, VPC_NO, QUOTA] },
  { class: 'port-create', whats: [...WRITES, VPC_NO, QUOTA] },
  { class: 'port-update', whats: [...WRITES, VPC_NO, IGNORED] },
  { class: 'port-delete', whats: [...WRITES, VPC_NO, IN_USE] },
  { class: 'port-delete', whats: [...WRITES, VPC_NO, IN_USE] },
  { class: 'elastic-ip-bind', whats: [...WRITES, VPC_NO, IGNORED] },
  { class: 'elastic-ips', whats: READS },
  { class: 'ports', whats: READS },
  { class: 'delete', whats: POSTS },
  { class: 'delete', whats: POSTS },
];

export function undoFaultsOf(random: Random): FaultSpec[] {
  const { pick, chance } = random;
  const faults: FaultSpec[] = [];
  for (let wanted = pick([0, 1, 1, 2]); wanted > 0; wanted--) {
    const { class: requestClass, whats } = pick(CALLS);
    const what = pick(whats);
    faults.push(
      on(requestClass, what, { times: pick([1, 1, 1, 2, 4, 40]), after: pick([0, 0, 0, 1, 2, 4]) }),
    );
  }
  if (chance(0.3)) faults.push(on('attach', pick(JOBS), { times: pick([1, 1, 2]) }));
  if (chance(0.3)) faults.push(on('delete', pick(JOBS), { times: 1 }));
  if (chance(0.25)) {
    const nics = pick([[0], [0], [1], [0, 1]]);
    faults.push(on('delete', { kind: 'partial-failure', nics }, { times: 1 }));
  }
  if (chance(0.25)) {
    const requestClass = pick(['job', 'list', PORT_READS, 'detail', 'any'] as const);
    const times = pick([1, 3, 12, 40]);
    const [what, after] = [pick(READS), pick([0, 3, 8, 15, 30])];
    // One call reads the ports of a run.
    const ofPorts = requestClass === PORT_READS;
    faults.push(on(requestClass, what, { times, after: ofPorts ? Math.ceil(after / 3) : after }));
  }
  if (chance(0.1))
    faults.push({ what: { kind: 'stale-list' }, times: pick([1, 2]), after: pick([0, 2, 5, 9]) });
  if (chance(0.1)) {
    const nics = pick([['primary'], [1], [2], [0, 1, 2, 3, 4, 5]]);
    faults.push({ what: { kind: 'hide-nics', nics }, times: pick([1, 3]), after: pick([0, 2, 5, 9]) });
  }
  return faults;
}
