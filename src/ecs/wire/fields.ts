/** Fields that the schemas of the answers are made of. */
import { z } from 'zod';
import { line, readReason, unwrap } from './envelopes';

/** Decoration: text or number, `null` for everything else and for the empty text. */
export const text = z.unknown().optional().transform(line);
/** The reason of a failure, and the code that may stand in it. */
export const reason = z.unknown().optional().transform(readReason);
/** A longer value is no id, state or address. The limit matters, because these values may enter a history. */
export const word = z.string().max(200);
export const id = word.trim().min(1);
/** Booleans also come as text (docs/cloud-api.md §4.2). */
export const flag = z
  .unknown()
  .optional()
  .transform((value) => {
    const word = typeof value === 'string' ? value.trim().toLowerCase() : value;
    return word === true || word === 'true' ? true : word === false || word === 'false' ? false : null;
  });
/** An object that may be absent, `null`, or JSON inside a string. Any other value counts as absent. */
export const part = <T extends z.ZodType>(schema: T) => z.preprocess(unwrap, schema).nullish().catch(null);
/** A longer list is not valid: the longest real one, the address rows of 12 NICs, has some dozens. */
export const listOf = <T extends z.ZodType>(schema: T) => z.array(schema).max(500).nullish().catch(null);
