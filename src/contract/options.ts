/**
 * What a request may say beside its server and its NICs. This is the only place in the contract that defines options:
 * the type of the input, its check, the checked request and the key of the request all follow from it.
 */
import type { Share } from './decommission/shares';
import type { Duration, DurationRule } from './duration';

export const HOUR_MS = 3_600_000;
/**
 * The cloud forgets finished jobs after a day (docs/cloud-api.md §2.2): with a longer deadline the run could lose its
 * witness.
 */
export const MAX_DEADLINE_MS = 20 * HOUR_MS;
export const DEFAULT_DEADLINE_MS = 20 * 60_000;
export const MAX_UNDO_WINDOW_MS = 30 * 24 * HOUR_MS;

export type KeepOrRestore = 'keep' | 'restore';

/** The waits of a run and their defaults, in ms. `null`: the worker learns the value. */
export const TIMING = {
  /** Wait between the cloud's acceptance and the first look at the job. */
  firstPoll: { min: 0, whenAbsent: null },
  /** Wait between two looks at the job. */
  pollInterval: { min: 1, whenAbsent: null },
  /** Wait before each of the two looks after a submission of unknown fate. */
  settle: { min: 0, whenAbsent: 30_000 },
  /** How long after the end of the job a NIC must still be listed to count as still attached. */
  verifyFor: { min: 0, whenAbsent: 120_000 },
  /**
   * Longest wait after the cloud said that another command is running on the server: its own advice for Ecs.0603
   * (docs/cloud-api.md §6.2). The waits begin with what jobs are known to take, and double.
   */
  busyWait: { min: 1, whenAbsent: 60_000 },
} as const satisfies Record<string, { min: number; whenAbsent: number | null }>;

/** Pace of a run; everything optional. */
export type Timing = { -readonly [F in keyof typeof TIMING]?: Duration };

/** Pace of a run, in ms. `null`: the worker learns the value. */
export type CheckedTiming = {
  -readonly [F in keyof typeof TIMING as `${F}Ms`]:
    number | ((typeof TIMING)[F]['whenAbsent'] extends null ? null : never);
};

export type Option = {
  /** Requests that differ in this option are different: the starter does not attach one to a run of the other. */
  identity?: true;
} & (
  | { kind: 'flag' | 'policy' | 'timing' }
  | { kind: 'duration'; whenAbsent: number; rule: DurationRule }
  /** `words`: a text written by a person, in which a placeholder is refused. */
  | { kind: 'text' | 'words'; max: number }
  /** At most `most` texts of at most `max` characters. */
  | { kind: 'texts'; most: number; max: number }
  /** A whole number. `whenAbsent: null`: it must be given. */
  | { kind: 'count'; min: number; max: number; whenAbsent: number | null }
  | { kind: 'choice'; values: readonly string[]; whenAbsent: string }
  | { kind: 'share'; whenAbsent: Share }
  | { kind: 'waves'; whenAbsent: string }
);
export type Options = Readonly<Record<string, Option>>;

const projectId = { kind: 'text', max: 64 } as const;
const dryRun = { kind: 'flag', identity: true } as const;
const requestedBy = { kind: 'words', max: 200 } as const;
const reason = { kind: 'words', max: 1_000 } as const;
const timing = { kind: 'timing' } as const;

/** In the order in which messages list the known fields. */
export const DELETE_OPTIONS = {
  /** When given, it must be the worker's project. */
  projectId,
  /** Only reads and judges: the document is the plan. */
  dryRun,
  /** Detaches only; the ports stay in the VPC for good, with IP, MAC and security groups. */
  keepPort: { kind: 'flag', identity: true },
  /** Keeps the ports so long for an exact undo, then deletes them. */
  undoWindow: {
    kind: 'duration',
    whenAbsent: 0,
    rule: { max: MAX_UNDO_WINDOW_MS, unit: 'hours', noSmallNumbers: true },
    identity: true,
  },
  /** What becomes of the others when some NIC does not go: they stay off, or are put back. */
  onFailure: { kind: 'policy', identity: true },
  /** The same for a cancelled run. */
  onCancel: { kind: 'policy', identity: true },
  /** A NIC that carries an elastic IP is refused unless this is set. */
  allowElasticIp: { kind: 'flag', identity: true },
  /** A server with the tag `ecs-nics-protect`, or whose tags can't be read, is refused. */
  respectProtection: { kind: 'flag' },
  /** A server of another name is not the one that the caller has seen: it is refused. */
  serverName: { kind: 'text', max: 255 },
  /** For the deletion: what may yet go then is `unknown`. */
  deadline: {
    kind: 'duration',
    whenAbsent: DEFAULT_DEADLINE_MS,
    rule: { min: 1_000, max: MAX_DEADLINE_MS, unit: 'minutes', noSmallNumbers: true },
  },
  /** Who asks; shown, and kept in the history. */
  requestedBy,
  /** Why; shown, and kept in the history. */
  reason,
  /** The waits of the run. */
  timing,
} as const satisfies Options;

export const RESTORE_OPTIONS = {
  /** When given, it must be the worker's project. */
  projectId,
  /** A NIC may get another IP if another port has taken its own meanwhile. */
  allowNewIp: { kind: 'flag', identity: true },
  /** Only reads and judges: the document is the plan. */
  dryRun,
  /** Who asks; shown, and kept in the history. */
  requestedBy,
  /** Why; shown, and kept in the history. */
  reason,
  /** The waits of the run. */
  timing,
} as const satisfies Options;

export const RELEASE_OPTIONS = {
  /** When given, it must be the worker's project. */
  projectId,
  /** Only reads and judges: the document is the plan. */
  dryRun,
  /** Who asks; shown, and kept in the history. */
  requestedBy,
  /** Why; shown, and kept in the history. */
  reason,
  /** The waits of the run. */
  timing,
} as const satisfies Options;

interface Given {
  flag: boolean;
  policy: KeepOrRestore;
  duration: Duration;
  text: string;
  words: string;
  timing: Timing;
  texts: string[];
  count: number;
  choice: string;
  share: number | string;
  waves: string | (number | string)[];
}
interface Checked {
  flag: boolean;
  policy: KeepOrRestore;
  duration: number;
  text: string | null;
  words: string | null;
  timing: CheckedTiming;
  texts: string[];
  count: number;
  choice: string;
  share: Share;
  waves: Share[];
}

/** The options as callers write them. */
export type InputOf<T extends Options> = { -readonly [F in keyof T]?: Given[T[F]['kind']] };

/** With every default filled in and every duration in ms. */
export type CheckedOf<T extends Options> = {
  -readonly [F in keyof T & string as T[F]['kind'] extends 'duration' ? `${F}Ms` : F]: Checked[T[F]['kind']];
};

export function checkedName(field: string, { kind }: Option): string {
  return kind === 'duration' ? `${field}Ms` : field;
}

/** The values of a checked request in the options of its identity; the flag for a dry run comes last. */
export function identityOf<T extends Options>(
  options: T,
  request: CheckedOf<T> & { dryRun: boolean },
): unknown[] {
  const values: Readonly<Record<string, unknown>> = request;
  const named = Object.entries<Option>(options).filter(
    ([field, { identity }]) => identity && field !== 'dryRun',
  );
  return [...named.map(([field, option]) => values[checkedName(field, option)]), request.dryRun];
}
