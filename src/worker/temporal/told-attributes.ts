/**
 * The search attributes of a namespace that does not let them be listed: those that the operator says there are, as far as queries confirm it. A
 * run that sets one which the namespace has not is wedged.
 */
import type { Logger } from '@temporalio/worker';
import type { Temporal } from '../../client/connect';
import { reasonOf } from '../../client/grpc';
import { attributesOfQueries } from '../../client/namespace-settings';
import { every } from '../connection-watch';

export const ATTRIBUTES_VARIABLE = 'ECS_NICS_SEARCH_ATTRIBUTES';

/** For an attribute that is added, renamed or removed while the worker runs. One cheap call. */
const CONFIRM_EVERY_MS = 30_000;

export interface Told {
  usable: string[];
  /** In one line, for people. */
  text: string;
  /** Something is to be done about it. */
  warning: boolean;
  /** A query has said so, or there was nothing to ask. */
  confirmed: boolean;
}

/**
 * @param told by the operator; `null`: nothing
 * @param refusal why they can't be listed
 */
export async function readTold(
  temporal: Temporal,
  told: readonly string[] | null,
  refusal: string,
): Promise<Told> {
  const unlisted = `could not be listed (${refusal})`;
  if (told === null)
    return {
      usable: [],
      text: `${unlisted}: runs work without them; ${ATTRIBUTES_VARIABLE} tells the worker which there are`,
      ...{ warning: true, confirmed: true },
    };
  const of = (names: readonly string[]) => (names.length === 0 ? 'none' : names.join(', '));
  try {
    const usable = await attributesOfQueries(temporal, told);
    const absent = told.filter((name) => !usable.includes(name));
    if (absent.length === 0)
      return {
        usable,
        text: `${of(usable)}, as ${ATTRIBUTES_VARIABLE} says`,
        warning: false,
        confirmed: true,
      };
    const text =
      `${unlisted}; ${ATTRIBUTES_VARIABLE} names ${of(absent)}, but the namespace takes no query for that as a Keyword: ` +
      'runs work without. `ecs-nics setup` shows how to add it';
    return { usable, text, warning: true, confirmed: true };
  } catch (error) {
    const text = `${of(told)}, as ${ATTRIBUTES_VARIABLE} says, which no query could confirm (${reasonOf(error)})`;
    return { usable: [...told], text, warning: true, confirmed: false };
  }
}

/** Keeps up with the namespace. Returns what gives those that can be used now. */
export async function followTold(
  temporal: Temporal,
  told: readonly string[] | null,
  refusal: string,
  log: Logger,
): Promise<() => string[]> {
  let last = await readTold(temporal, told, refusal);
  const say = () => void log[last.warning ? 'warn' : 'info'](`search attributes: ${last.text}`);
  say();
  if (told !== null && told.length > 0)
    every(CONFIRM_EVERY_MS, async () => {
      const next = await readTold(temporal, told, refusal);
      // What a query has said counts for more than what the operator said before it.
      if (!next.confirmed && last.confirmed) return;
      const isNews = next.usable.join() !== last.usable.join();
      last = next;
      if (isNews) say();
    });
  return () => last.usable;
}
