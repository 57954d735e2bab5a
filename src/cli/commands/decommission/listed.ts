/** The commands below `ecs-nics decommission`, each loaded only when it is used. */
import type { Listed } from '../../program';
import type * as controls from './control';

const control = (name: Exclude<keyof typeof controls, 'tell'>, summary: string): Listed => [
  name,
  '<run>',
  summary,
  async () => (await import('./control.js'))[name],
];

export const DECOMMISSION: readonly Listed[] = [
  [
    'start',
    '<file>',
    'start a run: upload the list, and show the plan',
    async () => (await import('./start.js')).command,
  ],
  [
    'list',
    null,
    'print the servers of the project as a list for `start`',
    async () => (await import('./list.js')).command,
  ],
  control('approve', 'approve the plan: the run begins to delete'),
  ['status', '<run>', 'show how far a run is', async () => (await import('./status.js')).command],
  ['watch', '<run>', 'follow a run to its end', async () => (await import('./watch.js')).command],
  ['plan', '<run>', 'show the plan', async () => (await import('./documents.js')).plan],
  ['report', '<run>', 'show what became of every NIC', async () => (await import('./documents.js')).report],
  control('pause', 'start nothing more for now'),
  control('resume', 'go on'),
  control('retry', 'take up failed and busy servers again'),
  control('limits', 'change how many are under way, and how many may fail'),
  control('skip', 'leave servers alone'),
  control('abort', 'start nothing more, and end'),
  control('commit', 'close the undo window'),
  control('undo', 'put back what was taken off'),
];
