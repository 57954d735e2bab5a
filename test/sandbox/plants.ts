/**
 * Bugs that are planted into a copy of the sources, each behind a switch, to see that the campaign catches them. Each has
 * the seed that was the first to catch it, or, where the
 * generator does not get there, a named schedule that does.
 */

import type { ScheduleName } from './audit-schedules';

export interface Plant {
  name: string;
  /** Below `src`. */
  file: string;
  /** Stands there once. */
  from: string;
  /** `PLANTED` tells whether this bug is switched on. */
  to: string;
  /** Where guards stand behind each other, the others. */
  also?: readonly Pick<Plant, 'file' | 'from' | 'to'>[];
  /** The first seed that catches it, or a named schedule. */
  caughtBy: number | ScheduleName;
}

const RESUMED = 'handedOn(run.state, wasReset, rest);';

// prettier-ignore
export const PLANTS: readonly Plant[] = [
  {
    name: 'sends again after a time-out',
    file: 'workflows/run/proxies.ts',
    from: 'retry: { maximumAttempts: 1 },',
    to: 'retry: { maximumAttempts: PLANTED ? 3 : 1 },',
    caughtBy: 137,
  },
  {
    name: 'trusts the job alone',
    file: 'workflows/steps/verify.ts',
    from: '  return verdictOf({',
    to: "  return PLANTED && run.state.job.answer?.status === 'SUCCESS' ? { outcome: 'deleted', warning: null, message: null } : verdictOf({",
    caughtBy: 1,
  },
  {
    name: 'skips the second reading',
    file: 'workflows/steps/verify.ts',
    from: "if (absent >= 2) return 'absent';",
    to: "if (absent >= (PLANTED ? 1 : 2)) return 'absent';",
    caughtBy: 2,
  },
  {
    name: 'submits again after a reset',
    file: 'activities/attempt.ts',
    from: 'return Context.current().info.workflowExecution?.runId !== originalRunId;',
    to: 'return !PLANTED && Context.current().info.workflowExecution?.runId !== originalRunId;',
    caughtBy: 7,
  },
  {
    name: 'gives the job up at the first failed poll',
    file: 'workflows/steps/follow-job.ts',
    from: '|| failures.errors >= ERROR_BUDGET)',
    to: '|| failures.errors >= (PLANTED ? 1 : ERROR_BUDGET))',
    caughtBy: 2,
  },
  {
    name: 'takes down time for patience',
    file: 'workflows/steps/verify.ts',
    from: 'const now = Math.min(Date.now(), found?.at ?? Infinity);',
    to: 'const now = PLANTED ? Date.now() : Math.min(Date.now(), found?.at ?? Infinity);',
    caughtBy: 191,
  },
  {
    name: 'makes one reading after down time the last one',
    file: 'workflows/steps/verify.ts',
    from: '!beginsSeries(run, state));',
    to: '(PLANTED || !beginsSeries(run, state)));',
    caughtBy: 724,
  },
  {
    name: 'calls a NIC still attached at once',
    file: 'workflows/steps/verify.ts',
    from: '(run.state.job.overSince ?? startedAt) + verifyForMs;',
    to: '(run.state.job.overSince ?? startedAt) + (PLANTED ? 0 : verifyForMs);',
    caughtBy: 2,
  },
  {
    name: 'takes an unknown job status for the end',
    file: 'workflows/run/state/job.ts',
    from: 'const ended = ENDED_STATUSES.has(answer.status);',
    to: "const ended = PLANTED ? !['INIT', 'RUNNING'].includes(answer.status) : ENDED_STATUSES.has(answer.status);",
    caughtBy: 26,
  },
  {
    name: 'does not wait for what the run before has left open',
    file: 'workflows/steps/inspect.ts',
    from: 'await settlePrevious(run, previous);',
    to: 'if (!PLANTED) await settlePrevious(run, previous);',
    caughtBy: 3,
  },
  {
    name: 'forgets its submission when it continues as new',
    file: 'workflows/run/resume.ts',
    from: RESUMED,
    to: "{ ...handedOn(run.state, wasReset, rest), ...(PLANTED ? { sent: { ...run.state.sent, touched: false, submission: { over: false, throttled: 0, unsent: 0, observed: 0, lastNo: null, doubt: null } }, job: { ...run.state.job, state: 'none' } } : {}) };",
    caughtBy: 1,
  },
  {
    name: 'does not hand on the memo when it continues as new',
    file: 'workflows/run/resume.ts',
    from: '({ memo, ...attributes })({ resumed })',
    to: '({ ...(PLANTED ? {} : { memo }), ...attributes })({ resumed })',
    caughtBy: 7,
  },
  {
    name: 'cuts the observation short when cancelled',
    file: 'workflows/run/pacing.ts',
    from: 'return await (this.sheltered ? this.unstoppable.run(call) : call());',
    to: 'return await (this.sheltered && !PLANTED ? this.unstoppable.run(call) : call());',
    caughtBy: 22,
  },
  {
    name: 'goes on sending when cancelled',
    file: 'workflows/steps/submit.ts',
    from: 'if (run.stopping) break;',
    to: 'if (!PLANTED && run.stopping) break;',
    caughtBy: 17,
  },
  {
    name: 'counts a busy answer as a submission',
    file: 'workflows/steps/submit.ts',
    from: '        submission.lastNo = answer;\n',
    to: '        submission.lastNo = answer;\n        if (PLANTED) run.document.submissions += 1;\n',
    caughtBy: 9,
  },
  {
    name: 'looks once after a lost answer',
    file: 'workflows/steps/look.ts',
    from: 'if (agreed && looks.idle >= 2) return true;',
    to: 'if (PLANTED || (agreed && looks.idle >= 2)) return true;',
    caughtBy: 18,
  },
  {
    name: 'names the primary NIC in the request',
    file: 'workflows/steps/submit.ts',
    from: 'const targets = run.remaining();',
    to: "const targets = PLANTED ? [...run.remaining(), run.state.seen.primaryId ?? ''] : run.remaining();",
    caughtBy: 1,
  },
  {
    name: 'clears the memo although something is unknown',
    file: 'workflows/run/run.ts',
    from: "this.document.nics.every(({ outcome }) => outcome !== 'unknown');",
    to: "(PLANTED || this.document.nics.every(({ outcome }) => outcome !== 'unknown'));",
    caughtBy: 3,
  },
  {
    name: 'answers `settled` before the verdicts stand',
    file: 'workflows/run/messages.ts',
    from: 'return asItStands !== null || run.ended !== null || run.continuing;',
    to: "return asItStands !== null || run.ended !== null || run.continuing || (PLANTED && run.document.phase === 'verifying');",
    caughtBy: 13,
  },
  {
    name: 'breaks off waiting Updates when cancelled',
    file: 'workflows/run/messages.ts',
    from: 'return CancellationScope.nonCancellable(() => condition(what));',
    to: 'return PLANTED ? condition(what) : CancellationScope.nonCancellable(() => condition(what));',
    caughtBy: 31,
  },
  {
    name: 'takes every request for its own',
    file: 'workflows/run/messages.ts',
    from: 'keyOf(request) !== ownKey',
    to: '!PLANTED && keyOf(request) !== ownKey',
    caughtBy: 3,
  },
  {
    name: 'takes a 5xx for a refusal',
    file: 'activities/submission.ts',
    from: "if (error.fate === 'unknown')",
    to: "if (error.fate === 'unknown' && !(PLANTED && (httpStatus ?? 0) >= 500))",
    caughtBy: 48,
  },
  {
    name: 'takes a lost answer for a request never sent',
    file: 'activities/submission.ts',
    from: "return sent === 'no' && action === 'retry' ?",
    to: "return (sent === 'no' && action === 'retry') || (PLANTED && sent === 'maybe') ?",
    caughtBy: 62,
  },
  {
    name: 'sends however late it is',
    file: 'activities/submission.ts',
    from: 'await send(writing(dependencies));',
    to: 'await send(PLANTED ? {} : writing(dependencies));',
    caughtBy: 203,
  },
  {
    name: 'takes a poll that fails for a job that is gone',
    file: 'activities/get-job-status.ts',
    from: "if (isAbsent(error)) return { kind: 'gone', code: error.code };",
    to: "if (isAbsent(error) || (PLANTED && error instanceof CloudError)) return { kind: 'gone', code: error.code };",
    caughtBy: 60,
  },
  {
    name: 'takes a list that could not be read for a vanished server',
    file: 'activities/list-nics.ts',
    from: 'if ((await findServer(cloud, serverId, options)) !== null) throw error;',
    to: 'if ((PLANTED ? null : await findServer(cloud, serverId, options)) !== null) throw error;',
    caughtBy: 118,
  },
  {
    name: 'takes a port that could not be read for a deleted one',
    file: 'activities/ports.ts',
    from: "states[id] = { state: 'unknown', why: error.message };",
    to: "states[id] = PLANTED ? { state: 'absent' } : { state: 'unknown', why: error.message };",
    caughtBy: 46,
  },
  {
    name: 'overlooks the run before',
    file: 'worker/namespace.ts',
    from: 'if (found === null) continue;',
    to: 'if (PLANTED || found === null) continue;',
    caughtBy: 3,
  },
  {
    name: 'looks no further than the last run',
    file: 'worker/namespace.ts',
    from: "if (found === 'settled') break;",
    to: "if (found === 'settled' || (PLANTED && found === null)) break;",
    caughtBy: 89,
  },
  {
    name: 'takes its submission for declared when another one was settled',
    file: 'workflows/steps/inspect.ts',
    from: '    run.state.sent.declared = false;',
    to: '    if (!PLANTED) run.state.sent.declared = false;',
    caughtBy: 177,
  },
  {
    name: 'never sets its error budget back',
    file: 'workflows/steps/follow-job.ts',
    from: '    failures.errors = 0;',
    to: '    if (!PLANTED) failures.errors = 0;',
    caughtBy: 639,
  },
  {
    name: 'counts readings across a restart as one series',
    file: 'workflows/run/state/seen.ts',
    from: '    reading.workerStartedAt <= before.at &&',
    to: '    (PLANTED || reading.workerStartedAt <= before.at) &&',
    caughtBy: 630,
  },
  {
    name: 'takes an empty list for the truth',
    file: 'workflows/run/state/seen.ts',
    from: '  if (reading.serverExists && (seen.primaryId',
    to: '  if (!PLANTED && reading.serverExists && (seen.primaryId',
    also: [{
      file: 'activities/list-nics.ts',
      from: '  const states = await portStates(cloud, ports, options);',
      to: "  const states: Reading['ports'] = PLANTED && nics?.length === 0 ? Object.fromEntries(ports.map((id) => [id, { state: 'absent' }])) : await portStates(cloud, ports, options);",
    }],
    caughtBy: 140,
  },
  {
    name: 'answers for another place',
    file: 'activities/place.ts',
    from: 'if (place == null) return;',
    to: 'if (PLANTED || place == null) return;',
    caughtBy: 1,
  },
  {
    name: 'reads "all" anew at each inspection',
    file: 'workflows/steps/inspect.ts',
    from: 'run.state.seen.all ??= judged.targets',
    to: 'run.state.seen.all = PLANTED ? null : run.state.seen.all ?? judged.targets',
    caughtBy: 52,
  },
  {
    name: 'takes a lock that is not told for none',
    file: 'workflows/policy/guards.ts',
    from: 'if (server.locked === null)',
    to: 'if (!PLANTED && server.locked === null)',
    caughtBy: 'a lock that is not told',
  },
  {
    name: 'takes addresses that are not told for none',
    file: 'workflows/policy/guards.ts',
    from: 'if (addressesTold === false)',
    to: 'if (!PLANTED && addressesTold === false)',
    caughtBy: 'addresses that are not told',
  },
  {
    name: 'asks no second witness for elastic IPs',
    file: 'activities/inspect-server.ts',
    from: 'list: await cloud.listElasticIps(options), unread',
    to: 'list: PLANTED ? [] : await cloud.listElasticIps(options), unread',
    caughtBy: 'an elastic IP that shows late',
  },
  {
    name: 'answers although the server has given the attempt up',
    file: 'activities/attempt.ts',
    from: 'workflowExecution !== undefined &&',
    to: 'PLANTED || workflowExecution !== undefined &&',
    caughtBy: 'a suspended worker',
  },
];
