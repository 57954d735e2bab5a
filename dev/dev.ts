/** `npm run dev`: the demo's stack, staying up until Ctrl-C, with a few servers and commands to try. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_TASK_QUEUE } from '../src/contract/names';
import { closeOnSignals } from './closing';
import { accepts, freePort } from './ports';
import type { SimServer } from './simulator';
import { startStack } from './stack';
import { fact, heading, pc, say } from './story';

// Temporal's usual ports, so that tools find it without being told; other ones when these are taken.
const PORTS = { port: 7233, uiPort: 8233 };
// Likewise the worker's.
const WORKER_PORTS = { health: 8081, metrics: 9464 };
const LOOK_EVERY_MS = 2_000;

const HELP = `Usage: npm run dev

Starts a Temporal server with its Web UI, the simulated cloud with three servers, and
the worker, and stays up until Ctrl-C. Prints addresses, and commands to try. With
TEMPORAL_ADDRESS it uses that server, on a queue of its own.
`;

async function main(): Promise<void> {
  const words = process.argv.slice(2);
  if (words.length > 0) {
    const asked = words.length === 1 && (words[0] === '--help' || words[0] === '-h');
    (asked ? process.stdout : process.stderr).write(HELP);
    process.exitCode = asked ? 0 : 2;
    return;
  }
  say(pc.bold('ecs-nics · development stack, which takes some seconds to start'));
  const health = `127.0.0.1:${await freePort(WORKER_PORTS.health)}`;
  const metrics = `127.0.0.1:${await freePort(WORKER_PORTS.metrics)}`;
  const stack = await startStack({
    label: 'dev',
    // What the README's commands use; on a server that others use, too, it would serve their requests.
    ownQueue: DEFAULT_TASK_QUEUE,
    temporal: PORTS,
    workerEnv: {
      ECS_NICS_LOG_FORMAT: 'pretty',
      ECS_NICS_HEALTH_ADDRESS: health,
      ECS_NICS_METRICS_ADDRESS: metrics,
    },
  });
  // The usual way to end it: no failure, and nothing for npm to complain about.
  const release = closeOnSignals(stack, () => process.exit(0));
  const { temporal, simulator, worker, taskQueue } = stack;
  const servers: SimServer[] = [];
  for (const [name, nics] of [
    ['web-01', 4],
    ['web-02', 3],
    ['db-01', 8],
  ] as const) {
    servers.push(await simulator.post<SimServer>('/_sim/servers', { name, nics }));
  }

  say();
  fact('Temporal', `${temporal.address} · ${temporal.origin}`);
  if (temporal.pid !== undefined) fact('', `process ${temporal.pid}`);
  fact('Web UI', temporal.uiUrl ?? 'of that server');
  fact('queue', taskQueue === DEFAULT_TASK_QUEUE ? taskQueue : `${taskQueue}, of this stack alone`);
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
  if (temporal.address === `127.0.0.1:${PORTS.port}` && taskQueue === DEFAULT_TASK_QUEUE)
    say(pc.dim('  # The commands of the README reach this stack also without:'));
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
  void temporal.died.then(async (how) => {
    say();
    say(pc.red(`The Temporal server ${how}: its runs are gone, and nothing here can go on without it.`));
    say('Everything is being ended; `npm run dev` starts anew.');
    release();
    await stack.close();
    process.exit(1);
  });
  if (temporal.pid === undefined) void watch(temporal.address);
  while (await worker.ended()) {
    say(pc.yellow('The worker has ended; it is started again, as a supervisor would.'));
    worker.start();
    say(`worker: process ${worker.pid}`);
  }
}

/** A server of somebody else's may go and come back: the worker waits for it, and so do we. */
async function watch(address: string): Promise<void> {
  const [host = '', port = '7233'] = address.replace(/^\[|\](?=:\d+$)/g, '').split(/:(?=\d+$)/);
  for (let answered = true; ;) {
    await sleep(LOOK_EVERY_MS);
    const answers = await accepts(host, Number(port), 5_000);
    if (answers !== answered)
      say(
        answers
          ? 'The Temporal server answers again.'
          : pc.red(`The Temporal server at ${address} does not answer any more.`),
      );
    answered = answers;
  }
}

const quoted = (value: string) =>
  /^[\w./:@-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
