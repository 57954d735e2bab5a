/** What strangers may call things, and what no exit may let through: one table for all of them. */

/** Nobody sees it, and it changes what is seen: control, format, half, invisible and line-ending characters. */
export const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\p{Default_Ignorable_Code_Point}]/u;

/** In each: `web` and `-01` with the trap between them. */
export const FOREIGN: Record<string, string> = {
  'a title of the terminal': 'web\u001b]0;owned\u0007-01',
  'a link of the terminal': 'web\u001b]8;;http://evil\u001b\\here\u001b]8;;\u001b\\-01',
  'the clipboard': 'web\u001b]52;c;ZXZpbA==\u0007-01',
  'a colour': 'web\u001b[31mred\u001b[0m-01',
  'an erased screen': 'web\u001b[2J\u001b[H-01',
  'a command without an end': 'web\u001b]0;-01',
  'device control': 'web\u001bP+q\u001b\\ \u001b_G\u001b\\ \u001b^x-01',
  'commands of one byte': 'web\u009b2J\u009d0;x\u009c-01',
  'a line of the run’s own': 'web\n✔ deleted: 2 NICs\r\n-01',
  'other ends of a line': 'web\u2028line\u2029para\u0085next\u007f\u000b\u000c-01',
  'text from right to left': 'web\u202Egnp.exe\u202d-01',
  'isolates and marks of direction': 'web\u2066a\u2067b\u2069\u200e\u200f\u061c-01',
  'characters without width': 'web\u200b\u200c\u200d\u2060\u00ad\u180e-01',
  'a mark of byte order': 'web\ufeff-01',
  'fillers and selectors': 'web\u3164\u115f\uffa0\ufe0f\u{e0100}-01',
  'notes between the lines': 'web\ufff9a\ufffab\ufffb\u0600-01',
  tags: 'web\u{e0001}\u{e0041}\u{e007f}-01',
  'half a character': 'web\ud800half\udc00-01',
  'nothing, and a backspace': 'web\u0000\u0008-01',
  Markdown: 'web `code` **bold** [a](javascript:1) | # ~~x~~ ![i](http://evil) -01',
  HTML: 'web<script>alert(1)</script><img src=x onerror=alert(1)>&lt;-01',
};

/** What people write: it leaves every exit as it came. */
export const ORDINARY = ['web-01', 'Zürich 東京 😀 naïve e\u0301', '数据库-07', 'a/b: c=d, "e" (f) 100 %'];
