/** `docs/environment.md`: every variable of worker and starter, from the one table by which they are read. */
import type { Variable } from '../src/contract/variables';
import { rowsOf } from '../src/contract/variables';
import { code, table } from './markdown';

const HEAD = `# Environment

Every variable that worker and starter read. Everything wrong or missing is named in one message, with what to do, before anything is sent: exit code 2. Blank is
unset, and blanks and line ends around a value are no part of it. Of several spellings the first one that is set counts, but of a file and its contents (\`…_PATH\`, \`…_DATA\`) only one may be set. A value that is secret stands in no
message, log line or page. The starter needs no credentials of the cloud.

What follows from them: [proxies and certificates](worker.md#proxies-and-certificates), [one queue per project](worker.md#one-queue-per-project),
[credentials](credentials.md), [log](log.md), [upgrades](upgrades.md).

The file of profiles is read where it is: one that \`TEMPORAL_CONFIG_FILE\` names has to be readable if it exists, one that nobody has named and that can't be looked for
(no \`HOME\`, or a folder of somebody else) counts as absent. A file without profiles is an empty one.
`;

export function environmentPage(): string {
  const sections = rowsOf(['worker', 'starter', 'both']).map(([title, rows]) =>
    [`## ${title[0]?.toUpperCase()}${title.slice(1)}\n`, table(COLUMNS, rows.map(cells)), ''].join('\n'),
  );
  return [HEAD, ...sections].join('\n');
}

const COLUMNS = ['variable', 'read by', 'default', 'secret', 'meaning'];

function cells([name, row]: [string, Variable]): string[] {
  const more = row.also === undefined ? '' : ` (${row.also.map(code).join(', ')})`;
  const whenAbsent =
    row.kind === 'required' ? '**required**' : 'default' in row ? code(`${row.default}`) : '';
  return [
    `${code(name)}${more}`,
    row.of === 'both' ? 'worker, starter' : row.of,
    whenAbsent,
    row.secret === undefined ? '' : 'yes',
    row.help,
  ];
}
