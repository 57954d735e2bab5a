/** A text of somebody else's as it may stand in a message: in quotes, bounded, on one line, in whole characters. */
export function quoted(value: unknown, max = 60): string {
  const text = typeof value === 'string' ? value.slice(0, 2 * max) : value;
  const line = (JSON.stringify(text) ?? 'undefined').replace(/[\p{C}\u2028\u2029]/gu, '?');
  return line.length > max ? `${line.slice(0, max - 1).replace(/\p{Cs}/gu, '')}…` : line;
}
