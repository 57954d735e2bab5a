/** Flags and texts of a request's options. A new option gets its texts here, its meaning in the contract. */
import type {
  DECOMMISSION_OPTIONS,
  DELETE_OPTIONS,
  Options,
  RELEASE_OPTIONS,
  RESTORE_OPTIONS,
} from '../contract';

export interface OptionTexts {
  /** The flag in commander's form; its name in camel case is the field. None: the option has no flag of its own. */
  flag?: string;
  help?: string;
  /** Its name in the texts that the Web UI shows about a start. None: the texts do not list it. */
  shown?: string;
  /** What the question says when the option is set: the run may do something that it refuses otherwise. */
  permits?: string;
  /** What the question says when the value is `restore`. */
  promises?: string;
}
/** Texts of every option, in the order of the help, of printed commands, and of the texts of a start. */
export type TextsOf<T extends Options> = Readonly<Record<keyof T, OptionTexts>>;

const timing: OptionTexts = {
  flag: '--timing <json>',
  help: `pace of the run, e.g. '{"pollInterval":"5s"}'`,
  shown: 'Timing',
};
const requestedBy: OptionTexts = { shown: 'Requested by' };
const reason: OptionTexts = { shown: 'Reason' };

export const DELETE_TEXTS: TextsOf<typeof DELETE_OPTIONS> = {
  // The starter does not know the project; the worker knows its own.
  projectId: {},
  dryRun: { flag: '--dry-run', help: 'inspect and check, show the plan, change nothing' },
  keepPort: {
    flag: '--keep-port',
    help: 'detach only; the port stays with its IP address',
    shown: 'Ports are kept',
  },
  undoWindow: {
    flag: '--undo-window <duration>',
    help: 'keep the ports that long for an exact undo, e.g. "24 hours"',
    shown: 'Undo window',
  },
  onFailure: {
    flag: '--on-failure <keep|restore>',
    help: 'if a NIC is not deleted: keep what is gone, or restore all',
    promises: 'If a NIC is not deleted, all are put back.',
    shown: 'On failure',
  },
  onCancel: {
    flag: '--on-cancel <keep|restore>',
    help: 'the same for a cancelled run',
    promises: 'If the run is cancelled, all are put back.',
    shown: 'On cancellation',
  },
  allowElasticIp: {
    flag: '--allow-elastic-ip',
    help: 'also delete NICs that carry an elastic IP',
    permits: 'NICs that carry an elastic IP are deleted, too.',
    shown: 'Also NICs with an elastic IP',
  },
  // Set by decommission runs.
  respectProtection: {},
  serverName: {},
  deadline: {
    flag: '--deadline <duration>',
    help: 'for the deletion, at most 20 hours (default: 20 minutes)',
    shown: 'Deadline',
  },
  timing,
  requestedBy: { ...requestedBy, flag: '--requested-by <who>', help: 'who wants it; shown with the run' },
  reason: { ...reason, flag: '--reason <text>', help: 'why, e.g. a ticket; shown with the run' },
};

export const RESTORE_TEXTS: TextsOf<typeof RESTORE_OPTIONS> = {
  projectId: {},
  allowNewIp: {
    flag: '--allow-new-ip',
    help: 'a NIC whose IP address is taken meanwhile may get another one',
    shown: 'Another IP is allowed',
  },
  dryRun: { flag: '--dry-run', help: 'show how well each NIC could be put back, change nothing' },
  timing,
  // Same flags as undo and commit: see ask/flags.ts.
  requestedBy,
  reason,
};

export const RELEASE_TEXTS: TextsOf<typeof RELEASE_OPTIONS> = {
  projectId: {},
  dryRun: { flag: '--dry-run', help: 'show which ports are still free, change nothing' },
  timing,
  requestedBy,
  reason,
};

export const DECOMMISSION_TEXTS: TextsOf<typeof DECOMMISSION_OPTIONS> = {
  projectId: {},
  maxServers: {
    flag: '--max-servers <n>',
    help: "required: a plan with more servers can't be approved",
    shown: 'At most servers',
  },
  waves: {
    flag: '--waves <sizes>',
    help: 'cumulative sizes of the waves: counts and shares of the plan (default: 1,10,100,25%,100%)',
    shown: 'Waves',
  },
  pauseAfter: {
    flag: '--pause-after <first|every|never>',
    help: 'after which waves the run waits for resume (default: first)',
    shown: 'Waits after wave',
  },
  maxErrors: {
    flag: '--max-errors <n|share>',
    help: 'stop when more servers than this have failed, e.g. 5 or 2% (default: 0)',
    shown: 'Tolerated failures',
  },
  strict: {
    flag: '--strict',
    help: 'never so many under way that more than that, and one, could fail',
    shown: 'Strict',
  },
  concurrency: { flag: '--concurrency <n>', help: 'servers under way (default: 50)', shown: 'Concurrency' },
  protect: { flag: '--protect <file>', help: 'servers never touched, an id or a name a line' },
  undoWindow: {
    flag: '--undo-window <duration>',
    help: 'keep the ports that long after the last wave, e.g. "0s" (default: 24 hours)',
    shown: 'Undo window',
  },
  planExpires: {
    flag: '--plan-expires <duration>',
    help: 'how long the plan can be approved (default: 24 hours)',
    shown: 'The plan expires after',
  },
  allowElasticIp: {
    flag: '--allow-elastic-ip',
    help: 'also delete NICs that carry an elastic IP',
    shown: 'Also NICs with an elastic IP',
  },
  deadline: {
    flag: '--deadline <duration>',
    help: 'for each server, at most 20 hours (default: 20 minutes)',
    shown: 'Deadline',
  },
  timing,
  requestedBy: { ...requestedBy, flag: '--requested-by <who>', help: 'who wants it; shown with the run' },
  reason: { ...reason, flag: '--reason <text>', help: 'why, e.g. a ticket; shown with the run' },
};
