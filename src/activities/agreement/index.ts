/**
 * The boundary between workflows and activities: one object in, one object out. Activity names are seen in the Web UI.
 *
 * What a workflow can meet beside these results is an `ApplicationFailure` whose type is one of
 * {@link ACTIVITY_FAILURE}, decided at the activity boundary from the one error table (`src/ecs/error-table.ts`).
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
  FindAddressesInput,
  FindAddressesResult,
  InspectServerInput,
  InspectServerResult,
  ListNicsInput,
  ListNicsResult,
  ReadRunInput,
  ReadRunResult,
} from './reads';
import type { AttachNicsInput, DeleteNicsInput, DeleteNicsResult, SubmissionResult } from './submissions';

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
  /** The one POST. Never repeated by the engine; a time-out means that its fate is unknown. */
  deleteNics(input: DeleteNicsInput): Promise<DeleteNicsResult>;
  /** One poll. */
  getJobStatus(input: GetJobStatusInput): Promise<GetJobStatusResult>;
  /** One reading of the NIC list (and of ports and server when asked). */
  listNics(input: ListNicsInput): Promise<ListNicsResult>;
  /** Sets `delete_on_termination` of NICs and reads it back. Idempotent. */
  setPortFlags(input: SetFlagsInput): Promise<SetFlagsResult>;
  /** Looks at ports, and deletes those that are free and still what they were expected to be. Idempotent. */
  deletePorts(input: DeletePortsInput): Promise<DeletePortsResult>;
  /** The POST that attaches ports. Never repeated by the engine; a time-out means that its fate is unknown. */
  attachNics(input: AttachNicsInput): Promise<SubmissionResult>;
  /** Looks a port up by its name, and creates it when there is none. Never repeated by the engine. */
  createPort(input: CreatePortInput): Promise<CreatePortResult>;
  /** Idempotent. */
  updatePort(input: UpdatePortInput): Promise<UpdatePortResult>;
  /** Binds an elastic IP that is free. Idempotent. */
  bindElasticIp(input: BindElasticIpInput): Promise<BindElasticIpResult>;
  /** Who holds these IPs? */
  findAddresses(input: FindAddressesInput): Promise<FindAddressesResult>;
  /** The result document of a closed run. */
  readRun(input: ReadRunInput): Promise<ReadRunResult>;
  /** Asks the namespace anew for what every answer tells of it. */
  listSearchAttributes(input: Placed): Promise<{ kind: 'learned' }>;
}

export type CloudActivities = {
  [K in keyof Answering]: (
    ...input: Parameters<Answering[K]>
  ) => Promise<Awaited<ReturnType<Answering[K]>> & Learned>;
};
