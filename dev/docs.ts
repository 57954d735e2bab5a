/** `npm run docs`: writes the pages that are generated from the code. `test/docs` tells when one is stale. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorsPage } from './errors-page';
import { root } from './root';

const PAGE = 'docs/errors.md';

writeFileSync(join(root, PAGE), errorsPage());
process.stdout.write(`${PAGE}\n`);
