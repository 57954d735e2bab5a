/** What the Web UI shows about a run from its start on. The server neither cuts nor escapes: both happen here. */
import type {
  DeleteServerNicsInput,
  Duration,
  ReleasePortsInput,
  RestoreServerNicsInput,
  Timing,
} from '../../contract';
import type { StartTexts } from '../../client/start';
import { cut, escapeMarkdown, plural } from '../format';
import type { OptionTexts } from '../option-texts';
import { DELETE_TEXTS, RELEASE_TEXTS, RESTORE_TEXTS } from '../option-texts';

/** The Web UI shows about this many characters without cutting. */
const MAX_SUMMARY = 80;
const MAX_TEXT = 300;
const MAX_NICS_SHOWN = 32;

export function deletionTexts(input: DeleteServerNicsInput): StartTexts {
  return { summary: startSummary(input), details: startDetails(input) };
}

export function restorationTexts(input: RestoreServerNicsInput): StartTexts {
  return { summary: restoreSummary(input), details: restoreDetails(input) };
}

export function releaseTexts(input: ReleasePortsInput): StartTexts {
  return { summary: releaseSummary(input), details: releaseDetails(input) };
}

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
  return [...lines, ...optionLines(DELETE_TEXTS, input)].join('\n');
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
  return [...lines, ...optionLines(RESTORE_TEXTS, input)].join('\n');
}

export function releaseSummary(input: ReleasePortsInput): string {
  const what = input.nics === 'all' ? 'the kept ports' : plural(input.nics.length, 'kept port');
  return cut(
    `${input.dryRun === true ? 'Dry run: delete' : 'Delete'} ${what} of ${input.serverId}`,
    MAX_SUMMARY,
  );
}

export function releaseDetails(input: ReleasePortsInput): string {
  const { from, nics } = input;
  const lines = [
    input.dryRun === true
      ? '**Dry run**: says which kept ports are still free; changes nothing.'
      : '**Deletes ports that an earlier run has kept.**',
    '',
    `- Server: ${text(input.serverId)}`,
    `- Kept by: ${'runId' in from ? `run ${text(from.runId)}` : 'the run of a saved result'}`,
    ...(nics === 'all' ? ['- Ports: all that it has kept'] : nicLines(nics.map(({ id }) => text(id)))),
  ];
  return [...lines, ...optionLines(RELEASE_TEXTS, input)].join('\n');
}

type Value = Timing | Duration | boolean | readonly (string | number)[] | undefined;

export function optionLines<Field extends string>(
  texts: Readonly<Record<Field, OptionTexts>>,
  input: { [F in Field]?: Value },
): string[] {
  const all = Object.entries(texts) as [Field, OptionTexts][];
  return all.flatMap(([field, { shown }]) => {
    const value = valueText(input[field]);
    return shown === undefined || value === undefined ? [] : [`- ${shown}: ${text(value)}`];
  });
}

/** `undefined`: the request does not set it. */
function valueText(value: Value): Duration | undefined {
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value === 'object') return timingText(value as Timing);
  return typeof value === 'boolean' ? (value ? 'yes' : undefined) : value;
}

function text(value: unknown): string {
  return escapeMarkdown(cut(String(value), MAX_TEXT));
}

/** One line for each NIC, at the level of the other lines: the Web UI joins a nested list into one line. */
function nicLines(ids: string[]): string[] {
  const shown = ids.slice(0, MAX_NICS_SHOWN).map((id) => `- NIC: ${id}`);
  const rest = ids.length - shown.length;
  return rest > 0 ? [...shown, `- and ${rest} NICs more`] : shown;
}

/** Not as JSON: the Web UI turns straight quotes into typographic ones. */
function timingText(timing: Timing): string {
  return Object.entries(timing as Record<string, Duration | null>)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}
