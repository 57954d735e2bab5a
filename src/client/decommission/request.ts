/** A decommission run to be started: its name, and the settings by which an open run of that name is the same. */
import type { CheckedDecommission, DecommissionInput } from '../../contract';
import { WORKFLOW_TYPE, checkDecommissionInput, decommissionWorkflowId } from '../../contract';
import { isRecord, safeJson } from '../../contract/values';
import type { StartRequest, StartTexts } from '../start';

/** Temporal's priority key: who waits for one server goes before a fleet. */
const FLEET = 4;

/**
 * A decommission run, for `startOrAttach`; its list is uploaded by `loadList`. The workflow checks the input;
 * `isRunName` and `checkDecommissionInput` of the contract find its problems before a start.
 * @param run its name: 1 to 64 of `a-z 0-9 . _ -`
 */
export function decommission(
  run: string,
  input: DecommissionInput,
  texts: StartTexts = {},
): StartRequest<DecommissionInput> {
  return {
    type: WORKFLOW_TYPE.decommission,
    workflowId: decommissionWorkflowId(run),
    isPlan: false,
    input,
    priority: FLEET,
    key: settingsKey,
    texts,
  };
}

/** Equal for equal settings; who has asked for the run, and why, changes nothing of what it does. */
function settingsKey(input: unknown): string {
  const settings = settingsOf(input);
  if (settings === null) return `invalid ${safeJson(input)}`;
  const protect = [...new Set(settings.protect)].sort();
  return JSON.stringify({ ...settings, protect, requestedBy: null, reason: null });
}

function settingsOf(input: unknown): CheckedDecommission | null {
  // The first run of a long chain is not kept for ever; the later ones carry its settings, checked.
  if (isRecord(input) && isRecord(input.handed)) return input.handed.settings as CheckedDecommission;
  return checkDecommissionInput(input).value;
}
