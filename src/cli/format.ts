/** Text helpers: cutting, padding, quoting. No IO. */
export { shellQuote } from '../client/explain/commands';
export { clean, escapeMarkdown } from '../contract/text';

/** Chinese server names are common: such characters take two columns, combining characters none. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** Columns that a text takes on a terminal. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += /\p{M}/u.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

/** At most `width` columns. */
export function cut(text: string, width: number): string {
  // Faster in the usual case, and correct: no character takes more than two columns.
  if (text.length * 2 <= width || widthOf(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const character of text) {
    used += widthOf(character);
    if (used > width - 1) break;
    kept += character;
  }
  return width < 1 ? '' : `${kept}…`;
}

/** Columns as wide as their widest cell; the last one is left as it is. */
export function table(rows: readonly (readonly string[])[], gap = 2): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, widthOf(cell))));
  }
  const pad = (cell: string, i: number) => cell + ' '.repeat((widths[i] ?? 0) + gap - widthOf(cell));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : pad(cell, i)))
      .join('')
      .trimEnd(),
  );
}

/**
 * A table of at most `width` columns. If that is impossible, each row becomes its first cell (an id that must stay
 * whole for copying) with the other cells on the line below it, and `head` is `null`.
 */
export function fitted(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  width: number,
): { head: string | null; body: string[][] } {
  const [head = '', ...lines] = table([header, ...rows]);
  if ([head, ...lines].every((line) => widthOf(line) <= width)) {
    return { head, body: lines.map((line) => [line]) };
  }
  const below = ([id = '', ...cells]: readonly string[]) => [id, `  ${cells.filter(Boolean).join(' · ')}`];
  return { head: null, body: rows.map(below) };
}

/** Breaks words into lines of at most `width`. A longer word stays whole, so that it can be copied. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return line === '' ? lines : [...lines, line];
}

/** `1 NIC`, `2 NICs`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Quoted and escaped parts belong to their word. */
const SHELL_WORD = /(?:\\.|'[^']*'|[^\s'\\])+/g;

/**
 * Splits a command over several lines, as a shell accepts it, if one line of `width` columns is too short. An option
 * stays on one line with its value.
 */
export function commandLines(command: string, width: number): string[] {
  if (widthOf(command) <= width) return [command];
  const parts: string[] = [];
  for (const word of command.match(SHELL_WORD) ?? []) {
    if (parts.length === 0 || word.startsWith('--')) parts.push(word);
    else parts.push(`${parts.pop()} ${word}`);
  }
  const lines: string[] = [];
  for (const part of parts) {
    const longer = `${lines.at(-1)} ${part}`;
    if (lines.length > 0 && widthOf(longer) <= width - 2) lines.splice(-1, 1, longer);
    else lines.push(lines.length === 0 ? part : `  ${part}`);
  }
  return lines.map((line, i) => (i === lines.length - 1 ? line : `${line} \\`));
}
