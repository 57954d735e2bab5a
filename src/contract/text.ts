/**
 * The one cleaner of texts that strangers have written: names of the cloud, reasons of callers, ids, queues and types that
 * anybody may have chosen. Whatever shows such a text – terminal, log, JSON, Web UI – cleans it here.
 */

/** Format, invisible and half characters: they turn the direction of what follows, hide in it, or can't be sent. */
const INVISIBLE = /[\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;
/** Control characters and all that ends a line. */
const CONTROL = /[\p{Cc}\u2028\u2029]+/gu;
const HALF_CHARACTER = /\p{Cs}/gu;
/**
 * Commands to a terminal, whole ones: colours and movements (CSI), titles, links and the clipboard (OSC and its likes). What
 * is not a whole one loses its control characters alone, so that no text can swallow the one behind it.
 */
const TERMINAL_COMMAND =
  // eslint-disable-next-line no-control-regex
  /\u001b\[[0-9;:?<=>]*[ -/]*[@-~]|\u001b[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)/g;

/** A whole line that has texts of strangers in it: nothing is left of it that is not seen. Its indentation stays. */
export function cleanLine(line: string): string {
  return line.replace(CONTROL, ' ').replace(INVISIBLE, '');
}

/** Lines of ours that have texts of strangers in them, for a terminal or a log. */
export function cleanLines(lines: string): string {
  return lines.split('\n').map(cleanLine).join('\n');
}

/** A text of a stranger, on one line. */
export function clean(text: string): string {
  return cleanLine(text.replace(TERMINAL_COMMAND, '')).trim();
}

/** At most `max` units of UTF-16, whole characters. */
export function bounded(line: string, max: number): string {
  return line.length > max ? `${line.slice(0, max - 1).replace(HALF_CHARACTER, '')}…` : line;
}

/** JSON, or a part of it, whose strings may hold anything: what {@link cleanLine} would take away is written as an escape. */
export function cleanJson(json: string): string {
  return json.replace(/[^\n\P{Cc}]|[\u2028\u2029\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu, escapes);
}

function escapes(character: string): string {
  let text = '';
  for (let i = 0; i < character.length; i++)
    text += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
  return text;
}

/** A value of somebody else's as it may stand in a message: in quotes, bounded, on one line. */
export function quoted(value: unknown, max = 60): string {
  const text = typeof value === 'string' ? value.slice(0, 2 * max) : value;
  return bounded(masked(JSON.stringify(text) ?? 'undefined'), max);
}

/** With a `?` in the place of whatever can't be seen: the text says that there was something. */
export function masked(text: string): string {
  return text.replace(CONTROL, '?').replace(INVISIBLE, '?');
}

/**
 * A text of a stranger inside Markdown that is rendered to HTML: neither may be able to do anything. Backslashes alone, and
 * only where the Web UI's renderer takes them away again: it shows entities as they are written, makes a link of every
 * address, and a dash of every `--`.
 */
export function escapeMarkdown(text: string): string {
  return clean(text).replace(/[\\`*_[\]{}()#+!|~<>&:$^.-]/g, '\\$&');
}

/** The same inside a code span of Markdown, where a backslash escapes nothing: with a `?` for whatever could end it. */
export function cleanCode(text: string): string {
  return clean(text).replace(/[`<>&]/g, '?');
}
