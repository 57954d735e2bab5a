#!/usr/bin/env node
/** The command line `ecs-nics`: starts, shows and steers runs. Needs no credentials of the cloud. */
import { flushed } from './cli/output';
import { DECOMMISSION } from './cli/commands/decommission/listed';
import type { Listed } from './cli/program';
import { runProgram } from './cli/program';

const COMMANDS: readonly Listed[] = [
  [
    'delete',
    '<server-id>',
    'delete NICs of a server',
    async () => (await import('./cli/commands/delete.js')).command,
  ],
  [
    'undo',
    '<server-id>',
    'put back everything that the open run has taken off',
    async () => (await import('./cli/commands/decide.js')).undo,
  ],
  [
    'commit',
    '<server-id>',
    'close the undo window of the open run',
    async () => (await import('./cli/commands/decide.js')).commit,
  ],
  [
    'restore',
    '<server-id>',
    'put back what an earlier run has taken off',
    async () => (await import('./cli/commands/restore.js')).command,
  ],
  [
    'release',
    '<server-id>',
    'delete ports that an earlier run has kept',
    async () => (await import('./cli/commands/release.js')).command,
  ],
  [
    'status',
    '<server-id>',
    'show the current or last run on a server',
    async () => (await import('./cli/commands/status.js')).command,
  ],
  [
    'watch',
    '<server-id>',
    'follow the open run on a server to its end',
    async () => (await import('./cli/commands/watch.js')).command,
  ],
  [
    'cancel',
    '<server-id>',
    'ask the open run on a server to stop',
    async () => (await import('./cli/commands/cancel.js')).command,
  ],
  [
    'poll-now',
    '<server-id>',
    'make the open run on a server look at once',
    async () => (await import('./cli/commands/poll-now.js')).command,
  ],
  ['list', null, 'show the runs on servers', async () => (await import('./cli/commands/list.js')).command],
  [
    'ports',
    null,
    'show the ports that closed runs have kept',
    async () => (await import('./cli/commands/ports.js')).command,
  ],
  ['decommission', null, 'delete NICs of many servers: a list, a plan, waves', DECOMMISSION],
  [
    'setup',
    null,
    'prepare the Temporal namespace, once',
    async () => (await import('./cli/commands/setup.js')).command,
  ],
];

// A closed output pipe (`| head`) is no failure of the run.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

void runProgram(process.argv.slice(2), COMMANDS).then(async (code) => {
  await flushed();
  // Long polls may still be open; the process does not wait for them.
  process.exit(code);
});
