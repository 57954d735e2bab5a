/** What a schedule that fails has come to, line by line: statuses, messages, runs. Times are ms after the start. */
import type { FleetPlayed } from './play';

export function toldOf({ server, operator, startedAt }: FleetPlayed): string {
  const ms = (at: number | null) => (at === null ? '–' : String(at - startedAt));
  const { record } = server;
  const lines: { at: number; text: string }[] = [
    ...operator.statuses.map(({ at, status }) => {
      const { phase, reason, counts, inFlight, failed, wave, pages } = status;
      const states = pages.map(({ state }) => state).join(' ');
      const text = `status: ${phase} (${reason ?? ''}), ${JSON.stringify(counts)}, failed ${failed}, under way ${inFlight}, wave ${JSON.stringify(wave)}, pages ${states}`;
      return { at, text };
    }),
    ...record.updates.map(({ name, argument, sentAt, heardAt, answer }) => {
      const why = answer?.kind === 'rejected' ? `: ${answer.message}` : '';
      const given = name === 'load' ? '' : JSON.stringify(argument);
      return {
        at: heardAt ?? sentAt,
        text: `${name} ${given} sent at ${ms(sentAt)}: ${answer?.kind ?? 'no answer'}${why}`,
      };
    }),
    ...record.starts.map(({ at, workflowId, runId, end }) => {
      const how = end === null ? 'is still open' : `${end.kind} ${end.type ?? ''} at ${ms(end.at)}`;
      return { at, text: `start of ${workflowId}: ${runId === null ? 'refused, another one is open' : how}` };
    }),
    ...record.outside.map(({ at, what, workflowId }) => ({ at, text: `${what} ${workflowId} from outside` })),
    ...record.continued.map(({ at, workflowId }) => ({ at, text: `${workflowId} continues as new` })),
  ];
  return lines
    .sort((a, b) => a.at - b.at)
    .map(({ at, text }) => `${ms(at).padStart(9)} ${text}`)
    .join('\n  ');
}
