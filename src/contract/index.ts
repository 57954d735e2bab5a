/** What another service imports to start, ask and steer runs of ecs-nics. No runtime dependency. */
export {
  CONTINUED_AS_NEW,
  DEFAULT_TASK_QUEUE,
  DIFFERENT_REQUEST,
  FAILURE_TYPE,
  MEMO,
  NOT_APPLICABLE,
  QUERY_STATUS,
  SEARCH_ATTRIBUTE,
  SIGNAL_POLL_NOW,
  UNPROCESSED,
  UPDATE,
  WORKFLOW_TYPE,
  cloudTaskQueue,
  looksTaskQueue,
  planWorkflowId,
  serverIdOf,
  serverWorkflowId,
  taskQueueFrom,
} from './names';
export type { FailureType } from './names';
export { askerOf } from './asker';
export type { Asker } from './asker';
export type * from './types';
export { formatDuration, formatTime, parseDuration } from './duration';
export type { Duration } from './duration';
export {
  DEFAULT_DEADLINE_MS,
  DELETE_OPTIONS,
  MAX_DEADLINE_MS,
  MAX_UNDO_WINDOW_MS,
  RELEASE_OPTIONS,
  RESTORE_OPTIONS,
} from './options';
export type { CheckedOf, CheckedTiming, InputOf, KeepOrRestore, Option, Options, Timing } from './options';
export { MAX_NICS } from './checker';
export { checkDeleteInput, requestKey } from './input';
export type { CheckedInput, CheckedRequest } from './input';
export { checkRestoreInput, restoreKey } from './restore-input';
export type { CheckedRestore } from './restore-input';
export { checkReleaseInput, releaseKey } from './release-input';
export type { CheckedRelease } from './release-input';
export type { CheckedSource } from './earlier-run';
export { readSavedResult } from './saved-result';
export type { SavedNic } from './saved-result';
export { checkByWhom } from './by-whom';
export { LIST_OPTIONS, checkListInput } from './server-list';
export type { FoundServer, FoundServers, ListServersInput } from './server-list';
export {
  DECOMMISSION_UPDATE,
  LEFT_ALONE,
  PROTECT_TAG,
  PROTECT_UNTIL_TAG,
  QUERY_PLAN,
  QUERY_REPORT,
  decommissionOf,
  decommissionWorkflowId,
  isRunName,
  pageWorkflowId,
} from './decommission/names';
export type { DecommissionControl, DecommissionUpdate, LeftAlone } from './decommission/names';
export type * from './decommission/types';
export { DECOMMISSION_OPTIONS } from './decommission/options';
export {
  PAGE_LIMITS,
  checkApproval,
  checkDecision,
  checkDecommissionInput,
  checkLimits,
  checkLoad,
  checkLoaded,
  checkNamed,
} from './decommission/input';
export type { CheckedDecommission } from './decommission/input';
export type { Checked } from './checker';
