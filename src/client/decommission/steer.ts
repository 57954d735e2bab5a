/** What people tell a decommission run. It answers at once with its status; how far it has come, `status` tells. */
import type { ByWhom, DecommissionControl as Control, DecommissionStatus } from '../../contract';
import { DECOMMISSION_UPDATE } from '../../contract';
import type { Temporal } from '../connect';
import type { RunIds } from '../errors';
import type { AskOptions, Asking } from '../update';
import { askFor, callsOf } from '../update';
import { asStatus } from './read';

export type { Control };

/** What each of them takes, beside who asks for it and why. */
export interface ControlArguments {
  /** Must repeat what the plan says. */
  approve: { digest: string; servers: number; nics: number };
  pause: object;
  resume: object;
  /** `maxErrors`: a number, or a share of the plan such as `"2%"`. */
  setLimits: { concurrency?: number; maxErrors?: number | string };
  /** 1 to 1,000 server ids. */
  skip: { servers: string[] };
  retryFailed: object;
  abort: object;
  /** Left out: the whole run. */
  undo: { servers?: string[] };
  commit: object;
}

/**
 * Sends the message. The answer is `failed` with type `NotApplicable` when it does not apply now: `message` says why, and
 * what would help.
 */
export function steer<C extends Control>(
  temporal: Temporal,
  run: RunIds,
  what: C,
  argument: ControlArguments[C] & ByWhom,
  options: AskOptions = {},
): Asking<DecommissionStatus> {
  return askFor(callsOf(temporal, run, DECOMMISSION_UPDATE[what], argument), asStatus, options);
}
