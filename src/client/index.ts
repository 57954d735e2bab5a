/**
 * `ecs-nics/client`: what another service uses to start, follow, ask and find runs of ecs-nics, over its own connection to
 * Temporal. Needs `@temporalio/client`, and no credentials of the cloud.
 *
 * Conventions: numbers in `…Ms` are milliseconds; times of documents are RFC 3339, UTC; a `runId` that is waited for is moved on
 * along its chain when the run continues as new. Every single request to Temporal is bounded in time. `followRun`, `decide` and
 * `settled` wait as long as the run takes, and ask again: give them `until`. What these functions throw stands with each; errors
 * of `@temporalio/client` pass through as they are.
 */
export type { Temporal } from './connect';
export { connectTemporal, temporalOf, within } from './connect';
export type { TemporalTarget } from './target';
export { readTarget } from './target';
export { lenient } from './payloads';
export type { PassedRun, RunIds } from './errors';
export { NoOpenRun, NoRun, NotConfirmed, NothingToRestore, OtherRun, TemporalUnreachable } from './errors';
export { isForbidden, isPassing, isUnclear, reasonOf } from './grpc';

export type { Awaited, AwaitWorkersOptions, StartRequest, StartTexts, Started } from './start';
export { awaitWorkers, deletion, findOpen, restoration, startOrAttach } from './start';

export type { KnownRun, RunPointer, StatusAnswer } from './find';
export { asDocument, askStatus, findOpenRun, findRun, readInput } from './find';
export type { ListedRun } from './runs';
export { addDetails, polledElsewhere, readRuns } from './runs';
export type { Source } from './source';
export { findSource, namedRun } from './source';

export type { FollowEnd, FollowLimits, FollowOptions, FollowState, FollowedRun, View } from './follow';
export { FOLLOW_LIMITS, followRun } from './follow';
export type { Closed, Counts, Ending, OpenSubmission } from './ending';
export { closedEnd, readEnding } from './ending';

export type { AskOptions, Asking, UpdateAnswer } from './update';
export { cancel, decide, pollNow, settled } from './update';

export type { PendingActivity, Reason, SilentRun, Why } from './silent';
export { isBlocking, readSilent, readWhy } from './silent';
export type { Version } from './workers';

export type { Attribute } from './namespace';
export { addMissing, forgetsTooSoon, readAttributes, readRetention } from './namespace';
