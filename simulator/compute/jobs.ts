import type { Knobs } from '../knobs';
import type { Ledger, LedgerJob } from '../world/ledger';
import { Stream, fraction, hex } from '../world/random';
import type { Server, World } from '../world/world';

export interface Failure {
  code: string;
  reason: string;
}

export interface SubJob {
  readonly id: string;
  /** Null: a NIC that does not exist yet. */
  nicId: string | null;
  readonly endsAt: number;
  failure: Failure | null;
}

export interface Job {
  readonly id: string;
  /** Its entry in the ledger, which says what it is about. */
  readonly entry: LedgerJob;
  readonly server: Server;
  readonly acceptedAt: number;
  readonly runsFrom: number;
  /** Infinity: stuck. */
  readonly endsAt: number;
  /** From then on the cloud denies knowing it. */
  readonly goneFrom: number;
  /** What the parent says when a child failed. */
  readonly onFailure: 'FAIL' | 'SUCCESS';
  readonly subs: readonly SubJob[];
}

/** A step of a job: one NIC. `carryOut` runs at the sub-job's end and answers what the sub-job says. */
export interface Step {
  /** Null: a NIC that does not exist yet; `carryOut` names it. */
  nicId: string | null;
  carryOut: (at: number, job: Job, sub: SubJob) => Failure | null;
}

/** How faults bend a job. */
export interface Bend {
  seconds?: number;
  /** The last step is carried out first. */
  reversed?: boolean;
  stuck?: { stepsDone: boolean };
  goneAfterMs?: number;
  onFailure?: 'FAIL' | 'SUCCESS';
}

/** A job has at most 11 sub-jobs of real NICs; the rest is room for requests that name more. */
const IDS_PER_JOB = 64;
/** Recorded ids commonly begin so (docs/cloud-api.md §1.1). */
const ID_PREFIX = 'ff808082';

/**
 * Asynchronous jobs, whatever they do. A job's times are fixed when it is accepted; what it says at any moment follows from
 * the clock alone.
 */
export class JobEngine {
  private readonly jobs = new Map<string, Job>();
  private accepted = 0;

  constructor(
    private readonly seed: number,
    private readonly world: World,
    private readonly ledger: Ledger,
    private readonly knobs: () => Knobs,
  ) {}

  accept(server: Server, what: Job['entry']['what'], steps: readonly Step[], now: number, bend: Bend): Job {
    const knobs = this.knobs();
    const n = this.accepted++;
    const duration = 1000 * (bend.seconds ?? this.seconds(server, n));
    const runsFrom = now + Math.round(duration * knobs.jobInitShare);
    const [first, last] = knobs.subJobsEndBetween;
    const endsAt = bend.stuck ? Infinity : now + Math.round(duration);
    const entry: LedgerJob = {
      jobId: this.id(n, 0),
      what,
      serverId: server.id,
      nicIds: steps.map((step) => step.nicId).filter((id) => id !== null),
      acceptedAt: now,
      endsAt: Number.isFinite(endsAt) ? endsAt : null,
    };
    const job: Job = {
      id: entry.jobId,
      entry,
      server,
      acceptedAt: now,
      runsFrom,
      endsAt,
      goneFrom: bend.goneAfterMs === undefined ? Infinity : now + bend.goneAfterMs,
      onFailure: bend.onFailure ?? knobs.parentOnPartialFailure,
      subs: steps.map((step, i) => {
        const turn = bend.reversed ? steps.length - 1 - i : i;
        const share = steps.length === 1 ? last : first + ((last - first) * turn) / (steps.length - 1);
        const ends = now + Math.round(duration * Math.max(share, knobs.jobInitShare));
        const stuck = bend.stuck && !bend.stuck.stepsDone;
        return { id: this.id(n, i + 1), nicId: step.nicId, endsAt: stuck ? Infinity : ends, failure: null };
      }),
    };
    steps.forEach((step, i) => {
      const sub = job.subs[i] as SubJob;
      this.world.agenda.schedule(sub.endsAt, (at) => {
        sub.failure = step.carryOut(at, job, sub);
      });
    });
    this.jobs.set(job.id, job);
    this.world.past.keep(server, now);
    server.busyUntil = Math.max(server.busyUntil, job.endsAt);
    this.ledger.job(entry);
    return job;
  }

