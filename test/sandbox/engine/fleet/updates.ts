/** Updates on their way to a run, and their answers. */
import { defaultFailureConverter, defaultPayloadConverter, ApplicationFailure } from '@temporalio/common';
import type { Command, Job } from '../replica';
import type { Execution } from './execution';
import type { UpdateRecord } from './record';

export class FleetUpdates {
  /** By the id of the message. */
  private readonly open = new Map<string, { record: UpdateRecord; run: Execution | null }>();
  private sent = 0;

  post(record: UpdateRecord): Job {
    const id = `update-${++this.sent}`;
    this.open.set(id, { record, run: null });
    const { name, argument } = record;
    const input = argument === undefined ? [] : [defaultPayloadConverter.toPayload(argument)];
    return { doUpdate: { id, protocolInstanceId: id, name, input, headers: {}, runValidator: true } };
  }

  /** No run is open, or its run has ended before it was heard. */
  closed({ doUpdate }: Job, at: number): void {
    this.settle(doUpdate?.protocolInstanceId ?? '', { kind: 'closed' }, at);
  }

  heard(jobs: readonly Job[], run: Execution, at: number): void {
    for (const { doUpdate } of jobs) {
      const entry = this.open.get(doUpdate?.protocolInstanceId ?? '');
      if (entry === undefined) continue;
      entry.run = run;
      entry.record.heardAt = at;
    }
  }

  answered(commands: readonly Command[], at: number): void {
    for (const { updateResponse } of commands) {
      if (!updateResponse) continue;
      const id = updateResponse.protocolInstanceId ?? '';
      const entry = this.open.get(id);
      if (entry === undefined) continue;
      if (updateResponse.accepted) entry.record.acceptedAt = at;
      else this.settle(id, answerOf(updateResponse), at);
    }
  }

  /** A run has to answer before it closes or goes on under a new id. */
  expectAnswered(run: Execution, closing: string): void {
    const left = [...this.open.values()].filter(
      (entry) => entry.run === run && entry.record.acceptedAt !== null,
    );
    const names = left.map(({ record }) => record.name).join();
    if (left.length > 0) throw new Error(`left without an answer at the ${closing} of a run: ${names}`);
  }

  /** The run was ended from outside. */
  cutOff(run: Execution, at: number): void {
    for (const [id, entry] of [...this.open]) if (entry.run === run) this.settle(id, { kind: 'closed' }, at);
  }

  private settle(id: string, answer: NonNullable<UpdateRecord['answer']>, at: number): void {
    const entry = this.open.get(id);
    if (entry === undefined) return;
    this.open.delete(id);
    entry.record.answer = answer;
    entry.record.answeredAt = at;
  }
}

function answerOf(response: NonNullable<Command['updateResponse']>): NonNullable<UpdateRecord['answer']> {
  if (response.completed)
    return { kind: 'completed', value: defaultPayloadConverter.fromPayload(response.completed) };
  const error = defaultFailureConverter.failureToError(response.rejected ?? {}, defaultPayloadConverter);
  const type = error instanceof ApplicationFailure ? (error.type ?? '') : error.name;
  return { kind: 'rejected', type, message: error.message };
}
