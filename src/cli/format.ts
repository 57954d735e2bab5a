/** Small things about text: cutting, padding, quoting, escaping. No IO. */

/** Terminal commands go, control characters become spaces: texts come from the cloud and from callers. */
export function clean(text: string): string {
  return (
    text
      // eslint-disable-next-line no-control-regex
      .replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, '')
      .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
      // Invisible ones can turn the direction of what follows.
      .replace(/\p{Cf}/gu, '')
      .trim()
  );
}

/** Chinese server names are usual: such characters take two columns, combining ones none. */
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
  // Faster for the usual case, and right: no character takes more than two columns.
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

/** Words broken to lines of at most `width`; a longer word stays whole, so that it can be copied. */
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

/** One argument as a POSIX shell takes it. */
export function shellQuote(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}

/**
 * A caller's text inside Markdown that is shown as HTML: neither may be able to do anything. Backslashes alone, and only
 * where the Web UI's renderer takes them away again: it shows entities, and a backslash before other signs, as written.
 */
export function escapeMarkdown(text: string): string {
  return clean(text).replace(/[\\`*_[\]{}()#+!|~<>&:$^.-]/g, '\\$&');
}
