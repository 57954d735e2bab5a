/**
 * The boundary between workflows and activities: one object in, one object out. The Web UI shows the names of
 * activities. Beside these results a workflow can get an `ApplicationFailure` whose type is one of
 * {@link ACTIVITY_FAILURE}; the activity boundary chooses it by the one error table (`src/ecs/error-table.ts`).
 */
import type {
  BindElasticIpInput,
  BindElasticIpResult,
  CreatePortInput,
  CreatePortResult,
  DeletePortsInput,
  DeletePortsResult,
  SetFlagsInput,
  SetFlagsResult,
  UpdatePortInput,
  UpdatePortResult,
} from './effects';
import type { Learned, Placed } from './every-call';
import type { GetJobStatusInput, GetJobStatusResult } from './job-status';
import type {
  DescribeRunsInput,
  DescribeRunsResult,
  FindAddressesInput,
  FindAddressesResult,
  InspectServerInput,
  InspectServerResult,
  InspectServersInput,
  InspectServersResult,
  ListNicsInput,
  ListNicsResult,
  ListServersActivityInput,
  ListServersResult,
  ReadRunInput,
  ReadRunResult,
} from './reads';
import type { AttachNicsInput, DeleteNicsInput, DeleteNicsResult, SubmissionResult } from './submissions';

export * from './alive';
export type * from './effects';
export type * from './every-call';
export * from './failures';
export * from './job-status';
export * from './pace';
export * from './reads';
export type * from './submissions';

interface Answering {
  /** Reads everything the guards and the snapshot need. */
  inspectServer(input: InspectServerInput): Promise<InspectServerResult>;
  /** The same of several servers, for a plan. */
  inspectServers(input: InspectServersInput): Promise<InspectServersResult>;
  /** The one POST. The engine never repeats it; after a time-out its fate is unknown. */
  deleteNics(input: DeleteNicsInput): Promise<DeleteNicsResult>;
  /** One poll. */
  getJobStatus(input: GetJobStatusInput): Promise<GetJobStatusResult>;
  /** Reads the NIC list once (and ports and server when asked). */
  listNics(input: ListNicsInput): Promise<ListNicsResult>;
  /** Sets `delete_on_termination` of NICs and reads it back. Idempotent. */
  setPortFlags(input: SetFlagsInput): Promise<SetFlagsResult>;
  /** Looks at ports, and deletes those that are free and still as expected. Idempotent. */
  deletePorts(input: DeletePortsInput): Promise<DeletePortsResult>;
  /** The POST that attaches ports. The engine never repeats it; after a time-out its fate is unknown. */
  attachNics(input: AttachNicsInput): Promise<SubmissionResult>;
  /** Looks a port up by its name, and creates it if there is none. The engine never repeats it. */
  createPort(input: CreatePortInput): Promise<CreatePortResult>;
  /** Idempotent. */
  updatePort(input: UpdatePortInput): Promise<UpdatePortResult>;
  /** Binds an elastic IP that is free. Idempotent. */
  bindElasticIp(input: BindElasticIpInput): Promise<BindElasticIpResult>;
  /** Finds the ports that hold these IPs. */
  findAddresses(input: FindAddressesInput): Promise<FindAddressesResult>;
  /** The result document of a closed run. */
  readRun(input: ReadRunInput): Promise<ReadRunResult>;
  /** A page of the project's servers. */
  listServers(input: ListServersActivityInput): Promise<ListServersResult>;
  /** Which of these runs are open. */
  describeRuns(input: DescribeRunsInput): Promise<DescribeRunsResult>;
  /** Lists again the search attributes that every answer reports. */
  listSearchAttributes(input: Placed): Promise<{ kind: 'learned' }>;
}

/** Activities that only read for a run: they have a task queue of their own. A poll of the job stays with the effects. */
export const LOOKS = [
  'inspectServer',
  'inspectServers',
  'listNics',
  'findAddresses',
  'readRun',
  'listServers',
  'describeRuns',
  'listSearchAttributes',
] as const satisfies readonly (keyof Answering)[];

export type CloudActivities = {
  [K in keyof Answering]: (
    ...input: Parameters<Answering[K]>
  ) => Promise<Awaited<ReturnType<Answering[K]>> & Learned>;
};
