/** The kinds of runs, each with the check of its request. */
import type { CheckedRequest } from '../../contract/input';
import { checkDeleteInput, namedNics } from '../../contract/input';
import type { CheckedRestore } from '../../contract/restore-input';
import type { CheckedRelease } from '../../contract/release-input';
import { checkReleaseInput, namedForRelease } from '../../contract/release-input';
import { checkRestoreInput, namedForRestore } from '../../contract/restore-input';
import type { NicRow } from '../../contract/types';
import { PUT_BACK_FOR_MS } from '../policy/put-back-plan';
import { log } from '../policy/undo-log';
import type { Request, RequestKind } from './run';
import { Run } from './run';
import { keep } from './state/undo';

/** A run that takes NICs off its server. */
export type Deletion = Run<CheckedRequest>;

const DELETION: RequestKind<CheckedRequest> = { check: checkDeleteInput, named: namedNics, job: 'delete' };

export function deletionOf(start: unknown): Deletion {
  return new Run(start, DELETION);
}

/**
 * Called when another actor has taken the NIC off and its port still exists because this run had set the flag. The run
 * holds the port as if it had taken the NIC off itself: for as long as it has promised, and an undo puts the NIC back.
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

/** A run that puts back NICs which an earlier run took off. */
export type Restoration = Run<CheckedRestore & Request>;

const RESTORATION: RequestKind<CheckedRestore & Request> = {
  check: (input) => {
    const { problems, request } = checkRestoreInput(input);
    return { problems, request: request && { ...request, deadlineMs: PUT_BACK_FOR_MS } };
  },
  named: namedForRestore,
  job: 'attach',
};

export function restorationOf(start: unknown): Restoration {
  return new Run(start, RESTORATION);
}

/** A run that deletes ports which an earlier run has kept. */
export type Release = Run<CheckedRelease & Request>;

/** For what comes before the ports are deleted; for that there are twenty more (steps/commit.ts). */
const RELEASE_FOR_MS = 20 * 60_000;

const RELEASE: RequestKind<CheckedRelease & Request> = {
  check: (input) => {
    const { problems, request } = checkReleaseInput(input);
    return { problems, request: request && { ...request, deadlineMs: RELEASE_FOR_MS } };
  },
  named: namedForRelease,
  job: 'delete',
};

export function releaseOf(start: unknown): Release {
  return new Run(start, RELEASE);
}

/**
 * A run that deletes ports. A release may not delete one of which it is unknown whether an elastic IP is bound to it: the request
 * that allowed elastic IPs was another run's.
 */
export type Committing = Run<Request & { allowElasticIp?: boolean }>;
