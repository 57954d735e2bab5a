/**
 * What a run knows, as plain values. All of it is handed on when the run continues as new (resume.ts), so that the next
 * run neither inspects nor, above all, sends a second time. Each record is written by the functions of its own file, or
 * by the step that it belongs to; all other code only reads it.
 */
import type { ResultDocument } from '../../../contract/types';
import type { PacingState } from '../pacing';
import { freshPacing } from '../pacing';
import type { Around, Before } from './around';
import { freshAround, freshBefore } from './around';
import type { Job } from './job';
import { freshJob } from './job';
import type { Seen } from './seen';
import { freshSeen } from './seen';
import type { Sent } from './sent';
import { freshSent } from './sent';
import type { Undo } from './undo';
import { freshUndo } from './undo';

export interface RunState {
  document: ResultDocument;
  pacing: PacingState;
  job: Job;
  sent: Sent;
  seen: Seen;
  undo: Undo;
  before: Before;
  around: Around;
}

export function freshState(document: ResultDocument, deadlineAt: number): RunState {
  return {
    document,
    pacing: freshPacing(deadlineAt),
    job: freshJob(),
    sent: freshSent(),
    seen: freshSeen(),
    undo: freshUndo(),
    before: freshBefore(),
    around: freshAround(),
  };
}
