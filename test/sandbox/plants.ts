/**
 * Bugs that are planted into a copy of the sources, each behind a switch, to see that the campaign catches them. Each has
 * the seed that was the first to catch it.
 */

export interface Plant {
  name: string;
  /** Below `src`. */
  file: string;
  /** Stands there once. */
  from: string;
  /** `PLANTED` tells whether this bug is switched on. */
  to: string;
  /** Where two guards stand behind each other, the second one. */
  also?: Pick<Plant, 'file' | 'from' | 'to'>;
  /** The first seed that catches it. */
  seed: number;
}

const RESUMED = 'const resumed = { input, state: { ...state, rest, askForPrevious: false } };';

// prettier-ignore
export const PLANTS: readonly Plant[] = [
  {
    name: 'sends again after a time-out',
    file: 'workflows/cloud.ts',
    from: "return { kind: 'unknown', why: 'the worker that was sending did not report back' };",
    to: "if (PLANTED) return { kind: 'unsent', why: 'unreachable' } as unknown as Unknown;\n    return { kind: 'unknown', why: 'the worker that was sending did not report back' };",
    seed: 137,
  },
  {
    name: 'trusts the job alone',
    file: 'workflows/verify.ts',
    from: 'const verdict = verdictOf({',
    to: "const verdict = PLANTED && run.state.lastJob?.status === 'SUCCESS' ? { outcome: 'deleted', warning: null, message: null } : verdictOf({",
    seed: 1,
  },
  {
    name: 'skips the second reading',
    file: 'workflows/verify.ts',
    from: "if (absent >= 2) return 'absent';",
    to: "if (absent >= (PLANTED ? 1 : 2)) return 'absent';",
    seed: 2,
  },
  {
    name: 'submits again after a reset',
    file: 'activities/attempt.ts',
    from: 'return Context.current().info.workflowExecution?.runId !== originalRunId;',
    to: 'return !PLANTED && Context.current().info.workflowExecution?.runId !== originalRunId;',
    seed: 7,
  },
  {
    name: 'gives the job up at the first failed poll',
    file: 'workflows/follow.ts',
    from: '|| failures.errors >= ERROR_BUDGET)',
    to: '|| failures.errors >= (PLANTED ? 1 : ERROR_BUDGET))',
    seed: 2,
  },
  {
    name: 'takes down time for patience',
    file: 'workflows/verify.ts',
    from: 'const now = Math.min(Date.now(), found?.at ?? Infinity);',
    to: 'const now = PLANTED ? Date.now() : Math.min(Date.now(), found?.at ?? Infinity);',
    seed: 191,
  },
  {
    name: 'makes one reading after down time the last one',
    file: 'workflows/verify.ts',
    from: '!beginsSeries(run, state));',
    to: '(PLANTED || !beginsSeries(run, state)));',
    seed: 230,
  },
  {
    name: 'calls a NIC still attached at once',
    file: 'workflows/verify.ts',
    from: '(run.state.overSince ?? startedAt) + verifyForMs;',
    to: '(run.state.overSince ?? startedAt) + (PLANTED ? 0 : verifyForMs);',
    seed: 2,
  },
  {
    name: 'takes an unknown job status for the end',
    file: 'workflows/follow.ts',
    from: 'if (ENDED_STATUSES.has(answer.status)) {',
    to: "if (PLANTED ? !['INIT', 'RUNNING'].includes(answer.status) : ENDED_STATUSES.has(answer.status)) {",
    seed: 26,
  },
  {
    name: 'does not wait for what the run before has left open',
    file: 'workflows/inspect.ts',
    from: 'await settlePrevious(run, previous);',
    to: 'if (!PLANTED) await settlePrevious(run, previous);',
    seed: 3,
  },
  {
    name: 'forgets its submission when it continues as new',
    file: 'workflows/resume.ts',
    from: RESUMED,
    to: RESUMED.replace(
      'askForPrevious: false }',
      "askForPrevious: false, ...(PLANTED ? { touched: false, jobState: 'none', submission: { over: false, throttled: 0, unsent: 0, observed: 0, lastNo: null, doubt: null } } : {}) }",
    ),
    seed: 1,
  },
  {
    name: 'does not hand on the memo when it continues as new',
    file: 'workflows/resume.ts',
    from: '({ memo })({ resumed })',
    to: '(PLANTED ? {} : { memo })({ resumed })',
    seed: 7,
  },
  {
    name: 'cuts the observation short when cancelled',
    file: 'workflows/run.ts',
    from: 'return this.sheltered ? this.unstoppable.run(work) : work();',
    to: 'return this.sheltered && !PLANTED ? this.unstoppable.run(work) : work();',
    seed: 22,
  },
  {
    name: 'goes on sending when cancelled',
    file: 'workflows/submit.ts',
    from: 'if (run.state.touched && (run.cancelRequested || run.document.decision !== null)) break;',
    to: 'if (!PLANTED && run.state.touched && (run.cancelRequested || run.document.decision !== null)) break;',
    seed: 31,
  },
  {
    name: 'counts a busy answer as a submission',
    file: 'workflows/submit.ts',
    from: '        submission.lastNo = answer;\n',
    to: '        submission.lastNo = answer;\n        if (PLANTED) run.document.submissions += 1;\n',
    seed: 9,
  },
  {
    name: 'looks once after a lost answer',
    file: 'workflows/look.ts',
    from: 'if (agreed && looks.idle >= 2) return true;',
    to: 'if (PLANTED || (agreed && looks.idle >= 2)) return true;',
    seed: 18,
  },
  {
    name: 'names the primary NIC in the request',
    file: 'workflows/submit.ts',
    from: 'const targets = run.remaining();',
    to: "const targets = PLANTED ? [...run.remaining(), run.state.primaryId ?? ''] : run.remaining();",
    seed: 1,
  },
  {
    name: 'clears the memo although something is unknown',
    file: 'workflows/run.ts',
    from: "this.document.nics.every(({ outcome }) => outcome !== 'unknown');",
    to: "(PLANTED || this.document.nics.every(({ outcome }) => outcome !== 'unknown'));",
    seed: 3,
  },
  {
    name: 'answers `settled` before the verdicts stand',
    file: 'workflows/messages.ts',
    from: "await reached(() => ending() !== null || run.continuing || run.document.phase === 'undo-window');",
    to: "await reached(() => ending() !== null || run.continuing || run.document.phase === 'undo-window' || (PLANTED && run.document.phase === 'verifying'));",
    seed: 13,
  },
  {
    name: 'breaks off waiting Updates when cancelled',
    file: 'workflows/messages.ts',
    from: 'return CancellationScope.nonCancellable(() => condition(what));',
    to: 'return PLANTED ? condition(what) : CancellationScope.nonCancellable(() => condition(what));',
    seed: 31,
  },
  {
    name: 'takes every request for its own',
    file: 'workflows/messages.ts',
    from: 'keyOf(request) !== ownKey',
    to: '!PLANTED && keyOf(request) !== ownKey',
    seed: 3,
  },
  {
    name: 'takes a 5xx for a refusal',
    file: 'activities/submission.ts',
    from: "if (error.fate === 'unknown')",
    to: "if (error.fate === 'unknown' && !(PLANTED && (httpStatus ?? 0) >= 500))",
    seed: 48,
  },
  {
    name: 'takes a lost answer for a request never sent',
    file: 'activities/submission.ts',
    from: "return sent === 'no' && action === 'retry';",
    to: "return (sent === 'no' && action === 'retry') || (PLANTED && sent === 'maybe');",
    seed: 62,
  },
  {
    name: 'sends however late it is',
    file: 'activities/submission.ts',
    from: 'await send({ notAfter: lastWriteAt(clock) });',
    to: 'await send(PLANTED ? {} : { notAfter: lastWriteAt(clock) });',
    seed: 203,
  },
  {
    name: 'takes a poll that fails for a job that is gone',
    file: 'activities/get-job-status.ts',
    from: "if (isAbsent(error)) return { kind: 'gone', code: error.code };",
    to: "if (isAbsent(error) || (PLANTED && error instanceof CloudError)) return { kind: 'gone', code: error.code };",
    seed: 60,
  },
  {
    name: 'takes a list that could not be read for a vanished server',
    file: 'activities/list-nics.ts',
    from: 'if ((await findServer(cloud, serverId, options)) !== null) throw error;',
    to: 'if ((PLANTED ? null : await findServer(cloud, serverId, options)) !== null) throw error;',
    seed: 118,
  },
  {
    name: 'takes a port that could not be read for a deleted one',
    file: 'activities/ports.ts',
    from: "states[id] = { state: 'unknown', why: error.message };",
    to: "states[id] = PLANTED ? { state: 'absent' } : { state: 'unknown', why: error.message };",
    seed: 46,
  },
  {
    name: 'overlooks the run before',
    file: 'worker/namespace.ts',
    from: 'if (found !== null) return Date.parse',
    to: 'if (!PLANTED && found !== null) return Date.parse',
    seed: 3,
  },
  {
    name: 'looks no further than the last run',
    file: 'worker/namespace.ts',
    from: "if (found === 'settled') return null;",
    to: "if (found === 'settled' || (PLANTED && found === null)) return null;",
    seed: 89,
  },
  {
    name: 'takes its submission for declared when another one was settled',
    file: 'workflows/inspect.ts',
    from: '    run.state.declaredOpen = false;',
    to: '    if (!PLANTED) run.state.declaredOpen = false;',
    seed: 177,
  },
  {
    name: 'never sets its error budget back',
    file: 'workflows/follow.ts',
    from: '    failures.errors = 0;',
    to: '    if (!PLANTED) failures.errors = 0;',
    seed: 639,
  },
  {
    name: 'counts readings across a restart as one series',
    file: 'workflows/readings.ts',
    from: '    reading.workerStartedAt <= before.at &&',
    to: '    (PLANTED || reading.workerStartedAt <= before.at) &&',
    seed: 630,
  },
  {
    name: 'takes an empty list for the truth',
    file: 'workflows/readings.ts',
    from: '  if (reading.serverExists && (run.state.primaryId',
    to: '  if (!PLANTED && reading.serverExists && (run.state.primaryId',
    also: {
      file: 'activities/list-nics.ts',
      from: '  const states = await portStates(cloud, ports, options);',
      to: "  const states: Reading['ports'] = PLANTED && nics?.length === 0 ? Object.fromEntries(ports.map((id) => [id, { state: 'absent' }])) : await portStates(cloud, ports, options);",
    },
    seed: 140,
  },
];
