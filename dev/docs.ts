/** `npm run docs`: writes the pages that are generated from the code. `test/docs` tells when one is stale. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { callersPage } from './callers-page';
import { environmentPage } from './environment-page';
import { errorsPage } from './errors-page';
import { logPage } from './log-page';
import { root } from './root';

const PAGES = {
  'docs/callers.md': callersPage,
  'docs/environment.md': environmentPage,
  'docs/errors.md': errorsPage,
  'docs/log.md': logPage,
};

for (const [page, text] of Object.entries(PAGES)) {
  writeFileSync(join(root, page), text());
  process.stdout.write(`${page}\n`);
}
