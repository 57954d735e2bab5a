/**
 * What the Updates of a decommission run take. As for options (`./options.ts`), this is the one place that defines it: the checks
 * and the page for callers follow from it.
 */
import type { Option } from '../options';
import type { DecommissionUpdate } from './names';
import { MAX_CONCURRENCY } from './options';
import { MAX_SERVERS } from './shares';

/** A page of the list, as one Update takes it. */
export const PAGE_LIMITS = { servers: 100, nics: 500, bytes: 100_000, pages: 1_000 } as const;
/** Servers that one message may name. */
export const MAX_NAMED = 1_000;

export type Argument =
  | (Option & { kind: 'count' })
  /** May be left out. */
  | { kind: 'count or nothing'; min: number; max: number }
  | { kind: 'share or nothing' }
  | { kind: 'digest' }
  /** Server ids. */
  | { kind: 'ids'; most: number; required: boolean }
  /** Servers with their NICs. */
  | { kind: 'list'; limits: typeof PAGE_LIMITS };

const count = (min: number, max: number) => ({ kind: 'count', min, max, whenAbsent: null }) as const;

/** All but `load` and `loaded` take `by` and `reason` as well. */
export const UPDATE_ARGUMENTS = {
  load: {
    /** Number of the page. */
    page: count(0, PAGE_LIMITS.pages - 1),
    /** This part of the list. The same page again is harmless; another one under its number is refused. */
    servers: { kind: 'list', limits: PAGE_LIMITS },
  },
  loaded: {
    /** How many pages were loaded. */
    pages: count(1, PAGE_LIMITS.pages),
    /** How many servers they name in all. */
    servers: count(1, MAX_SERVERS),
  },
  approve: {
    /** The plan's. */
    digest: { kind: 'digest' },
    /** The plan's. */
    servers: count(0, MAX_SERVERS),
    /** The plan's. */
    nics: count(0, 100 * MAX_SERVERS),
  },
  pause: {},
  resume: {},
  setLimits: {
    /** Servers under way from now on. One of the two must be given. */
    concurrency: { kind: 'count or nothing', min: 1, max: MAX_CONCURRENCY },
    /** As soon as more servers than this have failed, nothing more is started. */
    maxErrors: { kind: 'share or nothing' },
  },
  skip: {
    /** Servers of the list that are left alone. */
    servers: { kind: 'ids', most: MAX_NAMED, required: true },
  },
  retryFailed: {},
  abort: {},
  undo: {
    /** Servers that are put back; left out: the whole run, which then ends. */
    servers: { kind: 'ids', most: MAX_NAMED, required: false },
  },
  commit: {},
} as const satisfies Record<DecommissionUpdate, Readonly<Record<string, Argument>>>;
