/**
 * What a decommission run and its pages tell each other, by signals. Each message holds all that it is about, with a
 * number: the highest one counts, so that lost order and repetition do no harm.
 */
import type { CheckedDecommission } from '../../../contract/decommission/input';
import type {
  Excluded,
  FailedServer,
  ListedServer,
  PageState,
  ServerOutcome,
} from '../../../contract/decommission/types';
import type { ByWhom, RestoreGrade } from '../../../contract/types';

export const SIGNAL_ORDER = 'order';
export const SIGNAL_NAMED = 'named';
export const SIGNAL_NEWS = 'news';
/** From a server's own run to its page: the cloud refuses the worker's credentials, so that others would fail, too. */
export const SIGNAL_REFUSED = 'refused';

/**
 * Temporal's priority key of a run and its pages, as of whatever starts one: people who wait for one server go before a fleet, and the
 * orders of a run before the crowd of its servers.
 */
export const FLEET_PRIORITY = 4;
/** Of the servers' own runs, and of all that pages ask of the cloud: no run's plan goes before the deletions of another one. */
export const FLEET_SERVER_PRIORITY = 5;

/** Input of a page. */
export interface PageInput {
  run: string;
  page: number;
  servers: ListedServer[];
  settings: PageSettings;
}

export type PageSettings = Pick<
  CheckedDecommission,
  | 'projectId'
  | 'allowElasticIp'
  | 'timing'
  | 'deadlineMs'
  | 'undoWindowMs'
  | 'protect'
  | 'requestedBy'
  | 'reason'
>;

/** From the run to a page: all that the page shall do. */
export interface Order {
  seq: number;
  /** Inspect the servers. */
  plan: boolean;
  /** The run has the page's plan. */
  planned: boolean;
  /** Digest of the page's part of the plan; nothing else may be carried out. */
  digest: string | null;
  /** The first so many servers of the page's plan may be started. */
  upTo: number;
  /** So many may be under way, if the page has had `failed` failures; each further one uses up a slot. */
  slots: number;
  failed: number;
  /** How often the failed and busy ones were taken up again. */
  retries: number;
  /** How often the runs that wait were to look at once. */
  wakes: number;
  /** Slots may be used for servers that have not begun; otherwise only to put servers back. */
  starts: boolean;
  /** Start nothing more, whatever happens. */
  abort: boolean;
  /** Put back all that was taken off. Who wants it, and why. */
  undo: ByWhom | null;
  /** Refusals of the cloud that people have dealt with: while there are further ones nothing goes back. */
  refusals: number;
  /** Delete the ports that were kept. */
  commit: boolean;
  /** End, once nothing is under way. */
  finish: boolean;
}

export const FIRST_ORDER: Order = {
  seq: 0,
  plan: false,
  planned: false,
  digest: null,
  upTo: 0,
  slots: 0,
  failed: 0,
  retries: 0,
  wakes: 0,
  starts: false,
  abort: false,
  undo: null,
  refusals: 0,
  commit: false,
  finish: false,
};

/** From the run to a page: servers that people have named. The page knows which of them are its own. */
export interface NamedServers {
  seq: number;
  /** To leave alone. */
  skip: string[];
  /** To put back, or to leave alone where they have not begun. */
  undo: string[];
  /** Who wants the latest of them put back, and why. */
  who: ByWhom | null;
}

/** From a page to the run: all that the run knows of the page. */
export interface News {
  page: number;
  /** A page that was reset begins to count anew, under another run id. */
  runId: string;
  seq: number;
  /** The latest order that the page has taken in, its retries, and the latest message about named servers. */
  orderSeq: number;
  retries: number;
  namedSeq: number;
  state: PageState;
  /** Servers that were inspected. */
  inspected: number;
  /** Planned servers that have an end, however good. */
  atRest: number;
  /** Servers that are deleted from, or put back. */
  inFlight: number;
  /** Those of them that are put back. */
  goingBack: number;
  /** Servers that are to be put back and are not yet: under way either way, or waiting for a slot. */
  toUndo: number;
  /** Servers that are back, or could not be put back wholly. */
  tried: number;
  counts: Partial<Record<ServerOutcome, number>>;
  /** Servers that count against the tolerance. */
  failed: number;
  /** Servers that `retryFailed` would take up again: failed and busy ones. */
  again: number;
  failures: FailedServer[];
  /** How often the cloud has refused the worker's credentials or permissions, and its latest words. */
  refusals: { count: number; message: string };
  /** Servers with ports that a commit would delete. */
  held: number;
  /** Once every server was inspected, until an order says that it has arrived. */
  plan: PlanNews | null;
}

export interface PlanNews {
  servers: number;
  nics: number;
  elasticIps: number;
  byGrade: Partial<Record<RestoreGrade, number>>;
  excluded: Excluded[];
  /** Digests of the planned servers, in the order of the list. */
  digests: string[];
}
