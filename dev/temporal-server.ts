/** The Temporal server of demo, dev stack and tests: one that runs already, or one of our own on free ports. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { SEARCH_ATTRIBUTE } from '../src/contract/names';
import { dieWithUs } from './guard';
import { accepts, freePort, until } from './ports';
import { stop } from './processes';
import { root } from './root';
import { findTemporal } from './temporal-binary';
import type { Environment, Log } from './temporal-binary';

export interface TemporalOptions {
  /** Where to look for a server; default: `process.env`. */
  env?: Environment;
  /** Wanted ports; others are taken when these are not free. Default: any free ones. */
  port?: number;
  uiPort?: number;
  /** Keeps everything in this file instead of memory: for tests that restart the server. */
  dbFilename?: string;
  extraArgs?: string[];
  log?: Log;
}

export interface Temporal {
  address: string;
  namespace: string;
  /** `undefined` for a server of somebody else's, unless TEMPORAL_UI_URL says it. */
  uiUrl: string | undefined;
  /** What a client or worker needs in its environment, and all it may have of `TEMPORAL_*`. */
  env: Record<string, string>;
  /** `undefined`: not started by us. */
  pid: number | undefined;
  /** For people: where the server comes from. */
  origin: string;
  /** Resolves to how it ended, when it has ended by itself or by somebody's hand; never for one that we have not started. */
  died: Promise<string>;
  close(): Promise<void>;
}

/** Instead of the user's profile files. */
const NO_PROFILE = { TEMPORAL_CONFIG_FILE: join(root, 'dev/temporal.toml') };

// Of no concern to a stack of our own, or turned off above.
const NOT_PASSED_ON = /^TEMPORAL_(CLI_PATH|CONFIG_FILE|PROFILE|DEPLOYMENT_NAME|WORKER_BUILD_ID|DEBUG)$/;

export const toStandardError: Log = (line) => void process.stderr.write(`[ecs-nics] ${line}\n`);

export async function startTemporal(options: TemporalOptions = {}): Promise<Temporal> {
  const { env = process.env, log = toStandardError } = options;
  const found = await findTemporal(env, log);
  return found.kind === 'address' ? useServer(found.address, env) : startServer(found, options);
}

async function useServer(address: string, env: Environment): Promise<Temporal> {
  const [host = '', port] = address.replace(/^\[|\](?=:\d+$)/g, '').split(/:(?=\d+$)/);
  if (!(await accepts(host, Number(port ?? 7233), 5_000))) {
    throw new Error(`TEMPORAL_ADDRESS=${address}: nothing accepts connections there.`);
  }
  const passed = Object.entries(env).filter(
    (entry): entry is [string, string] =>
      entry[0].startsWith('TEMPORAL_') && !NOT_PASSED_ON.test(entry[0]) && entry[1] !== undefined,
  );
  return {
    address,
    namespace: env.TEMPORAL_NAMESPACE || 'default',
    uiUrl: env.TEMPORAL_UI_URL,
    env: { ...Object.fromEntries(passed), ...NO_PROFILE },
    pid: undefined,
    origin: 'a running one, from TEMPORAL_ADDRESS',
    died: new Promise(() => {}),
    close: async () => {},
  };
}

async function startServer(
  program: { path: string; version: string; from: string },
  options: TemporalOptions,
): Promise<Temporal> {
  // Somebody else may take a port between our look and the server's: then it ends at once, and other ports are tried.
  for (let attempt = 1; ; attempt++) {
    const port = await freePort(options.port);
    const uiPort = await freePort(options.uiPort);
    const httpPort = await freePort();
    const child = spawn(program.path, serverArguments({ port, uiPort, httpPort }, options), {
      // In a group of its own, so that Ctrl-C doesn't take the server from under a worker that is draining.
      detached: process.platform !== 'win32',
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    dieWithUs(child);
    let words = '';
    child.stderr.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-8_000)));
    let over: string | undefined;
    child.once('error', (error) => (over = error.message));
    child.once('exit', (code, signal) => (over = `ended with ${signal ?? `exit code ${code}`}`));
    let closing = false;
    const uiUrl = `http://127.0.0.1:${uiPort}`;
    const ready = () => accepts('127.0.0.1', port).then((open) => open && isServing(httpPort));
    if (await until(ready, 60_000, () => over !== undefined)) {
      const address = `127.0.0.1:${port}`;
      return {
        address,
        namespace: 'default',
        uiUrl,
        env: {
          TEMPORAL_ADDRESS: address,
          TEMPORAL_NAMESPACE: 'default',
          TEMPORAL_UI_URL: uiUrl,
          ...NO_PROFILE,
        },
        pid: child.pid,
        origin: `Temporal CLI ${program.version} from ${program.from}`,
        died: new Promise((fulfil) => {
          const tell = () => {
            if (!closing) fulfil(over ?? 'ended');
          };
          if (over === undefined) child.once('exit', tell);
          else tell();
        }),
        // What lives in memory needs no farewell; a polite end takes the server a second.
        close: () => {
          closing = true;
          return stop(child, options.dbFilename === undefined ? 0 : 5_000);
        },
      };
    }
    await stop(child);
    if (attempt === 3 || !over) {
      throw new Error(
        `The Temporal server ${program.path} ${over ?? 'did not answer within 60 s'}.\n${words.trim()}`,
      );
    }
  }
}

function serverArguments(
  ports: Record<'port' | 'uiPort' | 'httpPort', number>,
  options: TemporalOptions,
): string[] {
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--log-level', 'error', '--port', String(ports.port)],
    ...['--ui-port', String(ports.uiPort), '--http-port', String(ports.httpPort)],
    ...Object.values(SEARCH_ATTRIBUTE).flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
    ...(options.dbFilename === undefined ? [] : ['--db-filename', options.dbFilename]),
    ...(options.extraArgs ?? []),
  ];
}

/** Asked over the server's own HTTP API: no client to load, and none of gRPC's waits after a refused connection. */
async function isServing(httpPort: number): Promise<boolean> {
  try {
    const url = `http://127.0.0.1:${httpPort}/api/v1/namespaces/default/search-attributes`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    return (await answer.text()).includes(SEARCH_ATTRIBUTE.decommissionRun) && answer.ok;
  } catch {
    return false;
  }
}
