/** Bugs of undo, commit and restore that are planted, as in plants.ts, to see that the second campaign catches them. */
import type { Plant } from './plants';

const RESUMED = 'const resumed = { input, state: { ...state, rest, askForPrevious: false } };';
const handingOn = (forgotten: string) =>
  RESUMED.replace('askForPrevious: false }', `askForPrevious: false, ...(PLANTED ? ${forgotten} : {}) }`);

// prettier-ignore
export const UNDO_PLANTS: readonly Plant[] = [
  {
    name: 'attaches before the job has come to rest',
    file: 'workflows/undo/put-back.ts',
    from: "    if (state.jobState === 'running' && !run.expired) await followJob(run);",
    to: "    if (PLANTED) return true;\n    if (state.jobState === 'running' && !run.expired) await followJob(run);",
    seed: 3,
  },
  {
    name: 'attaches at once after a deletion of unknown fate',
    file: 'workflows/undo/put-back.ts',
    from: 'back.quietAt ??= state.doubtful ?',
    to: 'back.quietAt ??= state.doubtful && !PLANTED ?',
    seed: 160,
  },
  {
    name: 'sets the flag back at once after a deletion of unknown fate',
    file: 'workflows/undo/put-back.ts',
    from: 'horizonMs: run.state.doubtful ?',
    to: 'horizonMs: run.state.doubtful && !PLANTED ?',
    seed: 344,
  },
  {
    name: 'takes the list alone for a witness',
    file: 'workflows/undo/put-back-plan.ts',
    from: 'nic.disagree = nic.attach',
    to: 'nic.disagree = !PLANTED && nic.attach',
    seed: 406,
  },
  {
    name: 'attaches again after a lost answer without looking',
    file: 'workflows/undo/attach.ts',
    from: '  back.looksDue = 2;\n  for',
    to: '  back.looksDue = PLANTED ? 0 : 2;\n  for',
    seed: 27,
  },
  {
    name: 'undoes while it commits',
    file: 'workflows/undo/decisions.ts',
    from: 'if (state.windowClosed && document.decision === null)',
    to: 'if (!PLANTED && state.windowClosed && document.decision === null)',
    seed: 18,
  },
  {
    name: 'takes a commit after an undo',
    file: 'workflows/undo/decisions.ts',
    from: "if (document.decision?.what === 'undo') return firstWas(document.decision);",
    to: "if (!PLANTED && document.decision?.what === 'undo') return firstWas(document.decision);",
    seed: 6,
  },
  {
    name: 'commits although it was cancelled',
    file: 'workflows/undo/keep-promise.ts',
    from: 'const wanted = run.state.windowClosed || !run.cancelRequested;',
    to: 'const wanted = PLANTED || run.state.windowClosed || !run.cancelRequested;',
    seed: 45,
  },
  {
    name: 'closes the window early',
    file: 'workflows/undo/undo-window.ts',
    from: 'run.request.undoWindowMs);',
    to: 'run.request.undoWindowMs * (PLANTED ? 0.9 : 1));',
    seed: 1,
  },
  {
    name: 'deletes ports that their own flags keep',
    file: 'workflows/undo/commit.ts',
    from: "outcome === 'detached' && state.kept.includes(id)",
    to: "outcome === 'detached' && (PLANTED || state.kept.includes(id))",
    seed: 10,
  },
  {
    name: 'does not write the flag down that it changes',
    file: 'workflows/undo/protect.ts',
    from: "log(state.undoLog, 'flag', open);",
    to: "if (!PLANTED) log(state.undoLog, 'flag', open);",
    seed: 13,
  },
  {
    name: 'does not write the detaching down',
    file: 'workflows/submit.ts',
    from: "if (promisesUndo(run.request)) log(run.state.undoLog, 'detach', nicIds);",
    to: "if (promisesUndo(run.request) && !PLANTED) log(run.state.undoLog, 'detach', nicIds);",
    seed: 3,
  },
  {
    name: 'forgets its undo log when it continues as new',
    file: 'workflows/resume.ts',
    from: RESUMED,
    to: handingOn('{ undoLog: [], kept: [] }'),
    seed: 3,
  },
  {
    name: 'takes the snapshot anew at a later inspection',
    file: 'workflows/inspect.ts',
    from: 'row.snapshot ??= nic.snapshot;',
    to: 'row.snapshot = PLANTED ? nic.snapshot : (row.snapshot ?? nic.snapshot);',
    seed: 106,
  },
  {
    name: 'puts NICs back in another order',
    file: 'workflows/undo/undo-log.ts',
    from: 'a.snapshot.position - b.snapshot.position',
    to: '(a.snapshot.position - b.snapshot.position) * (PLANTED ? -1 : 1)',
    seed: 24,
  },
  {
    name: 'leaves a flag behind without a word',
    file: 'workflows/undo/keep-promise.ts',
    from: "if (row.outcome !== 'unknown' || row.remedy !== null",
    to: "if (PLANTED || row.outcome !== 'unknown' || row.remedy !== null",
    seed: 17,
  },
  {
    name: 'sends nothing in a reset run, whatever it replays',
    file: 'workflows/undo/protect.ts',
    from: 'if (!promisesUndo(run.request) || state.touched) return;',
    to: 'if (!promisesUndo(run.request) || state.touched || (PLANTED && run.isReset)) return;',
    seed: 22,
  },
];
