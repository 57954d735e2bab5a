/** One line of `--check`. */
export interface Finding {
  status: 'ok' | 'warning' | 'failed' | 'skipped';
  what: string;
  /** With the remedy, when something is to be done. */
  text: string;
  /** Temporal can't be reached at all. */
  unreachable?: true;
}
