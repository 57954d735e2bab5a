/** What the Web UI shows about a run from its start on. The server bounds nothing and passes HTML through: both here. */
import type {
  DeleteServerNicsInput,
  Duration,
  InputOf,
  Option,
  Options,
  RestoreServerNicsInput,
  Timing,
} from '../../contract';
import { DELETE_OPTIONS, RESTORE_OPTIONS } from '../../contract';
import { cut, escapeMarkdown, plural } from './format';

/** The Web UI shows about this much without cutting. */
const MAX_SUMMARY = 80;
const MAX_TEXT = 300;
const MAX_NICS_SHOWN = 32;

export function startSummary(input: DeleteServerNicsInput): string {
  const what = input.nics === 'all' ? 'all but the primary NIC' : plural(input.nics.length, 'NIC');
  return cut(
    `${input.dryRun === true ? 'Dry run: delete' : 'Delete'} ${what} of ${input.serverId}`,
    MAX_SUMMARY,
  );
}

export function startDetails(input: DeleteServerNicsInput): string {
  const lines = [
    input.dryRun === true
      ? '**Dry run**: inspects and checks, changes nothing.'
      : '**Deletes NICs of a server.**',
    '',
    `- Server: ${text(input.serverId)}`,
  ];
  if (input.nics === 'all') lines.push('- NICs: every one but the primary');
  else lines.push(...nicLines(input.nics.map((nic) => text(nic.id))));
  return [...lines, ...optionLines(DELETE_OPTIONS, input)].join('\n');
}

export function restoreSummary(input: RestoreServerNicsInput): string {
  const what = input.nics === 'all' ? 'NICs' : plural(input.nics.length, 'NIC');
  return cut(
    `${input.dryRun === true ? 'Dry run: put' : 'Put'} ${what} of ${input.serverId} back`,
    MAX_SUMMARY,
  );
}

export function restoreDetails(input: RestoreServerNicsInput): string {
  const { from, nics } = input;
  const lines = [
    input.dryRun === true
      ? '**Dry run**: says what could be put back, and how well; changes nothing.'
      : '**Puts NICs of a server back.**',
    '',
    `- Server: ${text(input.serverId)}`,
    `- As they were before: ${'runId' in from ? `run ${text(from.runId)}` : 'a saved result'}`,
    ...(nics === 'all' ? ['- NICs: all that were taken off'] : nicLines(nics.map(({ id }) => text(id)))),
  ];
  return [...lines, ...optionLines(RESTORE_OPTIONS, input)].join('\n');
}

function optionLines<T extends Options>(options: T, input: InputOf<T>): string[] {
  // Who asks, and why, stand last.
  const isLast = (kind: Option['kind']) => Number(kind === 'words');
  const inOrder = Object.entries<Option>(options).sort(([, a], [, b]) => isLast(a.kind) - isLast(b.kind));
  return inOrder.flatMap(([field, { kind, shown }]) => {
    const value = valueText(kind, input[field]);
    return shown === undefined || value === undefined ? [] : [`- ${shown}: ${text(value)}`];
  });
}

function text(value: unknown): string {
  return escapeMarkdown(cut(String(value), MAX_TEXT));
}

/** `undefined`: it was not asked for. */
function valueText(kind: Option['kind'], value: unknown): unknown {
  if (kind === 'flag') return value === true ? 'yes' : undefined;
  return kind === 'timing' && value !== undefined ? timingText(value as Timing) : value;
}

/** A line each, beside the others: the Web UI sets a list inside a list as one run of words. */
function nicLines(ids: string[]): string[] {
  const shown = ids.slice(0, MAX_NICS_SHOWN).map((id) => `- NIC: ${id}`);
  const rest = ids.length - shown.length;
  return rest > 0 ? [...shown, `- and ${rest} NICs more`] : shown;
}

/** Not as JSON: the Web UI makes typographic quotes of its straight ones. */
function timingText(timing: Timing): string {
  return Object.entries(timing as Record<string, Duration | null>)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}
