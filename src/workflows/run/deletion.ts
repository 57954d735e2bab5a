/** A run that takes NICs off its server. */
import type { CheckedRequest } from '../../contract/input';
import { checkDeleteInput, namedNics } from '../../contract/input';
import type { NicRow } from '../../contract/types';
import { log } from '../policy/undo-log';
import { keep } from './state/undo';
import type { RequestKind } from './run';
import { Run } from './run';

export type Deletion = Run<CheckedRequest>;

const DELETION: RequestKind<CheckedRequest> = { check: checkDeleteInput, named: namedNics, job: 'delete' };

export function deletionOf(start: unknown): Deletion {
  return new Run(start, DELETION);
}

/**
 * Somebody else has taken the NIC off, and its port has outlived it thanks to the flag that this run has set: from here on it
 * is held as if the run had taken it off itself, for as long as it has promised, and an undo brings it back.
 */
export function hold(run: Deletion, row: NicRow): void {
  const { state } = run;
  row.outcome = 'detached';
  keep(state, [row.id]);
  log(state.undo.log, 'detach', [row.id]);
  run.warn(
    `NIC ${row.id} was taken off by somebody else, and its port is still there since this run kept it`,
  );
}

/** Its port is there since this run has seen to it. */
export function isHeld({ state }: Deletion, { id, outcome }: NicRow): boolean {
  return outcome === 'detached' && state.undo.kept.includes(id);
}
