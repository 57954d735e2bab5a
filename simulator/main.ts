#!/usr/bin/env node
import { parseArgs } from 'node:util';
import type { Knobs, SimulatorOptions } from './index';
import { DEFAULTS, ScaledClock, createSimulator } from './index';

const HELP = `Usage: ecs-nics-simulator [options]

A simulated Huawei Cloud (ECS, VPC, IAM and the metadata service) on one port.

  --host <address>        default ${DEFAULTS.host}
  --port <port>           default ${DEFAULTS.port}; 0: any free one
  --project <id>          default $SIMULATOR_PROJECT, else ${DEFAULTS.projectId}
  --other-project <id>    one more project, in which none of the servers and ports exists; may be given several times
  --region <name>         default ${DEFAULTS.region}
  --ak, --sk <key>        default $SIMULATOR_AK, $SIMULATOR_SK, else the fake pair of the README
  --security-token <t>    makes the keys temporary: requests must carry it
  --token <token>         also accept this X-Auth-Token
  --domain, --user, --password <text>
                          who may log in; default $SIMULATOR_DOMAIN, $SIMULATOR_USER, $SIMULATOR_PASSWORD, else the
                          fake ones of the README
  --token-seconds <n>     how long a token is valid, in simulated seconds; default 86400
  --no-agency             the metadata service has no keys to give
  --agency-key-seconds <n>
                          how long the keys it gives are valid, in simulated seconds; default 86400
  --no-auth               trust every caller
  --time-scale <n>        simulated time passes n times faster; default 1
  --seed <n>              all ids, durations and chances follow from it; default ${DEFAULTS.seed}
  --servers <n>           servers that exist from the start; default 0
  --nics <n>              NICs of each, 1 to 12; default ${DEFAULTS.nicsPerServer}
  --job-seconds <n>       how long a job takes, in simulated seconds; default 12
  --help

Prints one line of JSON with its address, then serves until SIGTERM or SIGINT. Control interface: /_sim/ (README).
`;

/** Exit code for a bad command line. */
const USAGE = 2;

class UsageError extends Error {}

function main(): void {
  let settings: Settings | null;
  try {
    settings = read(process.argv.slice(2), process.env);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\nTry --help.\n`);
    process.exitCode = USAGE;
    return;
  }
  if (!settings) {
    process.stdout.write(HELP);
    return;
  }
  run(settings).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}

interface Settings {
  host: string;
  port: number;
  servers: number;
  nics: number;
  options: SimulatorOptions;
}

async function run({ host, port, servers, nics, options }: Settings): Promise<void> {
  const simulator = createSimulator({
    ...options,
    servers: Array.from({ length: servers }, () => ({ nics })),
  });
  const address = await simulator.listen({ host, port });
  const stop = () => void simulator.close().then(() => process.exit(0));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  const { projectId, region } = simulator;
  process.stdout.write(`${JSON.stringify({ simulator: address, project: projectId, region })}\n`);
}

/** Null: help was asked for. */
function read(args: string[], env: NodeJS.ProcessEnv): Settings | null {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args,
    options: {
      host: text,
      port: text,
      project: text,
      'other-project': { ...text, multiple: true },
      region: text,
      ak: text,
      sk: text,
      'security-token': text,
      token: { ...text, multiple: true },
      domain: text,
      user: text,
      password: text,
      'token-seconds': text,
      'no-agency': { type: 'boolean' },
      'agency-key-seconds': text,
      'no-auth': { type: 'boolean' },
      'time-scale': text,
      seed: text,
      servers: text,
      nics: text,
      'job-seconds': text,
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return null;
  const securityToken = values['security-token'];
  const scale = number('time-scale', values['time-scale'], 1, 0.001, 1_000_000);
  const seconds = (name: 'job-seconds' | 'token-seconds' | 'agency-key-seconds', knob: keyof Knobs) =>
    values[name] === undefined ? {} : { [knob]: number(name, values[name], 0, 0, 1_000_000) };
  return {
    host: values.host ?? DEFAULTS.host,
    port: integer('port', values.port, DEFAULTS.port, 0, 65_535),
    servers: integer('servers', values.servers, 0, 0, 100_000),
    nics: integer('nics', values.nics, DEFAULTS.nicsPerServer, 1, 12),
    options: {
      projectId: values.project ?? env['SIMULATOR_PROJECT'] ?? DEFAULTS.projectId,
      otherProjects: values['other-project'] ?? [],
      region: values.region ?? DEFAULTS.region,
      keys: [
        {
          ak: values.ak ?? env['SIMULATOR_AK'] ?? DEFAULTS.ak,
          sk: values.sk ?? env['SIMULATOR_SK'] ?? DEFAULTS.sk,
          ...(securityToken === undefined ? {} : { securityToken }),
        },
      ],
      tokens: (values.token ?? []).map((token) => ({ token })),
      users: [
        {
          domain: values.domain ?? env['SIMULATOR_DOMAIN'] ?? DEFAULTS.domain,
          name: values.user ?? env['SIMULATOR_USER'] ?? DEFAULTS.user,
          password: values.password ?? env['SIMULATOR_PASSWORD'] ?? DEFAULTS.password,
        },
      ],
      auth: values['no-auth'] ? 'none' : 'verify',
      seed: integer('seed', values.seed, DEFAULTS.seed, 0, 2 ** 31),
      ...(scale === 1 ? {} : { clock: new ScaledClock(scale) }),
      knobs: {
        ...seconds('job-seconds', 'jobSeconds'),
        ...seconds('token-seconds', 'tokenSeconds'),
        ...seconds('agency-key-seconds', 'agencyKeySeconds'),
        ...(values['no-agency'] ? { agency: false } : {}),
      },
    },
  };
}

function number(
  name: string,
  value: string | undefined,
  initial: number,
  least: number,
  most: number,
): number {
  if (value === undefined) return initial;
  const parsed = Number(value);
  if (value.trim() === '' || !(parsed >= least && parsed <= most)) {
    throw new UsageError(`--${name} must be a number from ${least} to ${most}, not "${value}"`);
  }
  return parsed;
}

function integer(
  name: string,
  value: string | undefined,
  initial: number,
  least: number,
  most: number,
): number {
  const parsed = number(name, value, initial, least, most);
  if (!Number.isInteger(parsed))
    throw new UsageError(`--${name} must be a whole number, not "${value ?? ''}"`);
  return parsed;
}

main();
