/** `ecs-nics setup`: adds to a namespace what it needs so that runs can be found. Runs work without it. */
import { SEARCH_ATTRIBUTE } from '../../contract';
import type { Temporal } from '../../client/connect';
import { isTemporalCloud } from '../../client/connect';
import { isForbidden, reasonOf } from '../../client/grpc';
import {
  addMissing,
  forgetsTooSoon,
  readAttributes,
  readAttributesByQueries,
  readRetention,
} from '../../client/namespace-settings';
import type { Attribute as NamespaceAttribute } from '../../client/namespace-settings';
import { pageOf, withTemporal } from '../context';
import { CliError } from '../cli-error';
import type { CliCommand } from '../program';
import type { ExitCode } from '../exit-codes';
import { EXIT } from '../exit-codes';
import { commandLines, plural, shellQuote } from '../format';
import type { Output } from '../output';
import { indent } from '../show/lines';

const HOUR_MS = 3_600_000;

export type Attribute = Omit<NamespaceAttribute, 'state'> & {
  state: NamespaceAttribute['state'] | 'added' | 'unknown';
};

export interface Outcome {
  attributes: Attribute[];
  /** How long the namespace keeps closed runs, in ms; `null`: unknown, or no limit. */
  retentionMs: number | null;
  /** Each with its remedy. */
  problems: string[];
  /** What the workers have to be told; `null`: nothing. */
  note: string | null;
}

export async function setup(output: Output): Promise<ExitCode> {
  return withTemporal(async ({ temporal }) => {
    const { attributes, retentionMs, problems, note } = await prepare(temporal);
    const { address, namespace } = temporal;
    const warning = retentionWarning(temporal, retentionMs);
    const page = pageOf(output);
    const lines = [`namespace ${namespace} of ${address}`];
    for (const attribute of attributes) {
      lines.push(`  ${attribute.name.padEnd(NAME_WIDTH)}${stateText(attribute)}`);
    }
    if (attributes.some(({ state }) => state === 'added')) {
      const text = 'Running workers find them within minutes; open runs continue without them.';
      lines.push('', ...indent(text, page, ''));
    }
    if (note !== null) lines.push('', ...indent(note, page, ''));
    if (warning !== null) {
      lines.push('', ...indent(`warning: ${warning.text}`, page, '').map(page.colors.yellow));
      lines.push(...commandLines(warning.command, page.columns - 3).map((line) => `  ${line}`));
    }
    output.say(lines);
    const known = {
      namespace,
      searchAttributes: attributes,
      retentionHours: retentionMs === null ? null : Math.round(retentionMs / HOUR_MS),
      warnings: [
        ...(note === null ? [] : [note]),
        ...(warning === null ? [] : [`${warning.text} ${warning.command}`]),
      ],
    };
    if (problems.length > 0) {
      throw new CliError(EXIT.starterFailed, 'SetupIncomplete', messageOf(problems), known);
    }
    output.document(known);
    return EXIT.done;
  });
}

/** Adds what is missing. Throws when the namespace cannot be read. */
export async function prepare(temporal: Temporal): Promise<Outcome> {
  const { before, read, refusal } = await look(temporal);
  const retentionMs = await readRetention(temporal).catch(() => null);
  const note =
    refusal === null
      ? null
      : `The namespace does not let its search attributes be listed (${refusal}). Say to the workers which there are: ECS_NICS_SEARCH_ATTRIBUTES=all, none, or names.`;
  if (before === null) {
    const attributes = NAMES.map((name): Attribute => ({ name, state: 'unknown', type: null }));
    const text = `${NAMES.join(', ')}: the namespace does not say whether they exist. Runs work without them. A person with the permission can add them:`;
    return { attributes, retentionMs, problems: [`${text}\n  ${addition(NAMES, temporal)}`], note };
  }
  const { refused, after } = await addMissing(temporal, before, read);
  const attributes = after.map((attribute, i) =>
    attribute.state === 'present' && before[i]?.state === 'missing'
      ? { ...attribute, state: 'added' as const }
      : attribute,
  );
  return { attributes, retentionMs, problems: problemsOf(attributes, temporal, refused), note };
}

