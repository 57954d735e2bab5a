/** Commands of Temporal's own tool, as a person can type them. */

/** Quotes one argument for a POSIX shell. */
export function shellQuote(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}

export function commandOf(...words: string[][]): string {
  return words.flat().map(shellQuote).join(' ');
}

/** Temporal's tools read the address from the same variables as the starter. */
export function namespaceWords(namespace: string): string[] {
  return namespace === 'default' ? [] : ['--namespace', namespace];
}
