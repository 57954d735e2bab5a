/** `npm run dev`: the whole stack, staying up until Ctrl-C, with servers to try things on. */
import { startStack } from './stack';

/** The usual ports of a dev server and its UI; others are taken when these are not free. */
const TEMPORAL_PORT = 7233;
const UI_PORT = 8233;

interface ServerView {
  id: string;
  name: string;
  nics: { id: string; primary: boolean }[];
}

async function main(): Promise<void> {
  const stack = await startStack({ label: 'dev', temporal: { port: TEMPORAL_PORT, uiPort: UI_PORT } });
  const { servers } = await stack.simulator.post<{ servers: ServerView[] }>('/_sim/fleet', {
    servers: 3,
    nicsPerServer: 4,
    prefix: 'web',
  });
  const server = await stack.simulator.get<ServerView>(`/_sim/servers/${servers[0]?.id ?? ''}`);
  const nic = server.nics.find(({ primary }) => !primary)?.id ?? '';
  const env = Object.entries(stack.starterEnv).map(([name, value]) => `export ${name}='${value}'`);
  process.stdout.write(`
ecs-nics is up; Ctrl-C ends it.

  Web UI       ${stack.temporal.uiUrl ?? '(of the server in use)'}
  Temporal     ${stack.temporal.address} (${stack.temporal.origin})
  Task queue   ${stack.taskQueue}
  Cloud        ${stack.simulator.url}/_sim/servers (simulated)

In another terminal, in this folder:

  ${env.join('\n  ')}
  npm run -s starter -- delete ${server.id} --nic ${nic}
  npm run -s starter -- status ${server.id}

A lost answer for the next deletion:

  curl -s ${stack.simulator.url}/_sim/faults -H 'content-type: application/json' \\
    -d '{"match":{"class":"delete"},"what":{"kind":"drop","accepted":true},"times":1}'

`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  process.stderr.write('[ecs-nics] stopping\n');
  await stack.close();
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
