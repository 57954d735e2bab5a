/**
 * The state as releases before 0.1.0 hand it on: one flat record. A newer worker is given it for as long as runs are open that
 * began on such a release.
 */
import type { RunState } from '.';
import { freshState } from '.';

/** A field of a record. */
type Place = { [R in keyof RunState]: readonly [R, keyof RunState[R] & string] }[keyof RunState];

/** Where each of its fields is now. */
const PLACES: Record<string, Place> = {
  deadlineAt: ['pacing', 'deadlineAt'],
  woken: ['pacing', 'woken'],
  rest: ['pacing', 'rest'],
  jobState: ['job', 'state'],
  lastJob: ['job', 'answer'],
  pace: ['job', 'pace'],
  overSince: ['job', 'overSince'],
  pollDueAt: ['job', 'dueAt'],
  pollHoldUntil: ['job', 'heldUntil'],
  longJobMs: ['job', 'longMs'],
  touched: ['sent', 'touched'],
  doubtful: ['sent', 'doubtful'],
  declaredOpen: ['sent', 'declared'],
  wasReset: ['sent', 'wasReset'],
  unkept: ['sent', 'unkept'],
  submission: ['sent', 'submission'],
  witnesses: ['seen', 'witnesses'],
  primaryId: ['seen', 'primaryId'],
  lastReading: ['seen', 'lastReading'],
  verification: ['seen', 'verification'],
  all: ['seen', 'all'],
  undoLog: ['undo', 'log'],
  kept: ['undo', 'kept'],
  windowClosed: ['undo', 'windowClosed'],
  committing: ['undo', 'committing'],
  left: ['undo', 'left'],
  returned: ['undo', 'returned'],
  rounds: ['undo', 'rounds'],
  refusedAs: ['undo', 'refusedAs'],
  putBack: ['undo', 'putBack'],
  restAwaited: ['undo', 'restAwaited'],
  previous: ['before', 'open'],
  askForPrevious: ['before', 'ask'],
  place: ['around', 'place'],
  declined: ['around', 'declined'],
  searchAttributes: ['around', 'searchAttributes'],
  learnedAt: ['around', 'learnedAt'],
  publishedPhase: ['around', 'publishedPhase'],
};

export interface Flat {
  document: RunState['document'];
  deadlineAt: number;
}

/** Fields that it does not have get the value of a fresh run. */
export function nested(flat: Flat): RunState {
  const state = freshState(flat.document, flat.deadlineAt);
  for (const [field, value] of Object.entries<unknown>({ ...flat })) {
    const place = PLACES[field];
    if (place !== undefined) Object.assign(state[place[0]], { [place[1]]: value });
  }
  return state;
}
