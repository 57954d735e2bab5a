/** What stands for `restoreServerNics`, as `StandIn` does for the deletion: it puts back what its input names, or says that it could not. */
import { ApplicationFailure, defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import type { ResultDocument, RestoreServerNicsInput } from '../../../../src/contract';
import type { Command, TaskInput } from '../replica';
import type { World } from '../world';
import type { Body } from './execution';
import type { StartRecord } from './record';
import { timer } from './stand-in';

export interface RestoreScript {
  /** `false`: the last NIC does not come back. */
  whole: boolean;
  /** For each NIC, one after the other. */
  ms: number;
}

export class StandInRestore implements Body {
  private readonly document: ResultDocument;
  private readonly ids: string[];
  /** What comes in the same task as its end comes to nothing. */
  private isCancelled = false;

  constructor(
    start: StartRecord,
    private readonly world: World,
    private readonly script: RestoreScript,
  ) {
    const { from, nics } = start.input as RestoreServerNicsInput;
    if (!('document' in from) || nics === 'all') throw new Error('a page restores what it knows, NIC by NIC');
    this.ids = nics.map(({ id }) => id);
    const saved = structuredClone(from.document) as ResultDocument;
    this.document = {
      ...saved,
      nics: saved.nics
        .filter(({ id }) => this.ids.includes(id))
        .map((row) => ({ ...row, outcome: 'untouched' as const })),
      jobs: [],
    };
  }

  async carryOut({ jobs }: TaskInput, lost = false): Promise<Command[]> {
    if (lost) return [];
    return jobs.flatMap(({ initializeWorkflow, fireTimer, cancelWorkflow }): Command[] => {
      if (initializeWorkflow) return [timer(1, this.script.ms)];
      if (this.isCancelled) return [];
      if (cancelWorkflow) {
        this.isCancelled = true;
        return [{ cancelWorkflowExecution: {} }];
      }
      if (!fireTimer) return [];
      const done = fireTimer.seq ?? 0;
      this.bringBack(done - 1);
      return done < this.document.nics.length ? [timer(done + 1, this.script.ms)] : this.finish();
    });
  }

  async lose(): Promise<void> {}

  async query(): Promise<unknown> {
    return structuredClone(this.document);
  }

  private bringBack(index: number): void {
    const { control } = this.world.simulator;
    const { serverId, nics } = this.document;
    const row = nics[index];
    if (row === undefined) return;
    const state = control.truth(serverId).nics.find(({ id }) => id === row.id)?.state;
    const evidence = { ...row.evidence, list: 'present' as const, port: 'attached' as const };
    if (state === 'on-server') row.evidence = evidence;
    else if (!this.script.whole && index === nics.length - 1) row.remedy = 'put it back by hand';
    else if (state === 'port-kept') {
      control.attachNic(serverId, { id: row.id });
      Object.assign(row, { outcome: 'restored', evidence });
    } else {
      const { id, mac, ip } = control.attachNic(serverId, {});
      Object.assign(row, { outcome: 'recreated', evidence, replacedBy: { id, mac, ip } });
    }
  }

  private finish(): Command[] {
    const isWhole = this.document.nics.every(({ remedy }) => remedy === null);
    this.document.outcome = isWhole ? 'restored' : 'restore-incomplete';
    if (isWhole)
      return [{ completeWorkflowExecution: { result: defaultPayloadConverter.toPayload(this.document) } }];
    const error = ApplicationFailure.nonRetryable(
      'some NICs are not back',
      'RestoreIncomplete',
      this.document,
    );
    const failure = defaultFailureConverter.errorToFailure(error, defaultPayloadConverter);
    return [{ failWorkflowExecution: { failure } }];
  }
}
