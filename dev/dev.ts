/** `npm run dev`: the demo's stack, staying up until Ctrl-C, with a few servers and commands to try. */
import { closeOnSignals } from './closing';
import { freePort } from './ports';
import type { SimServer } from './simulator';
import { startStack } from './stack';
import { fact, heading, pc, say } from './story';

// Temporal's usual ports, so that tools find it without being told; other ones when these are taken.
const PORTS = { port: 7233, uiPort: 8233 };
// Likewise the worker's.
const WORKER_PORTS = { health: 8081, metrics: 9464 };

async function main(): Promise<void> {
  const health = `127.0.0.1:${await freePort(WORKER_PORTS.health)}`;
  const metrics = `127.0.0.1:${await freePort(WORKER_PORTS.metrics)}`;
  const stack = await startStack({
    label: 'dev',
    temporal: PORTS,
    workerEnv: {
      ECS_NICS_LOG_FORMAT: 'pretty',
      ECS_NICS_HEALTH_ADDRESS: health,
      ECS_NICS_METRICS_ADDRESS: metrics,
    },
  });
  // The usual way to end it: no failure, and nothing for npm to complain about.
  closeOnSignals(stack, () => process.exit(0));
  const { temporal, simulator, worker, taskQueue } = stack;
  const servers: SimServer[] = [];
  for (const [name, nics] of [
    ['web-01', 4],
    ['web-02', 3],
    ['db-01', 8],
  ] as const) {
    servers.push(await simulator.post<SimServer>('/_sim/servers', { name, nics }));
  }

  say(pc.bold('ecs-nics · development stack'));
  say();
  fact('Temporal', `${temporal.address} · ${temporal.origin}`);
  fact('Web UI', temporal.uiUrl ?? 'of that server');
  fact('queue', `${taskQueue}, of this stack alone`);
  fact('cloud', `${simulator.url} · simulated; control interface below /_sim/`);
  fact('worker', `process ${worker.pid}`);
  fact('health', `http://${health}/livez · http://${health}/readyz`);
  fact('metrics', `http://${metrics}/metrics`);

  heading('Servers');
  for (const server of servers) {
    fact(server.name, server.id);
    for (const nic of server.nics)
      fact('', `${nic.ip.padEnd(11)} ${nic.id}${nic.primary ? '  primary' : ''}`);
  }

  heading('To try, in another terminal here');
  const env = Object.entries(stack.starterEnv).map(([name, value]) => `${name}=${quoted(value)}`);
  say(`  export ${env.join(' \\\n    ')}`);
  const [web01, web02, db01] = servers.map((server) => server.id);
  const nic = servers[0]?.nics[1]?.id;
  for (const [what, line] of [
    ['what would happen', `npm run -s starter -- delete ${web01} --all --dry-run`],
    ['one NIC goes', `npm run -s starter -- delete ${web01} --nic ${nic}`],
    ['in the background', `npm run -s starter -- delete ${db01} --all --yes --no-wait`],
    ['how far is it?', `npm run -s starter -- status ${db01}`],
    ['stop it', `npm run -s starter -- cancel ${db01}`],
    [
      'lose the next answer',
      `curl -s ${simulator.url}/_sim/faults -H 'content-type: application/json' \\\n` +
        `    -d '{"match":{"class":"delete"},"what":{"kind":"drop","accepted":true},"times":1}'`,
    ],
    ['… and see the run find out', `npm run -s starter -- delete ${web02} --all`],
    ['what really happened', `curl -s ${simulator.url}/_sim/truth/${web02}`],
    ['what the worker counts', `curl -s http://${metrics}/metrics | grep ^ecs_nics`],
    ['crash the worker', `kill -9 ${worker.pid}   # it is started again`],
  ]) {
    say(`  ${pc.dim(`# ${what}`)}`);
    say(`  ${line}`);
  }
  say();
  say("Ctrl-C ends it. Below: the worker's log.");
  say();

  worker.onLine(say);
  while (await worker.ended()) {
    say(pc.yellow('The worker has ended; it is started again, as a supervisor would.'));
    worker.start();
    say(`worker: process ${worker.pid}`);
  }
}

const quoted = (value: string) =>
  /^[\w./:@-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