  /** Undefined: never existed, forgotten after the retention time, or made to vanish. */
  find(id: string, now: number): Job | undefined {
    const job = this.jobs.get(id);
    if (!job || now >= job.goneFrom) return undefined;
    return now >= job.endsAt + this.knobs().jobRetentionSeconds * 1000 ? undefined : job;
  }

  /** The server a job belongs to, also of one that can no longer be read. */
  serverIdOf(id: string): string | undefined {
    return this.jobs.get(id)?.server.id;
  }

  private seconds(server: Server, n: number): number {
    const range = server.jobSeconds ?? this.knobs().jobSeconds;
    if (typeof range === 'number') return range;
    const [least, most] = range;
    return least + (most - least) * fraction(this.seed, Stream.duration, n);
  }

  private id(n: number, part: number): string {
    return ID_PREFIX + hex(this.seed, Stream.job, n * IDS_PER_JOB + part).slice(0, 24);
  }
}

export type JobStatus = 'INIT' | 'RUNNING' | 'SUCCESS' | 'FAIL';

export function statusOf(job: Job, now: number): JobStatus {
  if (now < job.runsFrom) return 'INIT';
  if (now < job.endsAt) return 'RUNNING';
  return job.onFailure === 'FAIL' && job.subs.some((sub) => sub.failure) ? 'FAIL' : 'SUCCESS';
}

const time = (ms: number) => new Date(ms).toISOString();

/** Error keys are absent while running, null on success (docs/cloud-api.md §2.1). */
function outcome(status: JobStatus, failure: Failure | null): Record<string, unknown> {
  if (status === 'INIT' || status === 'RUNNING') return {};
  const told = status === 'FAIL' ? failure : null;
  return { error_code: told?.code ?? null, fail_reason: told?.reason ?? null };
}

function jobTypes({ entry }: Job, knobs: Knobs): { parent: string; child: string } {
  return entry.what === 'delete'
    ? { parent: knobs.jobType, child: knobs.subJobType }
    : { parent: knobs.addJobType, child: knobs.addSubJobType };
}

/** The answer of `GET jobs/{id}`, in the shapes of docs/cloud-api.md §2.1. */
export function jobBody(job: Job, now: number, knobs: Knobs): Record<string, unknown> {
  const status = statusOf(job, now);
  const failure = job.subs.find((sub) => sub.failure)?.failure ?? null;
  return {
    job_id: job.id,
    job_type: jobTypes(job, knobs).parent,
    begin_time: time(job.acceptedAt),
    end_time: now < job.endsAt ? '' : time(job.endsAt),
    status,
    ...outcome(status, failure),
    entities: entities(job, now, status, knobs),
  };
}

function entities(job: Job, now: number, status: JobStatus, knobs: Knobs): Record<string, unknown> {
  const children = subJobs(job, now, knobs);
  if (!children) return { server_id: job.server.id };
  if (status === 'INIT' && knobs.subJobsWhileInit === 'missing') return {};
  const shown = status === 'INIT' && knobs.subJobsWhileInit === 'empty' ? [] : children;
  return { sub_jobs_total: children.length, sub_jobs: shown };
}

function subJobs(job: Job, now: number, knobs: Knobs): Record<string, unknown>[] | null {
  switch (knobs.subJobs) {
    case 'none':
      return null;
    case 'per-nic':
      return job.subs.map((sub) => subBody(job, sub, now, knobs, sub.nicId));
    case 'without-nic-id':
      return job.subs.map((sub) => subBody(job, sub, now, knobs));
    case 'one-for-all': {
      const last = job.subs[job.subs.length - 1];
      const failure = job.subs.find((sub) => sub.failure)?.failure ?? null;
      return last ? [subBody(job, { ...last, failure }, now, knobs)] : [];
    }
  }
}

function subBody(
  job: Job,
  sub: SubJob,
  now: number,
  knobs: Knobs,
  nicId: string | null = null,
): Record<string, unknown> {
  const ended = now >= sub.endsAt;
  const status = now < job.runsFrom ? 'INIT' : !ended ? 'RUNNING' : sub.failure ? 'FAIL' : 'SUCCESS';
  return {
    job_id: sub.id,
    job_type: jobTypes(job, knobs).child,
    begin_time: time(job.runsFrom),
    end_time: ended ? time(sub.endsAt) : '',
    status,
    ...outcome(status, sub.failure),
    entities: {
      server_id: job.server.id,
      ...(nicId === null ? {} : { nic_id: nicId }),
      ...(status === 'FAIL' ? { errorcode_message: sub.failure?.reason ?? '' } : {}),
    },
  };
}
