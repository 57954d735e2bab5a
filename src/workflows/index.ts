/**
 * Every run loads the modules of its workflow anew, and keeps them for as long as it is cached. Those of decommission runs, of which
 * there are few, are loaded where one begins: with them each run of a single server, of which there are thousands, would take a
 * third more memory.
 */
import type * as Run from './decommission';
import type * as Page from './decommission-page';
import type * as List from './list-servers';

export { deleteServerNics } from './delete-server-nics';
export { releasePorts } from './release-ports';
export { restoreServerNics } from './restore-server-nics';
export { unknownType as default } from './unknown-type';

/* eslint-disable no-restricted-globals, @typescript-eslint/no-require-imports -- an import would load them with this module */
export function decommission(start: unknown): ReturnType<typeof Run.decommission> {
  return (require('./decommission') as typeof Run).decommission(start);
}

export function listServers(
  ...input: Parameters<typeof List.listServers>
): ReturnType<typeof List.listServers> {
  return (require('./list-servers') as typeof List).listServers(...input);
}

export function decommissionPage(
  ...input: Parameters<typeof Page.decommissionPage>
): ReturnType<typeof Page.decommissionPage> {
  return (require('./decommission-page') as typeof Page).decommissionPage(...input);
}
