/** How people start this program where it runs: suggested commands can then be copied as they stand. */
import { basename } from 'node:path';

/** The program's own commands. In a text they are what a person could type. */
const COMMAND =
  /(?<!npx )(?<![\w/-])ecs-nics (?=(?:--help|delete|undo|commit|restore|status|watch|cancel|poll-now|list|ports|release|decommission|setup)\b)/g;

/**
 * `npx ecs-nics` in a clone and for a package of a project: neither is on the path. `ecs-nics` where that is what was typed.
 * @param started path of the script that was started
 */
export function programOf(started: string): 'ecs-nics' | 'npx ecs-nics' {
  const path = started.replaceAll('\\', '/');
  if (/\/(node_modules\/\.bin|_npx)\//.test(path)) return 'npx ecs-nics';
  // A clone, or a container: `node lib/starter.js`, `npm run starter`.
  const isScript = /^starter\.[jt]s$/.test(basename(path));
  return isScript && !path.includes('/node_modules/') ? 'npx ecs-nics' : 'ecs-nics';
}

const PROGRAM = programOf(process.argv[1] ?? '');

/** A text with the commands in it as they can be run here. */
export function asTyped(text: string): string {
  return PROGRAM === 'ecs-nics' ? text : text.replace(COMMAND, `${PROGRAM} `);
}
