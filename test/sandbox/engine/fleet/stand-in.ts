/**
 * What stands for `deleteServerNics` where the run of one server is not what is looked at: it looks, submits, and ends as it was
 * told to, with the effects on the simulated cloud that its document tells of. It takes a hundredth of the time.
 */
import { ApplicationFailure, defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import type {
  DeleteServerNicsInput,
  NicOutcome,
  NicRow,
  NicSnapshot,
  ResultDocument,
} from '../../../../src/contract';
import type { Command, Job, TaskInput } from '../replica';
import type { World } from '../world';
import type { Body } from './execution';
import type { StartRecord } from './record';

export interface Script {
  /** `partly`: the first NIC goes, the others stay. */
  fate: 'fine' | 'fails' | 'partly' | 'unknown';
  lookMs: number;
  jobMs: number;
}

/** Something was taken off a server. */
export interface Touch {
  serverId: string;
  nicId: string;
  /** What it was at that moment. */
  ip: string;
  mac: string;
  at: number;
}

export interface StandInStage {
  world: World;
  scriptOf: (serverId: string) => Script;
  /** The cloud refuses the worker's credentials. */
  refusing: (now: number) => boolean;
  touched: Touch[];
}

const LOOK = 1;
const JOB = 2;

export class StandIn implements Body {
  private readonly input: DeleteServerNicsInput;
  private readonly script: Script;
  private state: 'looking' | 'submitted' = 'looking';
  private cancelled = false;
  private document: ResultDocument;

  constructor(
    private readonly start: StartRecord,
    private readonly stage: StandInStage,
  ) {
    this.input = start.input as DeleteServerNicsInput;
    this.script = stage.scriptOf(this.input.serverId);
    this.document = this.blank();
  }

  async carryOut({ now, jobs }: TaskInput, lost = false): Promise<Command[]> {
    return lost ? [] : jobs.flatMap((job) => this.hear(job, now));
  }

  async lose(): Promise<void> {}

  async query(): Promise<unknown> {
    return structuredClone(this.document);
  }

  private hear({ initializeWorkflow, fireTimer, cancelWorkflow }: Job, now: number): Command[] {
    // What comes in the same task as its end comes to nothing.
    if (this.isOver()) return [];
    if (initializeWorkflow) return [timer(LOOK, this.script.lookMs)];
    if (cancelWorkflow) {
      this.cancelled = true;
      if (this.state === 'looking') return this.end(null, 'cancelled');
    }
    if (fireTimer?.seq === LOOK) return this.look(now);
    if (fireTimer?.seq === JOB) return this.finish(now);
    return [];
  }

  private isOver(): boolean {
    return this.document.phase === 'done';
  }

  /** The guards that a server's own run has. */
  private look(now: number): Command[] {
    const { control } = this.stage.world.simulator;
    if (this.stage.refusing(now)) {
      this.document.credentialsRefused = true;
      const { workflowId = '' } = this.start.by ?? {};
      const input = [defaultPayloadConverter.toPayload('credentials were refused')];
      const tell = {
        signalExternalWorkflowExecution: {
          seq: 1,
          workflowExecution: { workflowId },
          signalName: 'refused',
          args: input,
        },
      };
      return [tell, ...this.end('CloudRefused', 'cloud-refused')];
    }
    const server = control.server(this.input.serverId);
    const here = new Map(server.nics.map((nic) => [nic.id, nic]));
    this.document = this.blank();
    if (server.tags.some(({ key }) => key === 'ecs-nics-protect')) return this.refuse('Protected');
    for (const { id, ip, mac } of this.targets()) {
      const nic = here.get(id);
      if (nic === undefined) continue;
      const drifted = (ip !== undefined && nic.ip !== ip) || (mac !== undefined && nic.mac !== mac);
      if (drifted) return this.refuse('Drifted');
      if (nic.primary) return this.refuse('Refused');
    }
    const rows = this.document.nics;
    if (rows.every(({ id }) => !here.has(id))) {
      for (const row of rows) row.outcome = 'already-absent';
      return this.end(null, 'nothing-to-do');
    }
    this.state = 'submitted';
    return [timer(JOB, this.script.jobMs)];
  }

  private finish(now: number): Command[] {
    const { fate } = this.script;
    const { control } = this.stage.world.simulator;
    const { keepPort = false } = this.input;
    const here = new Map(control.server(this.input.serverId).nics.map((nic) => [nic.id, nic]));
    this.document.nics.forEach((row, index) => {
      const nic = here.get(row.id);
      if (nic === undefined) row.outcome = 'already-absent';
      else if (fate === 'fails' || (fate === 'partly' && index > 0)) {
        row.outcome = 'still-attached';
        row.errorCode = 'Ecs.0507';
      } else if (fate === 'unknown') row.outcome = 'unknown';
      else {
        this.stage.touched.push({
          serverId: this.input.serverId,
          nicId: nic.id,
          ip: nic.ip,
          mac: nic.mac,
          at: now,
        });
        if (keepPort) control.patchPort(nic.id, { deleteOnTermination: false });
        control.detachNic(this.input.serverId, nic.id);
        row.outcome = keepPort ? 'detached' : 'deleted';
      }
    });
    const outcomes = new Set<NicOutcome>(this.document.nics.map(({ outcome }) => outcome));
    if (this.cancelled) return this.end(null, 'cancelled');
    if (outcomes.has('unknown')) return this.end('OutcomeUnknown', 'outcome-unknown');
    if (outcomes.has('still-attached')) return this.end('NotDeleted', 'not-deleted');
    if (outcomes.has('deleted')) return this.end(null, 'deleted');
    return this.end(null, outcomes.has('detached') ? 'detached' : 'nothing-to-do');
  }

  private refuse(code: string): Command[] {
    const [row] = this.document.nics;
    if (row !== undefined) row.errorCode = code;
    return this.end('Refused', 'refused');
  }

  private end(failure: string | null, outcome: ResultDocument['outcome']): Command[] {
    Object.assign(this.document, { outcome, phase: 'done' });
    this.lookAtPorts();
    if (outcome === 'cancelled') return [{ cancelWorkflowExecution: {} }];
    if (failure === null)
      return [{ completeWorkflowExecution: { result: defaultPayloadConverter.toPayload(this.document) } }];
    const error = ApplicationFailure.nonRetryable(`it ends as ${outcome}`, failure, this.document);
    return [
      {
        failWorkflowExecution: {
          failure: defaultFailureConverter.errorToFailure(error, defaultPayloadConverter),
        },
      },
    ];
  }

  /** What the ports are now, as the last look of a real run would have shown. */
  private lookAtPorts(): void {
    const { control } = this.stage.world.simulator;
    const states = new Map(control.truth(this.input.serverId).nics.map(({ id, state }) => [id, state]));
    for (const row of this.document.nics) {
      const state = states.get(row.id);
      const isHere = state === 'on-server';
      const port =
        state === undefined || state === 'port-gone' ? 'absent' : state === 'port-kept' ? 'free' : 'attached';
      row.evidence = { ...row.evidence, list: isHere ? 'present' : 'absent', port };
    }
  }

  private targets(): { id: string; ip?: string | null; mac?: string | null }[] {
    const { nics } = this.input;
    if (nics === 'all') throw new Error('a page asks for all NICs of a server, not for those of the plan');
    return nics;
  }

  private blank(): ResultDocument {
    const { serverId, nics } = this.input;
    const { control } = this.stage.world.simulator;
    const states = new Map(control.snapshotOf(serverId).nics.map((nic) => [nic.id, nic]));
    const rows = (nics === 'all' ? [] : nics).map(({ id, ip = null, mac = null }): NicRow => {
      const nic = states.get(id);
      const snapshot: NicSnapshot | null =
        nic === undefined
          ? null
          : {
              ...{ networkId: nic.networkId, fixedIps: nic.fixedIps, mac: nic.mac, name: nic.name },
              deleteOnTermination: nic.deleteOnTermination,
              securityGroups: [...nic.securityGroups],
              ...{ allowedAddressPairs: null, dhcpOptions: null, portSecurityEnabled: null },
              ...{ elasticIp: nic.elasticIp, position: nic.position },
            };
      return {
        ...{ id, ip, mac, snapshot, outcome: 'untouched', elasticIp: null, restore: 'no' },
        evidence: { job: 'none', subJob: 'none', list: 'unknown', port: 'unknown' },
        ...{ jobId: null, errorCode: null, message: null, replacedBy: null, differences: [], remedy: null },
      };
    });
    const at = new Date(this.start.at).toISOString();
    return {
      ...{
        outcome: 'running',
        phase: 'inspecting',
        serverId,
        serverName: null,
        projectId: null,
        region: null,
      },
      ...{
        nics: rows,
        jobs: [],
        submissions: 0,
        startedAt: at,
        endedAt: null,
        undoUntil: null,
        requestedBy: null,
        reason: null,
        decision: null,
      },
      ...{ deadlineAt: at, nextLookAt: null, waitingFor: null, warnings: [] },
    };
  }
}

/** Somebody else's run on a server: it does nothing, for so long. */
export class Foreign implements Body {
  constructor(private readonly ms: number) {}

  async carryOut({ jobs }: TaskInput, lost = false): Promise<Command[]> {
    if (lost) return [];
    return jobs.flatMap(({ initializeWorkflow, fireTimer, cancelWorkflow }): Command[] => {
      if (initializeWorkflow) return [timer(1, this.ms)];
      if (cancelWorkflow) return [{ cancelWorkflowExecution: {} }];
      return fireTimer
        ? [{ completeWorkflowExecution: { result: defaultPayloadConverter.toPayload(null) } }]
        : [];
    });
  }

  async lose(): Promise<void> {}

  async query(): Promise<unknown> {
    return undefined;
  }
}

export function timer(seq: number, ms: number): Command {
  return {
    startTimer: {
      seq,
      startToFireTimeout: { seconds: Math.floor(ms / 1_000) as never, nanos: (ms % 1_000) * 1e6 },
    },
  };
}
