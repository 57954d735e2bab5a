/** The names of decommission runs: ids, messages, outcomes. Fixed, as in `../names.ts`. */

const PREFIX = 'decommission/';
const PAGES = '/pages/';

/** 1 to 64 of `a-z 0-9 . _ -`, beginning with a letter or a digit. */
const RUN_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

export function isRunName(value: string): boolean {
  return RUN_NAME.test(value);
}

export const RUN_NAME_FORM =
  'must be 1 to 64 of the characters a-z 0-9 . _ - and begin with a letter or a digit';

export function decommissionWorkflowId(run: string): string {
  return `${PREFIX}${run}`;
}

/** @param page from 0 */
export function pageWorkflowId(run: string, page: number): string {
  return `${decommissionWorkflowId(run)}${PAGES}${page}`;
}

/** The inverse of both; `page: null` for the run itself; `undefined` for an id of another kind. */
export function decommissionOf(workflowId: string): { run: string; page: number | null } | undefined {
  if (!workflowId.startsWith(PREFIX)) return undefined;
  const rest = workflowId.slice(PREFIX.length);
  if (isRunName(rest)) return { run: rest, page: null };
  const [run = '', page = '', ...more] = rest.split(PAGES);
  if (!isRunName(run) || !/^\d{1,4}$/.test(page) || more.length > 0) return undefined;
  return { run, page: Number(page) };
}

/** Updates of a decommission run. All but `load` and `loaded` need `by` and `reason`; each answers at once. */
export const DECOMMISSION_UPDATE = {
  /** One page of the list. */
  load: 'load',
  /** Closes the list. Refused while a page is missing, counts differ, or a server is named twice. */
  loaded: 'loaded',
  /** Approves the plan, which it must repeat; the waves begin. */
  approve: 'approve',
  /** Starts nothing more until `resume`; what is under way goes on. */
  pause: 'pause',
  /** Goes on, and makes waiting runs look at once. */
  resume: 'resume',
  /** Other limits from now on. */
  setLimits: 'setLimits',
  /** Leaves servers alone that have not begun. */
  skip: 'skip',
  /** Takes failed and busy servers up again. */
  retryFailed: 'retryFailed',
  /** Starts nothing more, and ends; what is under way finishes. */
  abort: 'abort',
  /** Puts servers back, from the approval until the kept ports are deleted. */
  undo: 'undo',
  /** Closes the undo window now: the kept ports are deleted. */
  commit: 'commit',
} as const;
export type DecommissionUpdate = keyof typeof DECOMMISSION_UPDATE;
/** What people tell a run; the others give it its list. */
export type DecommissionControl = Exclude<DecommissionUpdate, 'load' | 'loaded'>;

export const QUERY_PLAN = 'plan';
/** Of a page: its rows, also while it is open. */
export const QUERY_REPORT = 'report';

/** `errorCode` of a server that was left alone. */
export const LEFT_ALONE = {
  /** A tag, or the list `protect`, protects it. */
  protected: 'Protected',
  /** A guard refused it, or the cloud did. */
  refused: 'Refused',
  /** Another run is open on it. `retryFailed` takes it up again. */
  busy: 'Busy',
  /** It is not any more what the approved plan says. */
  drifted: 'Drifted',
  /** By the Update `skip`. */
  skipped: 'Skipped',
  /** The run ended before it began. */
  aborted: 'Aborted',
} as const;
export type LeftAlone = (typeof LEFT_ALONE)[keyof typeof LEFT_ALONE];

/** Tags of a server that no decommission run touches. */
export const PROTECT_TAG = 'ecs-nics-protect';
/** Protected to the end of this day, UTC: `2026-12-31`. */
export const PROTECT_UNTIL_TAG = 'ecs-nics-protect-until';
