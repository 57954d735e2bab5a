/** The judge of the image: `Dockerfile`, its entry, `.dockerignore`, `docker-compose.yml` and npm’s two files, read as text. */

export interface Files {
  dockerfile: string;
  /** `image/start.sh` */
  entry: string;
  ignore: string;
  compose: string;
  /** `package.json` */
  manifest: string;
  /** `package-lock.json` */
  lock: string;
}

interface Instruction {
  name: string;
  args: string;
}

interface Rule {
  why: string;
  holds: (image: Image) => boolean;
}

interface Image {
  all: Instruction[];
  /** What ends up in the image that runs. */
  last: Instruction[];
  /** Names of earlier stages. */
  stages: string[];
  /** Lines that do something. */
  entry: string[];
  ignore: string[];
  compose: string;
  /** Of each service of the compose file. */
  services: Record<string, string>;
  /** Names in `dependencies`. */
  production: string[];
  /** Whether `npm ci --omit=dev` leaves out what the lockfile has under that name. */
  leftOut: (name: string) => boolean;
}

/** In an image everybody reads it; TLS and trust are for whoever runs it to decide. */
const NOT_BAKED =
  /(SECRET|PASSWORD|TOKEN|ACCESS_KEY|API_KEY|_SDK_(AK|SK)|_TLS|TLS_REJECT|EXTRA_CA_CERTS|SSL_CERT|ALLOW_HTTP|_PROXY)\w*\s*[= ]/i;
/** What the build needs, and nothing of the rest: no history, no tests, no keys that lie about. */
const WANTED_CONTEXT = [
  'package.json',
  'package-lock.json',
  '.npmrc',
  'tsconfig.json',
  'tsconfig.build.json',
  'simulator',
  'src',
  'image',
];

/** Of the simulator, the tests and the demo. */
const NOT_FOR_PRODUCTION = ['fastify', '@temporalio/testing', 'pino-pretty'];

const of = (instructions: Instruction[], ...names: string[]) =>
  instructions.filter(({ name }) => names.includes(name)).map(({ args }) => args);
const runs = ({ all }: Image) => of(all, 'RUN').join('\n');

