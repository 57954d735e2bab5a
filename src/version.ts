import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The package's version; `package.json` stands beside `lib/` as beside `src/`. */
export const version = (
  JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8')) as { version: string }
).version;
