/** The question before anything irreversible. */
import { createInterface } from 'node:readline/promises';
import type { DeleteServerNicsInput } from '../contract';
import { formatDuration, parseDuration } from '../contract';
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
  return [...lines, '', ...consequences(input).flatMap((text) => indent(text, page, '')), ''];
}

/** What is true of this request once it is answered with yes. */
function consequences(input: DeleteServerNicsInput): string[] {
  const windowMs = parseDuration(input.undoWindow ?? 0) ?? 0;
  const window = formatDuration(windowMs);
  const sentences: string[] = [];
  if (input.keepPort === true) {
    sentences.push(
      'The NICs are detached; their ports stay, with IP address, MAC and security groups, and can be put back.',
    );
  } else if (windowMs > 0) {
    sentences.push(
      `The NICs are detached; for ${window} their ports are kept, and ecs-nics undo puts everything back exactly. ` +
        'Then the ports are deleted, and this cannot be undone any more: what is put back later gets a new MAC.',
    );
  } else {
    sentences.push(
      'The NICs are detached and their ports deleted; this cannot be undone: what is put back later gets a new MAC, ' +
        'and its old IP address only if nobody has taken it.',
    );
  }
  if (input.onFailure === 'restore') sentences.push('If some NIC does not go, all are put back.');
  if (input.onCancel === 'restore') sentences.push('If the run is cancelled, all are put back.');
  return sentences;
}

export function questionOf(input: DeleteServerNicsInput): string {
  const verb = input.keepPort === true ? 'Detach' : 'Delete';
  if (input.nics === 'all') return `${verb} all NICs but the primary one?`;
  return input.nics.length === 1 ? `${verb} this NIC?` : `${verb} these ${plural(input.nics.length, 'NIC')}?`;
}
