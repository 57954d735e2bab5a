/** What happens so long after a run has told of a phase. */
import { defaultPayloadConverter } from '@temporalio/common';
import type { coresdk } from '@temporalio/proto';
import type { Phase } from '../../../../src/contract';
import { SEARCH_ATTRIBUTE } from '../../../../src/contract/names';
import type { Agenda } from './agenda';
import type { Run } from './run';

/** No run publishes these: its status tells. */
const UNPUBLISHED: ReadonlySet<Phase> = new Set(['waiting', 'submitting', 'verifying']);

export class Phases {
  private awaited: { phase: Phase; then: (began: number) => void }[] = [];

  constructor(private readonly agenda: Agenda) {}

  forget(): void {
    this.awaited = [];
  }

  /** Without a phase: so long after now. */
  once(phase: Phase | undefined, ms: number, then: (at: number) => void): void {
    if (phase === undefined) then(this.agenda.now + ms);
    else this.awaited.push({ phase, then: (began) => then(began + ms) });
  }

  async asked({ replica }: Run): Promise<void> {
    if (!this.awaited.some(({ phase }) => UNPUBLISHED.has(phase))) return;
    const { phase } = (await replica.query('status')) as { phase?: Phase };
    if (phase !== undefined && UNPUBLISHED.has(phase)) this.cameTo(phase);
  }

  published({ searchAttributes }: coresdk.workflow_commands.IUpsertWorkflowSearchAttributes): void {
    const value = searchAttributes?.indexedFields?.[SEARCH_ATTRIBUTE.phase];
    if (value) this.cameTo([defaultPayloadConverter.fromPayload<unknown>(value)].flat()[0]);
  }

  private cameTo(phase: unknown): void {
    const now = this.awaited.filter((it) => it.phase === phase);
    this.awaited = this.awaited.filter((it) => it.phase !== phase);
    for (const { then } of now) then(this.agenda.now);
  }
}