/** `refusal`: why they can't be listed; then they are found by queries, or not at all. */
async function look(temporal: Temporal): Promise<{
  before: NamespaceAttribute[] | null;
  read: typeof readAttributesByQueries;
  refusal: string | null;
}> {
  try {
    return { before: await readAttributes(temporal), read: readAttributes, refusal: null };
  } catch (error) {
    if (!isForbidden(error)) throw error;
    const read = readAttributesByQueries;
    const before = await read(temporal).catch((why: unknown) => {
      // Who may ask neither way knows nothing; whatever else goes wrong passes.
      if (!isForbidden(why)) throw why;
      return null;
    });
    return { before, read, refusal: reasonOf(error) };
  }
}

const NAMES: readonly string[] = Object.values(SEARCH_ATTRIBUTE);
const NAME_WIDTH = Math.max(...NAMES.map((name) => name.length)) + 2;

export function retentionWarning(
  { namespace, address }: Pick<Temporal, 'namespace' | 'address'>,
  retentionMs: number | null,
): { text: string; command: string } | null {
  if (!forgetsTooSoon(retentionMs)) return null;
  const hours = Math.round(retentionMs / HOUR_MS);
  const kept = hours % 24 === 0 ? plural(hours / 24, 'day') : `${hours} h`;
  return {
    text:
      `closed runs are kept for ${kept} only: after that nobody can see what became of a deletion, or restore from it. ` +
      'For 7 days:',
    command: isTemporalCloud(address)
      ? `tcld namespace retention set --namespace ${shellQuote(namespace)} --retention-days 7`
      : `temporal operator namespace update --namespace ${shellQuote(namespace)} --retention 168h`,
  };
}

function stateText({ state, type }: Attribute): string {
  switch (state) {
    case 'present':
      return 'already registered';
    case 'added':
      return 'added';
    case 'missing':
      return 'missing';
    case 'unknown':
      return 'unknown';
    case 'wrong-type':
      return `registered as ${type}, but has to be Keyword`;
  }
}

function messageOf(problems: readonly string[]): string {
  const [only = '', ...rest] = problems;
  return rest.length === 0 ? only : `problems remain:${problems.map((text) => `\n  - ${text}`).join('')}`;
}

function problemsOf(attributes: readonly Attribute[], temporal: Temporal, refused: string | null): string[] {
  const at = `--namespace ${shellQuote(temporal.namespace)}`;
  const isCloud = isTemporalCloud(temporal.address);
  const named = (state: Attribute['state']) =>
    attributes.filter((attribute) => attribute.state === state).map(({ name }) => name);
  const problems: string[] = [];
  const missing = named('missing');
  if (missing.length > 0) {
    const command = addition(missing, temporal);
    const it = missing.length === 1 ? 'it' : 'them';
    const isFull = /more than \d+|too many|limit/i.test(refused ?? '');
    problems.push(
      `${missing.join(', ')} could not be added${refused === null ? '' : `: ${refused}`}. Runs work without ${it}. ` +
        (isFull
          ? `The namespace has no room for ${it}: ${isCloud ? 'rename one' : 'remove one'} that nothing uses, then run setup again:\n  ${removal(at, isCloud)}`
          : `A person with the permission can add ${it}:\n  ${command}`),
    );
  }
  const wrong = named('wrong-type');
  if (wrong.length > 0) {
    problems.push(
      `${wrong.join(', ')}: the type can't be changed. If nothing else uses the name, have it removed, then run setup again` +
        (isCloud
          ? ' (in Temporal Cloud: by its support).'
          : `:\n  temporal operator search-attribute remove ${at} ${wrong.map((name) => `--name ${name}`).join(' ')}`),
    );
  }
  return problems;
}

/** What a person with the permission types. */
function addition(names: readonly string[], { namespace, address }: Temporal): string {
  const at = `--namespace ${shellQuote(namespace)}`;
  return isTemporalCloud(address)
    ? `tcld namespace search-attributes add ${at} ${names.map((name) => `--search-attribute ${name}=Keyword`).join(' ')}`
    : `temporal operator search-attribute create ${at} --type Keyword ${names.map((name) => `--name ${name}`).join(' ')}`;
}

/** In Temporal Cloud no attribute can be removed, but one that nothing uses may get another name. */
function removal(at: string, isCloud: boolean): string {
  return isCloud
    ? `tcld namespace search-attributes rename ${at} --existing-name <name> --new-name <new-name>`
    : `temporal operator search-attribute remove ${at} --name <name>`;
}

export const command: CliCommand<unknown> = {
  description:
    'Registers the search attributes of ecs-nics in the Temporal namespace, where they are missing. ' +
    'Runs work without them, but can be searched with them.',
  examples: ['setup'],
  run: (_words, _flags, output) => setup(output),
};
