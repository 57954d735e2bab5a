/** What goes wrong with the calls of one server, and with everybody's for a while. Drawn from a seed. */
import type { Random } from '../dev/draw';
import type { FaultSpec } from '../simulator';
import { JOBS, on, page, PORT_READS, POSTS, READS } from '../simulator/fault-kinds';

type What = FaultSpec['what'];

/** Those kinds are made for virtual time, at the pace of a real cloud. Here everything goes ten times as fast: see PACE in plan.ts. */
const FASTER = 10;

/** The times in a fault that the pace of the runs is made for. */
export function faster(what: What): What {
  const quick: Record<string, unknown> = { ...what };
  for (const field of ['lateMs', 'afterMs', 'seconds', 'retryAfter'])
    if (typeof quick[field] === 'number') quick[field] = quick[field] / FASTER;
  return quick as What;
}

/**
 * Without those that refuse the worker's credentials: one such answer stops all calls of the worker for a minute, and hardly anything else
 * would happen. `weatherOf` has them, seldom.
 */
const usable = (kinds: readonly What[]): What[] =>
  kinds.filter((what) => !(what.kind === 'answer' && /APIGW[.]030[12]/.test(JSON.stringify(what.body))));

const [SENDING, READING] = [usable(POSTS), usable(READS)];

/** Of a server's own calls. Every other server has none. */
export function faultsOf(random: Random): FaultSpec[] {
  const { pick, chance } = random;
  if (chance(0.5)) return [];
  const faults: FaultSpec[] = [];
  const maybe = (share: number, drawn: () => FaultSpec[]) => {
    if (chance(share)) faults.push(...drawn());
  };
  maybe(0.45, () => [
    on('delete', faster(pick(SENDING)), { times: pick([1, 1, 2, 4]), after: pick([0, 0, 1]) }),
  ]);
  maybe(0.35, () => [on('delete', faster(pick(JOBS)), { times: pick([1, 2]) })]);
  maybe(0.35, () => {
    const kind = pick(['job', 'job', 'list', PORT_READS, 'detail', 'servers'] as const);
    return [on(kind, faster(pick(READING)), { times: pick([1, 3, 12]), after: pick([0, 1, 3]) })];
  });
  maybe(0.15, () => [on('attach', faster(pick([...SENDING, ...JOBS])), { times: pick([1, 2]) })]);
  maybe(0.15, () => {
    const what = pick<What>([
      { kind: 'drop', accepted: true },
      { kind: 'status', status: 502, accepted: true },
    ]);
    return [on(pick(['flag', 'port-delete'] as const), what, { times: pick([1, 2]) })];
  });
  maybe(0.15, () => {
    const merge = pick([{ status: 'RETRYING' }, { entities: { sub_jobs: 7 } }]);
    return [on('job', { kind: 'edit', merge }, { times: pick([1, 4]) })];
  });
  maybe(0.12, () => [{ what: { kind: 'stale-list' }, times: 1, after: pick([0, 1, 2]) }]);
  maybe(0.12, () => [{ what: { kind: 'hide-nics', nics: ['primary'] }, times: pick([1, 3]) }]);
  maybe(0.12, () => [
    { match: { class: pick(['servers', 'ports'] as const) }, what: { kind: 'lost-entry' }, times: 1 },
  ]);
  maybe(0.25, () => meanwhile(random));
  return faults;
}

/** What becomes of the server, each so many ms after the first. */
const CHANGES: [change: object, laterMs: number][][] = [
  [
    [{ status: 'REBOOT' }, 0],
    [{ status: 'ACTIVE' }, 4_500],
  ],
  [
    [{ taskState: 'rebuilding' }, 0],
    [{ taskState: null }, 3_000],
  ],
  [
    [{ locked: true }, 0],
    [{ locked: false }, 6_000],
  ],
  [[{ frozen: true }, 0]],
  [[{ status: 'SHUTOFF' }, 0]],
];

/** Another actor. */
function meanwhile({ pick, chance }: Random): FaultSpec[] {
  const requestClass = pick(['delete', 'job', 'list', 'detail', PORT_READS] as const);
  const after = pick([0, 0, 1, 3]);
  const afterMs = pick([0, 300, 2_000, 9_000]);
  const act = (deed: object, laterMs = 0): FaultSpec =>
    on(requestClass, { kind: 'meanwhile', afterMs: afterMs + laterMs, ...deed }, { times: 1, after });
  if (chance(0.45)) return pick(CHANGES).map(([change, laterMs]) => act({ change }, laterMs));
  const nic = pick([1, 2]);
  return [
    act(
      pick<object>([
        { detach: [nic] },
        { detach: [1, 2] },
        { attach: {} },
        { putBack: [nic] },
        { ports: [{ nic, deleteOnTermination: chance(0.5) }] },
        { ports: [{ nic, elasticIp: true }] },
        { ports: [{ nic, name: 'theirs' }] },
        ...(chance(0.1) ? [{ deleteServer: true }] : []),
      ]),
    ),
  ];
}

export interface Weather {
  fault: FaultSpec;
  ms: number;
}

/**
 * Of everybody's calls, for some seconds.
 * @param refusing the worker's credentials are refused
 */
export function weatherOf({ pick, chance }: Random, refusing: boolean): Weather {
  const refused = {
    status: 401,
    body: { error_code: 'APIGW.0301', error_msg: 'Incorrect IAM authentication' },
  };
  const kinds: [What, number[]][] = [
    [{ kind: 'status', status: 503 }, [0.1, 0.4]],
    [{ kind: 'status', status: 502, accepted: true }, [0.1, 0.3]],
    [{ kind: 'drop' }, [0.1, 0.3]],
    [{ kind: 'drop', accepted: true }, [0.1, 0.3]],
    [{ kind: 'hang' }, [0.05, 0.1]],
    [{ kind: 'throttled', retryAfter: 1 }, [0.2, 0.5]],
    [{ kind: 'throttled', as: '202' }, [0.1]],
    [{ kind: 'delay', ms: 800 }, [0.5, 1]],
    [{ kind: 'delay', ms: 1_500, when: 'after' }, [0.3]],
    [{ kind: 'answer', status: 403, ...page }, [0.1, 0.3]],
  ];
  const [what, shares] = refusing ? [{ kind: 'answer' as const, ...refused }, [1]] : pick(kinds);
  return {
    fault: {
      match: { class: chance(0.5) ? 'any' : pick(['delete', 'job', 'list', 'servers', 'ports'] as const) },
      what,
      probability: pick(shares),
    },
    // A worker whose credentials are refused tries them once a minute.
    ms: refusing ? 300 : pick([2_000, 5_000, 9_000]),
  };
}
