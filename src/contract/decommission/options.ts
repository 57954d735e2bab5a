/**
 * The settings of a decommission run, beside its list. As for single runs (`../options.ts`), this is the one place that
 * defines them.
 */
import { DELETE_OPTIONS, HOUR_MS, MAX_UNDO_WINDOW_MS } from '../options';
import type { Options } from '../options';
import { MAX_SERVERS } from './shares';

/** At most so many servers are under way at a time, in all. */
export const MAX_CONCURRENCY = 500;
/** Servers and names that a run never touches. */
export const MAX_PROTECTED = 1_000;
export const PAUSE_AFTER = ['first', 'every', 'never'] as const;
export type PauseAfter = (typeof PAUSE_AFTER)[number];

const DAY_MS = 24 * HOUR_MS;
const window = { max: MAX_UNDO_WINDOW_MS, unit: 'hours', noSmallNumbers: true } as const;

export const DECOMMISSION_OPTIONS = {
  projectId: DELETE_OPTIONS.projectId,
  /** Cumulative size of each wave, as counts or shares of the plan. */
  waves: { kind: 'waves', whenAbsent: '1,10,100,25%,100%' },
  /** After which waves the run waits for `resume`. */
  pauseAfter: { kind: 'choice', values: PAUSE_AFTER, whenAbsent: 'first' },
  /** As soon as more servers than this have failed, nothing more is started. */
  maxErrors: { kind: 'share', whenAbsent: { count: 0 } },
  /** Never so many under way that more than `maxErrors` + 1 could fail. */
  strict: { kind: 'flag' },
  /** Servers under way. */
  concurrency: { kind: 'count', min: 1, max: MAX_CONCURRENCY, whenAbsent: 50 },
  timing: DELETE_OPTIONS.timing,
  allowElasticIp: DELETE_OPTIONS.allowElasticIp,
  deadline: DELETE_OPTIONS.deadline,
  /** A plan with more servers can't be approved. */
  maxServers: { kind: 'count', min: 1, max: MAX_SERVERS, whenAbsent: null },
  /** Ids and names of servers that are never touched. */
  protect: { kind: 'texts', most: MAX_PROTECTED, max: 255 },
  /** How long the ports are kept after the last wave. */
  undoWindow: { kind: 'duration', whenAbsent: DAY_MS, rule: window },
  /** How long a plan can be approved. */
  planExpires: {
    kind: 'duration',
    whenAbsent: DAY_MS,
    rule: { min: 60_000, max: MAX_UNDO_WINDOW_MS, unit: 'hours', noSmallNumbers: true },
  },
  requestedBy: DELETE_OPTIONS.requestedBy,
  reason: DELETE_OPTIONS.reason,
} as const satisfies Options;