export const RULES = {
  base: {
    why:
      'the bridge is built against glibc, for the Node.js that the tests run on; `latest` is another one every month; ' +
      'and one argument is enough to pin every stage by a digest',
    holds: ({ all, stages }) => {
      const bases = of(all, 'FROM').map((args) => args.split(/\s+/)[0] ?? '');
      const foreign = bases.filter((base) => !stages.includes(base));
      // Before the first stage: there alone it holds for every `FROM`.
      const global = all.slice(
        0,
        all.findIndex(({ name }) => name === 'FROM'),
      );
      return (
        foreign.length > 0 &&
        foreign.every((base) => base === '${NODE_IMAGE}') &&
        of(all, 'ARG').filter((args) => args.startsWith('NODE_IMAGE')).length === 1 &&
        of(global, 'ARG').some((args) =>
          /^NODE_IMAGE=node:\d+(\.\d+)*-bookworm-slim(@sha256:[0-9a-f]{64})?$/.test(args),
        )
      );
    },
  },
  user: {
    why: 'what breaks out of the worker is nobody there',
    holds: ({ last }) => {
      const user = of(last, 'USER').at(-1)?.split(':')[0];
      return user !== undefined && !['root', '0'].includes(user);
    },
  },
  'locked packages': {
    why: '`npm ci` alone takes what the lockfile says, by its hash, and changes nothing of it',
    holds: (image) =>
      /\bnpm ci\b/.test(runs(image)) &&
      !/\b(npm (i|install|add|update|exec)|npx|yarn|pnpm)\b/.test(runs(image)),
  },
  'no scripts of packages': {
    why: 'none is needed, and one would run with all rights while the image is built',
    holds: ({ all }) =>
      of(all, 'RUN')
        .flatMap((args) => args.split('&&'))
        .every((each) => !/\bnpm ci\b/.test(each) || each.includes('--ignore-scripts')),
  },
  'no development packages': {
    why: 'a compiler and test tools are a way to do harm, and 200 MB',
    holds: ({ all, last }) => {
      const copies = of(last, 'COPY').filter((args) => /\bnode_modules\b/.test(args));
      return (
        copies.length > 0 &&
        copies.every((args) => {
          const commands = of(stageOf(all, fromOf(args) ?? ''), 'RUN');
          return (
            commands.some((run) => /npm ci\b[^&]*--omit=dev/.test(run)) &&
            !commands.some((run) => /npm ci(?![^&]*--omit=dev)/.test(run))
          );
        })
      );
    },
  },
  'few packages': {
    why: 'what only the simulator, the tests or a developer’s terminal need is one more thing to keep safe',
    holds: ({ production, leftOut }) =>
      NOT_FOR_PRODUCTION.every((name) => !production.includes(name) && leftOut(name)),
  },
  'no simulator': {
    why: 'a cloud that says yes to everything has no place beside the real one',
    holds: ({ all, last, services }) =>
      !of([...last, ...copiedFrom(all, last)], 'COPY', 'RUN', 'CMD', 'ENTRYPOINT').some((args) =>
        /\bsimulator\b/.test(args),
      ) &&
      !/\btarget:/.test(services.worker ?? '') &&
      /target: simulator$/m.test(services.simulator ?? ''),
  },
  'nothing baked in': {
    why: 'everybody who has the image reads it; and whoever runs the worker must be the one who decides on TLS and trust',
    holds: ({ all }) =>
      of(all, 'ENV', 'ARG', 'LABEL').every((args) => !NOT_BAKED.test(`${args} `)) &&
      !/\b(TLS_REJECT_UNAUTHORIZED|strict-ssl)\b/.test(of(all, 'RUN').join('\n')),
  },
  'no foreign programs': {
    why: 'what a download brings today, nobody has tested, and no hash holds it',
    holds: (image) =>
      !/\b(curl|wget)\b|\|\s*(ba|da)?sh\b/.test(runs(image)) &&
      of(image.all, 'ADD').length === 0 &&
      of(image.all, 'COPY')
        .flatMap((args) => fromOf(args) ?? [])
        .every((from) => stageOf(image.all, from).length > 0),
  },
  signals: {
    why: 'a shell in between does not pass SIGTERM on: no drain, and a deletion on its way is cut off',
    holds: ({ last, entry }) => {
      const command = of(last, 'CMD').at(-1);
      const stop = of(last, 'STOPSIGNAL').at(-1);
      return (
        of(last, 'ENTRYPOINT').join() === '["/bin/sh", "/app/start.sh"]' &&
        entry.at(-1) === 'exec "$@"' &&
        command === '["node", "lib/worker.js"]' &&
        (stop === undefined || /TERM|INT/.test(stop))
      );
    },
  },
  heap: {
    why: 'a limit that is fixed is above what a small container has, which is killed then instead of collecting garbage',
    holds: ({ last }) =>
      of(last, 'COPY').some((args) => args === 'image/start.sh ./') &&
      of(last, 'ENV').every((args) => !/\bNODE_OPTIONS\b/.test(args)),
  },
  production: {
    why: 'with it a bundle that is missing is an error, not 1.7 s and 80 MiB at every start',
    holds: ({ last }) => of(last, 'ENV').some((args) => /\bNODE_ENV=production\b/.test(args)),
  },
  bundle: {
    why: 'workflows run as they were built and checked; in the image nothing is there to bundle them with',
    holds: ({ all, last }) => {
      const from = fromOf(of(last, 'COPY').find((args) => /\blib\/?\s/.test(`${args} `)) ?? '');
      return of(stageOf(all, from ?? ''), 'RUN').some((args) => /build-bundle\.js/.test(args));
    },
  },
  probes: {
    why: 'they come from outside the container, where its loopback is not reached',
    holds: ({ last }) =>
      ['HEALTH:8081', 'METRICS:9464'].every((each) => {
        const [name, port] = each.split(':');
        return (
          of(last, 'ENV').some((args) => args.includes(`ECS_NICS_${name}_ADDRESS=0.0.0.0:${port}`)) &&
          of(last, 'EXPOSE')
            .join(' ')
            .split(/\s+/)
            .includes(port ?? '')
        );
      }),
  },
  authorities: {
    why: 'the slim image has none, and without them no server is trusted: `NativeCertsNotFound`',
    holds: ({ last }) => of(last, 'RUN').some((args) => /apt-get install[^&]*\bca-certificates\b/.test(args)),
  },
  health: {
    why: 'who runs the image without an orchestrator sees whether the worker is well; it asks the process, and no shell or further program',
    holds: ({ last }) => of(last, 'HEALTHCHECK').some((args) => /CMD \["node", "-e", .*\/livez/.test(args)),
  },
  context: {
    why: 'what is not sent can’t be copied by mistake: history, tests, `.env` files, packages of another platform',
    holds: ({ ignore }) =>
      ignore[0] === '*' &&
      ignore
        .slice(1)
        .every((line) => WANTED_CONTEXT.includes(line.replace(/^!/, '')) && line.startsWith('!')),
  },
  'little copied': {
    why: 'the image that runs holds the packages, what was built, and the version; no sources and no tests',
    holds: ({ all, last }) =>
      of(all, 'COPY').every(
        (args) =>
          !/(^|\s)(\.|\/|\.git|test|\.env)(\s|$)/.test(args.replace(/--\S+/g, '').replace(/\S+$/, '')),
      ) &&
      of(last, 'COPY').every(
        (args) => args.startsWith('--from=') || ['package.json ./', 'image/start.sh ./'].includes(args),
      ),
  },
  'health checks': {
    why: 'compose starts one after the other, by what they say; `/readyz` is what knows of both workers',
    holds: ({ services }) =>
      Object.values(services).every((text) => text.includes('healthcheck:')) &&
      /healthcheck:[^]*\/readyz/.test(services.worker ?? ''),
  },
  'time to drain': {
    why: 'docker kills after 10 s; the worker has a grace of 20 s, and 10 s to report',
    holds: ({ services }) => Number(/stop_grace_period: (\d+)s/.exec(services.worker ?? '')?.[1] ?? 10) >= 30,
  },
  'ports of this machine': {
    why: 'the dev server asks nobody who they are: whoever reaches it may delete',
    holds: ({ compose }) =>
      [...compose.matchAll(/^\s+- ['"]?([\d.:]+:\d+)['"]?$/gm)].every(([, port]) =>
        port?.startsWith('127.0.0.1:'),
      ),
  },
  'known images': {
    why: 'an exact version does the same tomorrow',
    holds: ({ compose }) =>
      [...compose.matchAll(/image: (\S+)/g)].every(
        ([, image]) => /^ecs-nics(-simulator)?$/.test(image ?? '') || /:\d+\.\d+\.\d+$/.test(image ?? ''),
      ),
  },
  'keys of the simulator only': {
    why: 'a compose file is committed: a key in it is published',
    holds: ({ compose }) =>
      [...compose.matchAll(/(?:_AK|_SK|PASSWORD|TOKEN|KEY): (\S+)/g)].every(([, key]) =>
        /^(SIMULATOR|simulator-)/.test(key ?? ''),
      ),
  },
} satisfies Record<string, Rule>;

export type RuleName = keyof typeof RULES;

/** Which rules the files break. */
export function brokenBy(files: Files): RuleName[] {
  const image = read(files);
  return (Object.keys(RULES) as RuleName[]).filter((name) => !RULES[name].holds(image));
}

function read({ dockerfile, entry, ignore, compose, manifest, lock }: Files): Image {
  const all = dockerfile
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => ({
      name: line.trim().split(/\s+/)[0]!.toUpperCase(),
      args: line.trim().replace(/^\S+\s+/, ''),
    }));
  const begins = all.flatMap(({ name }, index) => (name === 'FROM' ? [index] : []));
  const lines = (text: string) =>
    text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const services = compose
    .replace(/^\s*#.*\n/gm, '')
    .split(/^ {2}(?=\w+:$)/m)
    .slice(1);
  const { dependencies } = JSON.parse(manifest) as { dependencies: object };
  const locked = (JSON.parse(lock) as { packages: Record<string, { dev?: boolean }> }).packages;
  return {
    all,
    last: all.slice(begins.at(-1)),
    stages: of(all, 'FROM').flatMap((args) => / AS (\S+)/i.exec(args)?.[1] ?? []),
    entry: lines(entry),
    ignore: lines(ignore),
    compose: compose.replace(/^\s*#.*\n/gm, ''),
    services: Object.fromEntries(services.map((text) => [text.slice(0, text.indexOf(':')), text])),
    production: Object.keys(dependencies),
    leftOut: (name) => locked[`node_modules/${name}`]?.dev === true,
  };
}

/** What a `COPY` copies from, when that is not the context. */
const fromOf = (args: string) => /--from=(\S+)/.exec(args)?.[1];

/** @param stage its name, or its number: Docker takes both */
function stageOf(all: Instruction[], stage: string): Instruction[] {
  const begins = all.flatMap(({ name }, index) => (name === 'FROM' ? [index] : []));
  const begin = /^\d+$/.test(stage)
    ? begins[Number(stage)]
    : begins.find((index) => all[index]!.args.toLowerCase().endsWith(` as ${stage}`.toLowerCase()));
  if (begin === undefined) return [];
  const end = all.findIndex(({ name }, index) => name === 'FROM' && index > begin);
  return all.slice(begin, end < 0 ? undefined : end);
}

/** All stages that instructions copy from, and those they are built on. */
function copiedFrom(all: Instruction[], instructions: Instruction[]): Instruction[] {
  const names = [
    ...of(instructions, 'COPY').flatMap((args) => fromOf(args) ?? []),
    ...of(instructions, 'FROM').map((args) => args.split(/\s+/)[0] ?? ''),
  ];
  return names.flatMap((name) => {
    const stage = stageOf(all, name);
    return [...stage, ...copiedFrom(all, stage)];
  });
}
