/** Asks before an irreversible change. */
import { createInterface } from 'node:readline/promises';
import type { DeleteServerNicsInput, ResultDocument } from '../../contract';
import { formatDuration, parseDuration } from '../../contract';
import { plural } from '../format';
import { pageOf } from '../context';
import type { Output, ReportPage } from '../output';
import { indent } from '../show/lines';
import { nicTable, warningLines } from '../show/report';
import { serverOf, utcText } from '../show/wording';
import { deleteOptions } from '../ask/option-flags';

export type Answer = 'yes' | 'no' | 'interrupted';

/** @param plan what a dry run of the request has just found */
export async function confirm(
  input: DeleteServerNicsInput,
  plan: ResultDocument,
  output: Output,
): Promise<Answer> {
  output.ask(confirmationLines(input, plan, pageOf(output)));
  return question(questionOf(input, plan), output);
}

/** Somebody is there who can be asked. */
export function canAsk(output: Output): boolean {
  return process.stdin.isTTY === true && (output.live || process.stderr.isTTY === true);
}

/** Asks for a yes; everything else is a no. */
export async function question(asked: string, output: Output): Promise<Answer> {
  const { screen } = output;
  const lines = createInterface({ input: process.stdin, output: screen });
  const stop = new AbortController();
  let answer: Answer = 'no';
  lines.once('SIGINT', () => {
    answer = 'interrupted';
    stop.abort();
  });
  // Ctrl-D closes the input; without this the question would wait for ever.
  lines.once('close', () => stop.abort());
  try {
    const text = await lines.question(`${asked} [y/N] `, { signal: stop.signal });
    return /^\s*(y|yes)\s*$/i.test(text) ? 'yes' : 'no';
  } catch {
    output.ask(['']);
    return answer;
  } finally {
    lines.close();
  }
}

export function confirmationLines(
  input: DeleteServerNicsInput,
  plan: ResultDocument,
  page: ReportPage,
): string[] {
  const lines = ['', `Server  ${serverOf(plan)}`, '', ...nicTable(plan, page, 'delete'), ''];
  const warnings = warningLines(plan, page);
  if (warnings.length > 0) lines.push(...warnings, '');
  for (const text of deleteOptions.says('permits', input)) lines.push(text, '');
  return [...lines, ...consequences(input, page.now).flatMap((text) => indent(text, page, '')), ''];
}

/** What happens if the operator answers yes. */
function consequences(input: DeleteServerNicsInput, now: number): string[] {
  const windowMs = parseDuration(input.undoWindow ?? 0) ?? 0;
  const window = formatDuration(windowMs);
  const sentences: string[] = [];
  if (input.keepPort === true) {
    sentences.push(
      'The NICs are detached; their ports stay, with IP address, MAC and security groups, and can be put back.',
    );
  } else if (windowMs > 0) {
    sentences.push(
      `The NICs are detached; for ${window}, until about ${utcText(new Date(now + windowMs).toISOString())}, their ports are kept, ` +
        'and ecs-nics undo puts everything back exactly. ' +
        'Then the ports are deleted, and this cannot be undone any more: what is put back later gets a new MAC.',
    );
  } else {
    sentences.push(
      'The NICs are detached and their ports deleted; this cannot be undone: what is put back later gets a new MAC, ' +
        'and its old IP address only if nobody has taken it.',
    );
  }
  return [...sentences, ...deleteOptions.says('promises', input)];
}

export function questionOf(input: DeleteServerNicsInput, plan: ResultDocument): string {
  const verb = input.keepPort === true ? 'Detach' : 'Delete';
  const count = plan.nics.filter(({ outcome }) => outcome === 'untouched').length;
  if (count === 0) return 'None of these NICs is on the server. Start all the same?';
  const all = count === plan.nics.length ? '' : ` of these ${plan.nics.length}`;
  if (all !== '') return `${verb} ${plural(count, 'NIC')}${all}?`;
  return count === 1 ? `${verb} this NIC?` : `${verb} these ${plural(count, 'NIC')}?`;
}
