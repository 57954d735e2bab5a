/** What each run of a schedule that fails did and was told. */
import type { ResultDocument } from '../../../src/contract';
import type { Played } from '../engine/schedule';

export function toldBy(all: Played[]): string {
  const lines = all.map(({ end, status, memo, activities, startedAt, endedAt, wasReset }, index) => {
    const told = status as ResultDocument | undefined;
    const nics = told?.nics.map(({ id, outcome, message }) =>
      `${id.slice(0, 8)} ${outcome} ${message ?? ''}`.trim(),
    );
    const did = activities.map(
      ({ type, told: heard, attempts, scheduledAt }) =>
        `    ${String(Math.round((scheduledAt - startedAt) / 100) / 10).padStart(7)} s ${type} ×${attempts}: ${brief(heard)}`,
    );
    return [
      `run ${index + 1}${wasReset ? ' (reset)' : ''}: ${end.kind} ${told?.outcome ?? ''} after ${endedAt - startedAt} ms, ` +
        `memo ${JSON.stringify(memo)}, jobs ${JSON.stringify(told?.jobs ?? [])}`,
      `  ${(nics ?? []).join('; ')}`,
      ...(told?.warnings ?? []).map((warning) => `  warning: ${warning}`),
      ...did,
    ].join('\n  ');
  });
  return lines.map((line) => `\n  ${line}`).join('');
}

function brief(told: Played['activities'][number]['told']): string {
  if (told === undefined) return 'nobody heard';
  if (!('result' in told)) return JSON.stringify(told);
  const { kind, status, why, code, jobId, listed, then, previous } = told.result as Record<string, unknown>;
  return JSON.stringify({
    kind,
    status,
    why,
    code,
    jobId,
    listed: (listed as string[] | undefined)?.length,
    then,
    previous,
  });
}
