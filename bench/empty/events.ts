/** Of a workflow's start, its first workflow task and its end. */
export const EVENTS_AROUND = 5;
/** Of an activity and of the workflow task after it. */
export const EVENTS_A_ROUND = 6;
