/**
 * The one cleaner for foreign texts: names of the cloud, reasons of callers, and ids, queues and types that any caller
 * may choose. Every place that shows such a text – terminal, log, JSON, Web UI – cleans it here.
 */

/** Format, invisible and half characters: they change the direction of later text, hide in it, or cannot be sent. */
const INVISIBLE = /[\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;
/** Spaces of other scripts: they come along from a page, a chat or a spreadsheet. */
const ODD_SPACE = /[^\S ]/g;
/** Control characters and everything that ends a line. */
const CONTROL = /[\p{Cc}\u2028\u2029]+/gu;
const HALF_CHARACTER = /\p{Cs}/gu;
/**
 * Complete terminal commands: colours and movements (CSI), titles, links and the clipboard (OSC and similar). An
 * incomplete one loses only its control characters, so that no text can swallow the text after it.
 */
const TERMINAL_COMMAND =
  // eslint-disable-next-line no-control-regex
  /\u001b\[[0-9;:?<=>]*[ -/]*[@-~]|\u001b[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)/g;

/** Cleans a whole line that contains foreign texts: removes everything invisible. Keeps the indentation. */
export function cleanLine(line: string): string {
  return line.replace(CONTROL, ' ').replace(INVISIBLE, '');
}

/** Cleans lines of ecs-nics that contain foreign texts, for a terminal or a log. */
export function cleanLines(lines: string): string {
  return lines.split('\n').map(cleanLine).join('\n');
}

/** Cleans a foreign text and puts it on one line. */
export function clean(text: string): string {
  return cleanLine(text.replace(TERMINAL_COMMAND, '')).trim();
}

/** At most `max` units of UTF-16, cut between characters. */
export function bounded(line: string, max: number): string {
  return line.length > max ? `${line.slice(0, max - 1).replace(HALF_CHARACTER, '')}…` : line;
}

/** For JSON, or a part of it, with any strings: writes as an escape what {@link cleanLine} would remove. */
export function cleanJson(json: string): string {
  return json.replace(/[^\n\P{Cc}]|[\u2028\u2029\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu, escapes);
}

function escapes(character: string): string {
  let text = '';
  for (let i = 0; i < character.length; i++)
    text += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
  return text;
}

/** `█████░░░░░ 12 of 40`. */
export function bar(done: number, of: number, width: number): string {
  const full = of === 0 ? width : Math.min(width, Math.floor((done / of) * width));
  return `${'█'.repeat(full)}${'░'.repeat(width - full)} ${done} of ${of}`;
}

/** A foreign value for a message: in quotes, of limited length, on one line. */
export function quoted(value: unknown, max = 60): string {
  const text = typeof value === 'string' ? value.slice(0, 2 * max) : value;
  return bounded(masked(JSON.stringify(text) ?? 'undefined'), max);
}

/** Shows what is invisible: `[U+200B]`, and a `?` for what has no use in any text. */
export function masked(text: string): string {
  const named = (it: string) => `[${codePoint(it)}]`;
  const whole = text.replace(CONTROL, '?').replace(HALF_CHARACTER, '?');
  return whole.replace(INVISIBLE, named).replace(ODD_SPACE, named);
}

const codePoint = (it: string): string =>
  `U+${it.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`;

/** Without what has no width: for ids, where it has no meaning. */
export function visible(text: string): string {
  return text.replace(INVISIBLE, '');
}

/** Behind the message about a value that it may not quote: what nobody sees in it. */
export function invisibleIn(text: string): string {
  const plain = text.trim().replace(CONTROL, '');
  const all = [INVISIBLE, ODD_SPACE].flatMap((each) => plain.match(each) ?? []);
  const found = [...new Set(all)].slice(0, 3).map(codePoint);
  return found.length === 0 ? '' : ` (in it stands ${found.join(', ')}, which looks like nothing or a space)`;
}

/**
 * A foreign text inside Markdown that is rendered to HTML: it must have no effect in either. Uses only backslashes, and
 * only where the Web UI's renderer removes them again: the renderer shows entities as they are written, makes a link of
 * every address, and a dash of every `--`.
 */
export function escapeMarkdown(text: string): string {
  return clean(text).replace(/[\\`*_[\]{}()#+!|~<>&:$^.-]/g, '\\$&');
}

/** The same inside a code span of Markdown, where a backslash escapes nothing: `?` replaces what could end the span. */
export function cleanCode(text: string): string {
  return clean(text).replace(/[`<>&]/g, '?');
}
