/** Ids as people paste them: in capitals from a console, in braces from an inventory, with what a page or a file left at them. No IO. */
import { visible } from '../contract/text';
import { isUuid } from '../contract/values';

/** The id as the cloud writes it. What is no id stays as it is, for the message. */
export function foldedId(text: string): string {
  // Spaces alone: a line break in an id is a list that was meant to be something else.
  const bare = visible(text)
    .replace(/^[\t\p{Zs}]+|[\t\p{Zs}]+$/gu, '')
    .replace(/^\{ *(.*?) *\}$/, '$1');
  const id = bare.toLowerCase();
  return isUuid(id) ? id : text;
}

/** Several ids in one word, by commas or spaces. */
export function foldedIds(words: readonly string[]): string[] {
  return words.flatMap((word) => {
    // For `\s` a byte order mark is a space; for people it stands nowhere, also not between two halves of an id.
    const ids = visible(word)
      .split(/[\s,;]+/)
      .filter((id) => id !== '');
    // An empty word names nothing, and must not pass as if it had not been given.
    return ids.length === 0 ? [word] : ids.map(foldedId);
  });
}
