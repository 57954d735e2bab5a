import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The repository's folder, whether this runs from its source or from `lib/`. */
export const root = (function find(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : find(dirname(folder));
})(__dirname);
