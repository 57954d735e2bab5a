/**
 * `ecs-nics/client`: what another service uses to start, follow, ask and find runs of ecs-nics, over its own connection
 * to Temporal. Needs `@temporalio/client`, and no credentials of the cloud. Decommission runs: start one with
 * `startOrAttach(…, decommission(…))`, give it its list with `loadList`, approve its plan with `steer`.
 *
 * Conventions: numbers in `…Ms` are milliseconds; times of documents are RFC 3339, UTC; a `runId` that is waited for is
 * moved on along its chain when the run continues as new. Every single request to Temporal has a time limit.
 * `followRun`, `decide` and `settled` wait as long as the run takes, and ask again: give them `until`. Each function
 * documents what it throws; errors of `@temporalio/client` pass through unchanged.
 */
export type { Temporal } from './connect';
export { connectTemporal, temporalOf, within } from './connect';
export type { TemporalTarget } from './target';
export { readTarget } from './target';
export { lenient } from './payloads';
export type { Explanation, TroubleKind } from './explain/connection';
export type { PassedRun, RunIds } from './errors';
export { NoOpenRun, NoRun, NotConfirmed, NothingToRestore, OtherRun, TemporalUnreachable } from './errors';

export type { Awaited, AwaitWorkersOptions, StartRequest, StartTexts, Started } from './start';
export { awaitWorkers, deletion, release, restoration, startOrAttach } from './start';

export type { KnownRun, RunPointer, StatusAnswer } from './find';
export { askStatus, findOpenRun, findRun, findRunById, readAsker } from './find';
export type { FoundRuns, ListedRun, RunFilter } from './runs';
export { addDetails, readRuns, searchRuns } from './runs';
export type { KeptPort, KeptPorts, WhyKept } from './kept';
export { readKeptPorts } from './kept';
export type { Source } from './source';
export { findSource, namedRun } from './source';

export type { FollowEnd, FollowLimits, FollowOptions, FollowState, FollowedRun, View } from './follow';
export { FOLLOW_LIMITS, followRun } from './follow';
export type { Counts, Ending, OpenSubmission } from './ending';
export { readEnding } from './ending';

export type { AskOptions, Asking, UpdateAnswer } from './update';
export { cancel, decide, pollNow, settled } from './update';

export { decommission } from './decommission/request';
export type { LoadOptions, Loaded } from './decommission/load';
export { loadList } from './decommission/load';
export type { Control, ControlArguments } from './decommission/steer';
export { steer } from './decommission/steer';
export type { DecommissionEnding } from './decommission/read';
export { findDecommission, followDecommission, readDecommission } from './decommission/read';
export { readPlan, readReport } from './decommission/join';
export { listServers } from './list-servers';

export type { Reason, Why } from './silent';
export { isBlocking, readWhy } from './silent';
export type { Remedy, Whereabouts } from './explain/silence';
export { reasonText, waysOut } from './explain/silence';
export type { Version } from './pollers';
