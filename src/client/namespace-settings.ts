/** What is known of the namespace: the search attributes of ecs-nics, and for how long it keeps closed runs. */
import { SEARCH_ATTRIBUTE } from '../contract';
import { KEYWORD_TYPE, LEAST_RETENTION_MS } from '../contract/names';
import type { Temporal } from './connect';
import { GRPC, grpcCode, isForbidden, reasonOf } from './grpc';

const CALL_MS = 10_000;

/** `temporal.api.enums.v1.IndexedValueType` */
const TYPES = ['Unspecified', 'Text', 'Keyword', 'Int', 'Double', 'Bool', 'Datetime', 'KeywordList'];

const NAMES = Object.values(SEARCH_ATTRIBUTE);

/** One search attribute of ecs-nics, as a namespace has it. */
export interface Attribute {
  name: string;
  /** `wrong-type`: a run that sets a value of the wrong type is wedged. */
  state: 'present' | 'missing' | 'wrong-type';
  /** `null`: the namespace does not have it. */
  type: string | null;
}

/** In the order of `SEARCH_ATTRIBUTE`. Throws gRPC errors. */
export async function readAttributes(temporal: Temporal, withinMs = CALL_MS): Promise<Attribute[]> {
  const { customAttributes } = await temporal.call(withinMs, () =>
    temporal.client.connection.operatorService.listSearchAttributes({ namespace: temporal.namespace }),
  );
  return NAMES.map((name) => {
    const type = Number(customAttributes?.[name] ?? NaN);
    if (Number.isNaN(type)) return { name, state: 'missing', type: null };
    const state = type === KEYWORD_TYPE ? 'present' : 'wrong-type';
    return { name, state, type: TYPES[type] ?? String(type) };
  });
}

/**
 * Which of these a namespace has as Keywords, for one that does not let its attributes be listed: a query that names an attribute of another
 * type, or none, is invalid. In one call where it has all of them. Throws gRPC errors: no query is answered, either.
 */
export async function attributesOfQueries(
  temporal: Temporal,
  names: readonly string[],
  withinMs = CALL_MS,
): Promise<string[]> {
  const isValid = async (some: readonly string[]): Promise<boolean> => {
    // Of all types Keyword alone has this operator.
    const query = some.map((name) => `${name} STARTS_WITH 'x'`).join(' AND ');
    const { namespace, client } = temporal;
    try {
      await temporal.call(withinMs, () =>
        client.workflowService.countWorkflowExecutions({ namespace, query }),
      );
      return true;
    } catch (error) {
      if (grpcCode(error) === GRPC.invalidArgument) return false;
      throw error;
    }
  };
  if (names.length === 0 || (await isValid(names))) return [...names];
  const found: string[] = [];
  for (const name of names) if (await isValid([name])) found.push(name);
  return found;
}

/** As {@link readAttributes}, without listing: one of another type counts as missing. */
export async function readAttributesByQueries(temporal: Temporal): Promise<Attribute[]> {
  const found = await attributesOfQueries(temporal, NAMES);
  return NAMES.map((name) =>
    found.includes(name)
      ? { name, state: 'present', type: 'Keyword' }
      : { name, state: 'missing', type: null },
  );
}

/**
 * Registers the missing attributes of `before`. `refused`: why they could not be added, in words.
 * @param read how `before` was read
 */
export async function addMissing(
  temporal: Temporal,
  before: Attribute[],
  read: typeof readAttributesByQueries = readAttributes,
): Promise<{ after: Attribute[]; refused: string | null }> {
  const missing = before.filter(({ state }) => state === 'missing').map(({ name }) => name);
  if (missing.length === 0) return { after: before, refused: null };
  let refused = await refusalOf(temporal, missing);
  // All or none: where there is room for some, those that matter most come first.
  if (refused !== null && missing.length > 1 && !isForbidden(refused))
    for (const name of missing) {
      refused = await refusalOf(temporal, [name]);
      if (refused !== null) break;
    }
  // Read back: the server reports success also for a name that it has with another type.
  const after = await read(temporal).catch(() => before);
  return { after, refused: refused === null ? null : reasonOf(refused) };
}

/** `null`: they were added. */
async function refusalOf(temporal: Temporal, names: readonly string[]): Promise<unknown> {
  const { namespace, client } = temporal;
  const searchAttributes = Object.fromEntries(names.map((name) => [name, KEYWORD_TYPE]));
  try {
    await temporal.call(CALL_MS, () =>
      client.connection.operatorService.addSearchAttributes({ namespace, searchAttributes }),
    );
    return null;
  } catch (error) {
    return error;
  }
}

/** How long closed runs are kept, in ms; `null`: for ever, or unknown. Throws gRPC errors: no such namespace. */
export async function readRetention(temporal: Temporal, withinMs = CALL_MS): Promise<number | null> {
  const { config } = await temporal.call(withinMs, () =>
    temporal.client.workflowService.describeNamespace({ namespace: temporal.namespace }),
  );
  const seconds = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0);
  return seconds > 0 ? seconds * 1_000 : null;
}

/** Closed runs are deleted before an operator may look for them. */
export function forgetsTooSoon(retentionMs: number | null): retentionMs is number {
  return retentionMs !== null && retentionMs < LEAST_RETENTION_MS;
}
