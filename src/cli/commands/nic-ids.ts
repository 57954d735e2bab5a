/** The NICs of a command line: ids, several of them in a word, or the name of a file that holds them. */
import { readFile } from 'node:fs/promises';
import { reasonOf } from '../../client/grpc';
import { visible } from '../../contract/text';
import { foldedId, foldedIds } from '../ids';

/** More than any list of a server's NICs. */
const MAX_BYTES = 100_000;
const COMMENT = /(^|\s)#.*$/gm;

/**
 * @param words values of `--nic`; `@file`: the ids stand in that file, by commas, spaces or lines, with `#` comments
 * @returns the folded ids, unchecked; `undefined`: the flag was not given
 */
export async function nicIdsFrom(
  words: readonly string[] | undefined,
  problems: string[],
): Promise<string[] | undefined> {
  if (words === undefined) return undefined;
  const ids: string[] = [];
  for (const word of words) ids.push(...(await idsOf(word, problems)));
  return ids;
}

async function idsOf(word: string, problems: string[]): Promise<string[]> {
  if (!word.startsWith('@')) return foldedIds([word]);
  const file = word.slice(1);
  try {
    const text = visible(await readFile(file, 'utf8'))
      .replace(COMMENT, '')
      .trim();
    if (text !== '' && text.length <= MAX_BYTES) return foldedIds([text]);
    problems.push(`--nic: ${file} ${text === '' ? 'names no NIC' : 'is too long for a list of NICs'}`);
    return [];
  } catch (error) {
    problems.push(`--nic: ${file} can't be read: ${reasonOf(error)}`);
    return [];
  }
}

/** The flags of a request about an earlier run, with its ids folded; `unread`: why NICs could not be read. */
export async function foldedFlags<F extends { nic?: string[]; runId?: string }>(
  flags: F,
): Promise<{ folded: F & { nic: string[] | undefined }; unread: string[] }> {
  const unread: string[] = [];
  const nic = await nicIdsFrom(flags.nic, unread);
  const { runId } = flags;
  return { folded: { ...flags, nic, ...(runId === undefined ? {} : { runId: foldedId(runId) }) }, unread };
}
