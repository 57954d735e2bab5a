/** Updates on their way to a run, and their answers. */
import { ApplicationFailure, defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import type { Phase } from '../../../../src/contract';
import { CONTINUED_AS_NEW } from '../../../../src/contract/names';
import type { Command, Job, Replica } from '../replica';
import type { Played, PlayedUpdate, UpdateAnswer } from '../schedule';

/** The server takes no more Updates for a run. */
export const RESOURCE_EXHAUSTED = 'ResourceExhausted';

export class Mailbox {
  /** By the id of the message. */
  private readonly open = new Map<string, { update: PlayedUpdate; runId: string; accepted: boolean }>();
  /** Accepted in the part of a history that a reset run has taken over; whoever asked has been told otherwise. */
  private readonly inherited = new Set<string>();
  private posted = 0;

  /** Addresses it to whichever run is open when it arrives. */
  post(update: PlayedUpdate): Job {
    const id = `update-${++this.posted}`;
    this.open.set(id, { update, runId: '', accepted: false });
    const { name, request } = update.plan;
    const input = request === undefined ? [] : [defaultPayloadConverter.toPayload(request)];
    return { doUpdate: { id, protocolInstanceId: id, name, input, headers: {}, runValidator: true } };
  }

  /** Those among the jobs are asked of this run now. */
  deliver(jobs: Job[], runId: string, foundIn?: Phase): string[] {
    const ids = jobs.flatMap(({ doUpdate }) => doUpdate?.protocolInstanceId ?? []);
    for (const id of ids) {
      const entry = this.open.get(id);
      if (entry === undefined) continue;
      entry.runId = runId;
      entry.update.asked.push({ runId, answer: null, ...(foundIn && { foundIn }) });
    }
    return ids;
  }

  /** Takes in what the workflow answers. Returns those that have to be asked again. */
  answers(commands: Command[], sent: string[]): PlayedUpdate[] {
    const again: PlayedUpdate[] = [];
    for (const { updateResponse } of commands) {
      if (!updateResponse) continue;
      const id = updateResponse.protocolInstanceId ?? '';
      if (this.inherited.has(id)) continue;
      const entry = this.open.get(id);
      // Of somebody who does not wait.
      if (entry === undefined) continue;
      if (updateResponse.accepted) entry.accepted = true;
      else {
        const answer = answerOf(updateResponse);
        this.settle(id, answer);
        if (answer.kind === 'rejected' && answer.type === CONTINUED_AS_NEW) again.push(entry.update);
      }
    }
    for (const id of sent) {
      if (this.open.get(id)?.accepted === false)
        throw new Error('an Update was neither accepted nor rejected');
    }
    return again;
  }

  /** A run has to answer before it closes. */
  expectAllAnswered(closing: string): void {
    for (const { update, runId, accepted } of this.open.values())
      if (accepted && runId === closing)
        throw new Error(`the Update ${update.plan.name} was left without an answer at the end of the run`);
  }

  /** The run was ended from outside. */
  closed(ended: string): void {
    for (const [id, { runId, accepted }] of [...this.open])
      if (accepted && runId === ended) this.settle(id, { kind: 'closed' });
  }

  /** Accepted by that run, and not answered. */
  waitingFor(run: string): number {
    return [...this.open.values()].filter(({ runId, accepted }) => accepted && runId === run).length;
  }

  /** The server itself turns it away. */
  exhausted({ doUpdate }: Job, runId: string): void {
    const id = doUpdate?.protocolInstanceId ?? '';
    this.open.get(id)?.update.asked.push({ runId, answer: null });
    const message = 'limit on number of updates has been reached';
    this.settle(id, { kind: 'rejected', type: RESOURCE_EXHAUSTED, message });
  }

  notFound({ doUpdate }: Job): void {
    const id = doUpdate?.protocolInstanceId ?? '';
    this.open.get(id)?.update.asked.push({ runId: '', answer: null });
    if (this.open.has(id)) this.settle(id, { kind: 'closed' });
  }

  /** Of a run that was reset: whose last answer is that it was closed. */
  unanswered(played: Played | undefined): PlayedUpdate[] {
    return (played?.waiting ?? []).filter(({ asked }) => asked.at(-1)?.answer?.kind === 'closed');
  }

  inherit(tasks: Replica['tasks']): void {
    for (const { doUpdate } of tasks.flatMap(({ jobs }) => jobs))
      if (doUpdate) this.inherited.add(doUpdate.protocolInstanceId ?? '');
  }

  private settle(id: string, answer: UpdateAnswer): void {
    const last = this.open.get(id)?.update.asked.at(-1);
    if (last) last.answer = answer;
    this.open.delete(id);
  }
}

function answerOf(response: NonNullable<Command['updateResponse']>): UpdateAnswer {
  if (response.completed)
    return { kind: 'completed', value: defaultPayloadConverter.fromPayload(response.completed) };
  const error = defaultFailureConverter.failureToError(response.rejected ?? {}, defaultPayloadConverter);
  const type = error instanceof ApplicationFailure ? (error.type ?? '') : error.name;
  return { kind: 'rejected', type, message: error.message };
}
