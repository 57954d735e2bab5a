/** One line of `--check`. */
export interface Finding {
  status: 'ok' | 'warning' | 'failed' | 'skipped';
  what: string;
  /** Includes the remedy if the operator has to act. */
  text: string;
  /** Temporal is not reachable. */
  unreachable?: true;
}
