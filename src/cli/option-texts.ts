/** Flags and texts of a request's options. A new option gets its texts here, its meaning in the contract. */
import type { DELETE_OPTIONS, Options, RESTORE_OPTIONS } from '../contract';

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
