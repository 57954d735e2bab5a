/** The question before anything irreversible. */
import { createInterface } from 'node:readline/promises';
import type { DeleteServerNicsInput } from '../contract';
import { plural } from './format';
import { pageOf } from './context';
import type { Output } from './output';
import type { ReportPage } from './report';
import { indent } from './report';

export type Answer = 'yes' | 'no' | 'interrupted';

export async function confirm(input: DeleteServerNicsInput, output: Output): Promise<Answer> {
  const screen = output.live ? output.notes : process.stderr;
  screen.write(`${confirmationLines(input, pageOf(output)).join('\n')}\n`);
  const lines = createInterface({ input: process.stdin, output: screen });
  const stop = new AbortController();
  let answer: Answer = 'no';
  lines.once('SIGINT', () => {
    answer = 'interrupted';
    stop.abort();
  });
  // Ctrl-D: the question would stay open for ever.
  lines.once('close', () => stop.abort());
  try {
    const text = await lines.question(`${questionOf(input)} [y/N] `, { signal: stop.signal });
    return /^\s*(y|yes)\s*$/i.test(text) ? 'yes' : 'no';
  } catch {
    screen.write('\n');
    return answer;
  } finally {
    lines.close();
  }
}

export function confirmationLines(input: DeleteServerNicsInput, page: ReportPage): string[] {
  const lines = ['', `Server  ${input.serverId}`];
  if (input.nics === 'all') {
    lines.push('NICs    every one but the primary (--dry-run shows which)');
  } else {
    input.nics.forEach(({ id }, i) => lines.push(`${i === 0 ? 'NICs' : '    '}    ${id}`));
  }
  if (input.allowElasticIp === true) lines.push('        also those that carry an elastic IP');
  const warning = 'The NICs are detached and their ports deleted; this cannot be undone.';
  return [...lines, '', ...indent(warning, page, ''), ''];
}

export function questionOf(input: DeleteServerNicsInput): string {
  if (input.nics === 'all') return 'Delete all NICs but the primary one?';
  return input.nics.length === 1 ? 'Delete this NIC?' : `Delete these ${plural(input.nics.length, 'NIC')}?`;
}
