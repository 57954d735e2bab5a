/** What the Web UI shows about a decommission run from its start on. */
import type { DecommissionInput, ListedServer } from '../../../contract';
import type { StartTexts } from '../../../client/start';
import { escapeMarkdown, plural } from '../../format';
import { DECOMMISSION_TEXTS } from '../../option-texts';
import { optionLines } from '../start-texts';

export function decommissionTexts(
  run: string,
  input: DecommissionInput,
  servers: readonly ListedServer[],
): StartTexts {
  const count = plural(servers.length, 'server');
  const lines = [
    '**Deletes NICs of many servers**, in waves, after an approval.',
    '',
    `- Run: ${escapeMarkdown(run)}`,
    `- List: ${count}`,
  ];
  return {
    summary: `Decommission ${run}: ${count}`,
    details: [...lines, ...optionLines(DECOMMISSION_TEXTS, input)].join('\n'),
  };
}
