/** The operator's page of a page of the list in the Web UI. */
import { serverWorkflowId } from '../../../contract/names';
import type { News, PageInput } from '../../policy/fleet/agreement';
import { countsAsFailed } from '../../policy/fleet/endings';
import { escaped, section } from '../../run/details';
import type { Row } from './rows';

/** Servers that are shown one by one. */
const SHOWN = 25;

export function detailsOfPage({ run, page }: PageInput, rows: readonly Row[], news: News): string {
  const counts = Object.entries(news.counts).map(([outcome, count]) => `${outcome} ${count}`);
  const lines = [
    `### Page ${page} of ${escaped(run)}: ${news.state}`,
    '',
    `- Servers: ${rows.length}, inspected ${news.inspected}, at rest ${news.atRest}, under way ${news.inFlight}`,
    ...(counts.length === 0 ? [] : [`- By outcome: ${counts.join(', ')}`]),
    ...(news.refusals.count === 0
      ? []
      : [`- **The cloud refuses the worker:** ${escaped(news.refusals.message)}`]),
  ];
  const failed = rows.filter(({ end }) => end !== null && countsAsFailed(end.outcome));
  for (const [title, some] of [
    ['Under way', rows.filter(({ running }) => running)],
    ['Failed', failed],
  ] as const) {
    const shown = some.slice(0, SHOWN).map(({ listed, name, end }) => {
      const why = [end?.errorCode, end?.message].flatMap((text) => (text == null ? [] : escaped(text)));
      return `${escaped(name ?? '')} \`${serverWorkflowId(listed.serverId)}\` ${why.join(': ')}`;
    });
    const more = some.length - shown.length;
    lines.push(...section(`**${title}**`, more > 0 ? [...shown, `and ${more} more`] : shown));
  }
  return lines.join('\n');
}
