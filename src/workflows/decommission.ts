/**
 * Deletes NICs of many servers: a list, a plan, an approval, waves. The run decides who may go on; pages of the list do
 * the work, and each server has a run of its own, under the same id and lock as for a single request.
 */
import { ApplicationFailure } from '@temporalio/workflow';
import type { DecommissionStatus } from '../contract/decommission/types';
import { FAILURE_TYPE } from '../contract/names';
import { Fleet } from './fleet/run/fleet';
import { registerMessages } from './fleet/run/messages';
import { statusOf } from './fleet/run/status';
import { tell } from './run/tell';
import { awaitApproval, close, commit, load, plan, runWaves, undoAll, undoWindow } from './fleet/run/steps';

export async function decommission(start: unknown): Promise<DecommissionStatus> {
  const fleet = new Fleet(start); // a fresh request, or the state that was handed on
  registerMessages(fleet);
  const { state, problems } = fleet;
  if (problems.length > 0) {
    const message = problems.join('; ');
    tell('run.ended', { fleet: state.run, outcome: 'invalid-input', message });
    throw ApplicationFailure.nonRetryable(message, FAILURE_TYPE.invalidInput);
  }
  await load(fleet);
  await plan(fleet);
  await awaitApproval(fleet);
  // In its undo window a run may take up failed servers again.
  while (state.phase === 'running' || state.phase === 'undo-window') {
    await runWaves(fleet);
    await undoWindow(fleet);
  }
  await undoAll(fleet);
  await commit(fleet);
  await close(fleet);
  return statusOf(state, Date.now());
}
