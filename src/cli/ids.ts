/** Ids as people paste them: in capitals from a console, in braces from an inventory. No IO. */

/** The id as the cloud writes it. What is no id stays recognisable, for the message. */
export function foldedId(text: string): string {
  const bare = text.trim().replace(/^\{(.*)\}$/s, '$1');
  return bare.trim().toLowerCase();
}

/** Several ids in one word, by commas or spaces. */
export function foldedIds(words: readonly string[]): string[] {
  return words.flatMap((word) => {
    const ids = word.split(/[\s,;]+/).filter((id) => id !== '');
    // An empty word names nothing, and must not pass as if it had not been given.
    return ids.length === 0 ? [word] : ids.map(foldedId);
  });
}
