/** `ecs-nics setup`: what a namespace needs for runs to be found; runs work without it. */
import { SEARCH_ATTRIBUTE } from '../contract';
import type { Temporal } from '../connection';
import { reasonOf } from '../connection';
import { pageOf, withTemporal } from './context';
import { CliError } from './errors';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { shellQuote } from './format';
import type { Output } from './output';
import { indent } from './report';

const CALL_MS = 10_000;
const HOUR_MS = 3_600_000;
/** An on-call engineer comes back after a weekend; and a run whose end is not kept can't be restored from. */
const LEAST_RETENTION_MS = 7 * 24 * HOUR_MS;

/** `temporal.api.enums.v1.IndexedValueType` */
const TYPES = ['Unspecified', 'Text', 'Keyword', 'Int', 'Double', 'Bool', 'Datetime', 'KeywordList'];
const KEYWORD = 2;

export interface Attribute {
  name: string;
  state: 'present' | 'added' | 'missing' | 'wrong-type';
  /** As the namespace has it; `null`: not at all. */
  type: string | null;
}

export async function setup(output: Output): Promise<ExitCode> {
  return withTemporal(async ({ temporal }) => {
    const { namespace } = temporal;
    const before = await registered(temporal);
    const { refused, added } = await addMissing(temporal, before);
    const attributes = added === null ? before : merged(before, added);
    const retentionMs = await retentionOf(temporal);
    const page = pageOf(output);
    const warning = retentionWarning(namespace, retentionMs);
    output.say([
      `namespace ${namespace} of ${temporal.address}`,
      ...attributes.map((attribute) => `  ${attribute.name.padEnd(NAME_WIDTH)}${stateText(attribute)}`),
      ...(attributes.some(({ state }) => state === 'added')
        ? [
            '',
            ...indent(
              'Workers that run already find them within minutes; runs that are open go on without.',
              page,
              '',
            ),
          ]
        : []),
      ...(warning === null ? [] : ['', ...indent(`warning: ${warning}`, page, '').map(page.colors.yellow)]),
    ]);
    const known = {
      namespace,
      searchAttributes: attributes,
      retentionHours: retentionMs === null ? null : Math.round(retentionMs / HOUR_MS),
      warnings: warning === null ? [] : [warning],
    };
    const problems = problemsOf(attributes, temporal, refused);
    if (problems.length > 0) {
      throw new CliError(EXIT.starterFailed, 'SetupIncomplete', problems.join('\n'), known);
    }
    output.document(known);
    return EXIT.done;
  });
}

const NAMES = Object.values(SEARCH_ATTRIBUTE);
const NAME_WIDTH = Math.max(...NAMES.map((name) => name.length)) + 2;

/** What the namespace has of ours. */
async function registered(temporal: Temporal): Promise<Attribute[]> {
  const { customAttributes } = await temporal.call(CALL_MS, () =>
    temporal.connection.operatorService.listSearchAttributes({ namespace: temporal.namespace }),
  );
  return NAMES.map((name) => {
    const type = customAttributes?.[name];
    if (type === undefined) return { name, state: 'missing', type: null };
    return { name, state: type === KEYWORD ? 'present' : 'wrong-type', type: TYPES[type] ?? String(type) };
  });
}

/** `added`: the state afterwards; `null` when there was nothing to add, or it was refused. */
async function addMissing(
  temporal: Temporal,
  before: readonly Attribute[],
): Promise<{ added: Attribute[] | null; refused: string | null }> {
  const missing = before.filter(({ state }) => state === 'missing').map(({ name }) => name);
  if (missing.length === 0) return { added: null, refused: null };
  try {
    await temporal.call(CALL_MS, () =>
      temporal.connection.operatorService.addSearchAttributes({
        namespace: temporal.namespace,
        searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
      }),
    );
    // Read back: a server answers yes to a type that differs from what it has.
    return { added: await registered(temporal), refused: null };
  } catch (error) {
    return { added: null, refused: reasonOf(error) };
  }
}

function merged(before: readonly Attribute[], after: readonly Attribute[]): Attribute[] {
  return after.map((attribute, i) =>
    attribute.state === 'present' && before[i]?.state === 'missing'
      ? { ...attribute, state: 'added' }
      : attribute,
  );
}

/** How long closed runs are kept; `null`: it can't be read, or nothing is ever deleted. */
async function retentionOf(temporal: Temporal): Promise<number | null> {
  try {
    const { config } = await temporal.call(CALL_MS, () =>
      temporal.client.workflowService.describeNamespace({ namespace: temporal.namespace }),
    );
    const seconds = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0);
    return seconds > 0 ? seconds * 1_000 : null;
  } catch {
    return null;
  }
}

export function retentionWarning(namespace: string, retentionMs: number | null): string | null {
  if (retentionMs === null || retentionMs >= LEAST_RETENTION_MS) return null;
  const hours = Math.round(retentionMs / HOUR_MS);
  const kept = hours % 24 === 0 ? (hours === 24 ? '1 day' : `${hours / 24} days`) : `${hours} h`;
  return (
    `closed runs are kept for ${kept} only: after that nobody can see what became of a deletion, or restore from it. ` +
    `7 days or more: temporal operator namespace update --namespace ${shellQuote(namespace)} --retention 168h`
  );
}

function stateText({ state, type }: Attribute): string {
  switch (state) {
    case 'present':
      return 'was there';
    case 'added':
      return 'added';
    case 'missing':
      return 'missing';
    case 'wrong-type':
      return `is there as ${type}, but has to be Keyword`;
  }
}

function problemsOf(attributes: readonly Attribute[], temporal: Temporal, refused: string | null): string[] {
  const at = `--namespace ${shellQuote(temporal.namespace)}`;
  const isCloud = /\.(tmprl\.cloud|api\.temporal\.io)(:|$)/.test(temporal.address);
  const named = (state: Attribute['state']) =>
    attributes.filter((attribute) => attribute.state === state).map(({ name }) => name);
  const problems: string[] = [];
  const missing = named('missing');
  if (missing.length > 0) {
    const command = isCloud
      ? `tcld namespace search-attributes add ${at} ${missing.map((name) => `--search-attribute ${name}=Keyword`).join(' ')}`
      : `temporal operator search-attribute create ${at} --type Keyword ${missing.map((name) => `--name ${name}`).join(' ')}`;
    problems.push(
      `${missing.join(', ')} could not be added${refused === null ? '' : `: ${refused}`}. ` +
        `Runs go on without. Somebody who may add them:\n  ${command}`,
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
