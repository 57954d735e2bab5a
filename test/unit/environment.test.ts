/** Every variable wrong in every way, many at once: each is named with its remedy in one message, and no secret is in it. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { ConfigError, inspectConfig } from '../../src/worker/config';
import { DEFAULT_TASK_QUEUE, taskQueueFrom } from '../../src/contract';
import { readTarget } from '../../src/client/target';
import type { Variable } from '../../src/contract/variables';
import { VARIABLES } from '../../src/contract/variables';
import { nastyText, runs, TEST_TIMEOUT, unfit } from '../support/rubbish';

vi.setConfig({ testTimeout: TEST_TIMEOUT });

const SECRET = 'sEcReT-that-must-not-show';
const lib = mkdtempSync(join(tmpdir(), 'ecs-nics-'));
afterAll(() => rmSync(lib, { recursive: true }));

type Env = Record<string, string>;

/** As `process.env` can hold it, and not what counts as not set. */
const text = fc.oneof(nastyText, fc.constant(SECRET)).filter((it) => it.trim() !== '' && !it.includes('\0'));
const besides = (right: RegExp) => text.filter((it) => !right.test(it.trim()));
const noNumber = fc.oneof(
  besides(/^[\d.]+$/),
  fc.constantFrom('0', '-1', '0.4', '1001', 'NaN', 'Infinity', '1,5', '１０', '10/s', '0x'),
);
const noAddress = fc.oneof(
  besides(/^off$/i),
  fc.constantFrom(
    '8081',
    ':8081',
    '127.0.0.1',
    '127.0.0.1:0',
    '127.0.0.1:65536',
    '[::1',
    'worker:1',
    '1.2.3:4',
  ),
);
const noEndpoint = fc.oneof(
  besides(/^https:\/\/[\w.]+$/),
  fc.constantFrom(
    'http://ecs.example',
    'https://',
    'https://a b',
    `https://u:${SECRET}@x`,
    `https://x/${SECRET}`,
  ),
  fc.constantFrom('ftp://x', 'https://x?a', 'https://x#a', 'javascript:alert(1)', 'file:///etc/passwd'),
);

const noDomain = fc.oneof(
  besides(/^[\w.-]+$/),
  fc.constantFrom('myhuaweicloud', 'https://x.com', '-a.com', 'a..b'),
);
const noDuration = fc.oneof(
  besides(/^\d/),
  fc.constantFrom('-1', '2h', '20', '1.5s', '1 year', '5 fortnights'),
);

/** What no value of a kind may be; `null`: any will do, or a test of its own says what will not. */
function wrongOf(name: string, row: Variable): fc.Arbitrary<string> | null {
  switch (row.kind) {
    case 'required':
      return besides(row.pattern);
    case 'number':
      return noNumber;
    case 'duration':
      return noDuration;
    case 'address':
      return noAddress;
    case 'domain':
      return noDomain;
    case 'choice':
      return besides(new RegExp(`^(${row.values.join('|')})$`));
    case 'endpoint':
      return row.only === undefined
        ? noEndpoint
        : fc.oneof(noEndpoint, fc.constantFrom('https://x', 'http://169.254.169.254'));
    case 'switch':
    case 'text':
      return BY_NAME[name] ?? null;
  }
}
const BY_NAME: Record<string, fc.Arbitrary<string>> = {
  https_proxy: fc.constantFrom(`socks5://${SECRET}@x`, `https://u:${SECRET}@x`, `http://x/${SECRET}`),
  ECS_NICS_TASK_QUEUE: fc.constantFrom('a b', 'a\tb', 'a\u202Eb', 'x'.repeat(201)),
};

const ROWS = Object.entries<Variable>(VARIABLES).filter(([, { of }]) => of !== 'starter');
/** Of the variables that the worker's own configuration reads, every one that can be wrong. */
const WRONG: Record<string, fc.Arbitrary<string>> = Object.fromEntries(
  ROWS.flatMap(([name, row]) => {
    const wrong = wrongOf(name, row);
    return wrong === null ? [] : [[name, wrong]];
  }),
);
const RIGHT: Env = {
  HUAWEICLOUD_SDK_PROJECT_ID: '0123456789abcdef0123456789abcdef',
  HUAWEICLOUD_SDK_REGION_ID: 'eu-west-101',
  HUAWEICLOUD_ECS_ENDPOINT: 'https://ecs.example',
  HUAWEICLOUD_VPC_ENDPOINT: ' http://127.0.0.1:8900 ',
  HUAWEICLOUD_IAM_ENDPOINT: '',
  ECS_NICS_TASK_QUEUE: ' Schlange-ü \n',
  ECS_NICS_CLOUD_RPS: '0.5',
  ECS_NICS_HEALTH_ADDRESS: 'OFF',
  ECS_NICS_METRICS_ADDRESS: '[::]:9464',
  ECS_NICS_SHUTDOWN_GRACE: '1 hour',
  ECS_NICS_LOG_LEVEL: 'warn',
  ECS_NICS_LOG_FORMAT: '  ',
};
const keys = { HUAWEICLOUD_SDK_AK: 'AK', HUAWEICLOUD_SDK_SK: SECRET };

/** Credentials that can't be used, and the variable that is named for it. */
const CREDENTIALS: [Env, string][] = [
  [{ HUAWEICLOUD_SDK_SK: SECRET }, 'HUAWEICLOUD_SDK_AK'],
  [{ ...keys, HUAWEICLOUD_SDK_AK: `a ${SECRET}` }, 'HUAWEICLOUD_SDK_AK'],
  [{ ...keys, HUAWEICLOUD_SDK_SK: `${SECRET}ü` }, 'HUAWEICLOUD_SDK_SK'],
  [{ ...keys, HUAWEICLOUD_SDK_SECURITY_TOKEN: `x\n${SECRET}` }, 'HUAWEICLOUD_SDK_AK'],
  [{ HW_ACCESS_KEY: SECRET }, 'HW_SECRET_KEY'],
  [{ HW_USER_NAME: 'u', HW_USER_PASSWORD: SECRET }, 'HW_DOMAIN_NAME'],
  [{ HW_DOMAIN_NAME: 'd', HW_USER_NAME: 'u', HW_USER_PASSWORD: `a\u0007${SECRET}` }, 'HW_USER_PASSWORD'],
  [{ HW_AUTH_TOKEN: `${SECRET} ${SECRET}` }, 'HW_AUTH_TOKEN'],
  [{ ...keys, TEMPORAL_DEPLOYMENT_NAME: 'd' }, 'TEMPORAL_WORKER_BUILD_ID'],
];

describe('the environment of the worker', () => {
  it('each wrong variable is named, each right one is not, and nothing is quoted that is secret', () => {
    const wrong = fc
      .subarray(Object.keys(WRONG), { minLength: 1 })
      .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, WRONG[name]!]))));
    fc.assert(
      fc.property(
        wrong,
        fc.constantFrom<[Env, string | null]>([keys, null], ...CREDENTIALS),
        (bad, [creds, lack]) => {
          const { problems } = inspectConfig({ ...RIGHT, ...bad, ...creds }, lib, false);
          const { message } = new ConfigError(problems);
          const named = [...Object.keys(bad), ...(lack === null ? [] : [lack])];
          for (const name of named) expect(problems.some((problem) => problem.includes(name))).toBe(true);
          expect(problems).toHaveLength(named.length);
          expect(unfit(message, 5_000)).toBeNull();
          // What is short and no address may be shown as it is; a secret is none of that.
          expect(shownBut(message, bad)).not.toContain(SECRET);
        },
      ),
      runs(400),
    );
  });

  it('the table names all that can be wrong', () => {
    expect(Object.keys(WRONG).length).toBeGreaterThan(14);
    for (const [name, { secret }] of ROWS) if (secret) expect(name in WRONG).toBe(name === 'https_proxy');
  });

  it('all that is right passes, padded or empty as files and templates leave it', () => {
    const { config, problems } = inspectConfig({ ...RIGHT, ...keys }, lib, false);
    expect(problems).toEqual([]);
    expect([config.taskQueue, config.logFormat]).toEqual(['Schlange-ü', 'json']);
  });
});

/** Numbers, durations and addresses to listen at are quoted: nobody keeps a secret there. */
function shownBut(message: string, bad: Partial<Env>): string {
  const quoted = ROWS.filter(([, { kind }]) => ['number', 'duration', 'address'].includes(kind));
  const lines = message
    .split('\n')
    .filter((line) => !quoted.some(([name]) => name in bad && line.includes(name)));
  return lines.join('\n');
}

describe.each(['\u200B', '\u2060', '\u00AD', '\u200E', '\u00A0'])('an invisible %j', (it_) => {
  const name = `U+${it_.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
  const around = (value: string) => `${value.slice(0, 3)}${it_}${value.slice(3)}`;

  it.each<[string, string]>([
    ['HUAWEICLOUD_SDK_PROJECT_ID', RIGHT.HUAWEICLOUD_SDK_PROJECT_ID ?? ''],
    ['HUAWEICLOUD_SDK_REGION_ID', 'eu-west-101'],
    ['HW_CLOUD', 'myhuaweicloud.eu'],
    ['HUAWEICLOUD_SDK_AK', 'AKAKAK'],
    ['HUAWEICLOUD_SDK_SK', SECRET],
    ['HUAWEICLOUD_SDK_SECURITY_TOKEN', SECRET],
    ['ECS_NICS_TASK_QUEUE', 'ecs-nics'],
    ['ECS_NICS_CLOUD_RPS', '0.500'],
    ['ECS_NICS_HEALTH_ADDRESS', '127.0.0.1:8081'],
    ['ECS_NICS_LOG_LEVEL', 'info'],
    ['ECS_NICS_AUDIT_LOG', '/no/such/folder/file'],
  ])('in %s is named, and no secret with it', (variable, value) => {
    const { problems } = inspectConfig({ ...RIGHT, ...keys, [variable]: around(value) }, lib, false);
    expect(problems).toEqual([expect.stringContaining(variable.replace(/_S(K|ECURITY_TOKEN)$/, ''))]);
    expect(problems.join()).toContain(name);
    expect(problems.join()).not.toContain(SECRET.slice(3));
    expect(problems.join()).not.toContain(SECRET.slice(0, 3));
  });

  it.each([
    'TEMPORAL_ADDRESS',
    'TEMPORAL_NAMESPACE',
    'TEMPORAL_API_KEY',
    'TEMPORAL_TLS',
    'TEMPORAL_GRPC_META_X',
  ])('in %s is named, and no secret with it', (variable) => {
    const { problems } = readTarget({ [variable]: around(SECRET), HOME: '/no' });
    expect(problems).toEqual([
      expect.stringMatching(new RegExp(`^${variable}\\b.*\\${name.replace('U+', 'bU\\+')}\\b`)),
    ]);
    if (/KEY|META/.test(variable)) expect(problems.join()).not.toContain(SECRET.slice(3));
  });
});

describe('a password', () => {
  it('is sent as it is, also with spaces at its ends; the rest may be padded', async () => {
    let body = '';
    const iam = createServer((asked, answer) => {
      asked.on('data', (piece: Buffer) => (body += piece.toString()));
      asked.on('end', () => answer.writeHead(401).end('{}'));
    }).listen(0, '127.0.0.1');
    await once(iam, 'listening');
    const login = { HW_DOMAIN_NAME: ' d ', HW_USER_NAME: ' u\n', HW_USER_PASSWORD: ` ${SECRET} ` };
    const endpoint = `http://127.0.0.1:${(iam.address() as AddressInfo).port}`;
    const env = { ...RIGHT, ...login, HUAWEICLOUD_IAM_ENDPOINT: endpoint };
    const { config, problems } = inspectConfig(env, lib, false);
    expect(problems).toEqual([]);
    const request = { method: 'GET', path: '/', headers: { host: 'h' }, body: null };
    await expect(config.credentials.authorize(request, Date.now())).rejects.toThrow();
    iam.close();
    expect(body).toContain(`"password":" ${SECRET} "`);
    expect(body).toContain('"name":"u"');
    expect(body).toContain('"name":"d"');
  });
});

describe('where Temporal is', () => {
  const file = join(lib, 'temporal.toml');
  const read = (env: Env) => readTarget({ TEMPORAL_CONFIG_FILE: '/no/such/file', ...env });

  it('blank is unset, and ends are trimmed, for every variable alike', () => {
    const blank = [
      'TEMPORAL_ADDRESS',
      'TEMPORAL_NAMESPACE',
      'TEMPORAL_TLS',
      'TEMPORAL_API_KEY',
      'TEMPORAL_PROFILE',
    ];
    for (const nothing of ['', ' ', '\n'])
      expect(read(Object.fromEntries(blank.map((name) => [name, nothing])))).toEqual(read({}));
    const { target } = read({
      TEMPORAL_ADDRESS: ' temporal:7233\r\n',
      TEMPORAL_TLS: 'true\n',
      TEMPORAL_API_KEY: 'k\n',
    });
    expect(target).toMatchObject({ address: 'temporal:7233', options: { apiKey: 'k' } });
  });

  it('each wrong variable is named, and nothing secret with it', () => {
    const WRONG_TEMPORAL: Record<string, fc.Arbitrary<string>> = {
      TEMPORAL_ADDRESS: fc.oneof(
        fc.constantFrom(
          'http://x:1',
          'dns:///x:1',
          'x:',
          ':1',
          'x:0',
          'x:65536',
          'x:1:2',
          'a b',
          '[::1',
          '::1',
        ),
        nastyText.map((it) => `x:${it}z`),
      ),
      TEMPORAL_NAMESPACE: fc.constantFrom('a b', 'a\u202Eb', 'x'.repeat(1_001)),
      TEMPORAL_API_KEY: fc.constantFrom(`a ${SECRET}`, `${SECRET}\nx`, `${SECRET}ü`),
      TEMPORAL_TLS: fc.constantFrom('TRUE', 'yes', 'off', '2'),
      TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: fc.constantFrom('no', 'True'),
      TEMPORAL_TLS_CLIENT_KEY_DATA: fc.constant(SECRET),
      TEMPORAL_GRPC_META_X: fc.constantFrom(`${SECRET}\nx`, `ü ${SECRET}`),
    };
    const wrong = fc
      .subarray(Object.keys(WRONG_TEMPORAL), { minLength: 1 })
      .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, WRONG_TEMPORAL[name]!]))));
    fc.assert(
      fc.property(wrong, (bad) => {
        const { target, problems } = read(bad);
        expect(target).toBeNull();
        const message = problems.join('\n');
        for (const name of Object.keys(bad)) expect(message).toContain(name.replace('_DATA', ''));
        expect(problems).toHaveLength(Object.keys(bad).length);
        expect(unfit(message, 3_000)).toBeNull();
        expect(message).not.toContain(SECRET);
      }),
      runs(200),
    );
  });

  it.each<[string, Env, RegExp]>([
    ['a profile that is not there', { TEMPORAL_PROFILE: 'nope' }, /^TEMPORAL_\*: Profile 'nope' not found/],
    [
      'a certificate that is not there',
      { TEMPORAL_TLS_CLIENT_CERT_PATH: '/no/cert', TEMPORAL_TLS_CLIENT_KEY_PATH: '/no/key' },
      /the file that TEMPORAL_TLS_CLIENT_CERT_PATH names can't be read \(ENOENT\)/,
    ],
    [
      'a key where its path belongs',
      { TEMPORAL_TLS_CLIENT_CERT_DATA: 'c', TEMPORAL_TLS_CLIENT_KEY_PATH: 'MIIEvQ'.repeat(60) },
      /^TEMPORAL_\*: the file that TEMPORAL_TLS_CLIENT_KEY_PATH names can't be read \(ENAMETOOLONG\)$/,
    ],
    ...(['1', 'true'] as const).map((word): [string, Env, RegExp] => [
      `a host that is not to be verified (${word})`,
      { TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: word },
      /^TEMPORAL_TLS_DISABLE_HOST_VERIFICATION.*TEMPORAL_TLS_SERVER_NAME$/,
    ]),
    [
      'certificates that are not to be verified',
      { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
      /^NODE_TLS_REJECT_UNAUTHORIZED=0.*NODE_EXTRA_CA_CERTS.*TEMPORAL_TLS_SERVER_CA_CERT_PATH/,
    ],
    [
      'an API key without TLS to another machine',
      { TEMPORAL_ADDRESS: 'temporal.internal:7233', TEMPORAL_API_KEY: SECRET, TEMPORAL_TLS: 'false' },
      /^TEMPORAL_API_KEY would be sent to temporal\.internal in clear text: set TEMPORAL_TLS=true/,
    ],
    [
      'the same, by another name of no loopback',
      { TEMPORAL_ADDRESS: '127.0.0.1.example.com', TEMPORAL_API_KEY: SECRET, TEMPORAL_TLS: '0' },
      /in clear text/,
    ],
    [
      'the same, by a name that the network may answer for',
      { TEMPORAL_ADDRESS: 'temporal.localhost', TEMPORAL_API_KEY: SECRET, TEMPORAL_TLS: '0' },
      /in clear text/,
    ],
    [
      'a proof of one’s own without TLS',
      { TEMPORAL_ADDRESS: 'temporal.internal', TEMPORAL_GRPC_META_AUTHORIZATION: `Bearer ${SECRET}` },
      /^TEMPORAL_GRPC_META_… would be sent to temporal\.internal in clear text/,
    ],
    [
      'the same twice',
      { TEMPORAL_TLS_SERVER_CA_CERT_PATH: 'a', TEMPORAL_TLS_SERVER_CA_CERT_DATA: 'b' },
      /both/,
    ],
  ])('%s', (_name, env, expected) => {
    expect(read(env)).toEqual({ target: null, problems: [expect.stringMatching(expected)] });
  });

  it('an API key without TLS is refused from a profile file, too', () => {
    const profile = (address: string) =>
      `[profile.default]\naddress = "${address}"\napi_key = "${SECRET}"\n[profile.default.tls]\ndisabled = true\n`;
    writeFileSync(file, profile('temporal.internal:7233'));
    const { target, problems } = readTarget({ TEMPORAL_CONFIG_FILE: file });
    expect([target, problems]).toEqual([null, [expect.stringMatching(/in clear text.*tls\.disabled/)]]);
    expect(problems.join()).not.toContain(SECRET);
    writeFileSync(file, profile('127.0.0.1:7233'));
    expect(readTarget({ TEMPORAL_CONFIG_FILE: file }).problems).toEqual([]);
  });

  it.each([
    `[profile.default]\napi_key = "${SECRET}\n`,
    `[profile.default]\napi_key = ${SECRET}\n`,
    `${SECRET} = 1\n`,
    `[profile.default]\naddress = 5\napi_key = "${SECRET}"\n`,
    '\u0000\u0001\ufffd',
  ])('a profile file of rubbish is named, and not quoted: %j', (content) => {
    writeFileSync(file, content);
    const { target, problems } = readTarget({ TEMPORAL_CONFIG_FILE: file });
    expect([target, problems.length]).toEqual([null, 1]);
    expect(problems.join()).not.toContain(SECRET);
  });

  it.each<[string, string]>([
    ['nothing', ''],
    ['comments', '# none yet\n'],
    ['blanks, and a comment without an end', ' \t\r\n\n  # [profile'],
    ['a table without profiles', '[profile]\n'],
    ['a byte order mark', '\uFEFF'],
  ])('a profile file that holds %s is an empty one', (_name, content) => {
    writeFileSync(file, content);
    expect(readTarget({ TEMPORAL_CONFIG_FILE: file })).toEqual(read({}));
    expect(readTarget({ TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'prod' }).problems).toEqual([
      expect.stringMatching(/^TEMPORAL_\*: Profile 'prod' not found/),
    ]);
    expect(readTarget({ TEMPORAL_CONFIG_FILE: file, TEMPORAL_ADDRESS: 'x:1' }).target?.address).toBe('x:1');
    mkdirSync(join(lib, 'xdg/temporalio'), { recursive: true });
    writeFileSync(join(lib, 'xdg/temporalio/temporal.toml'), content);
    expect(readTarget({ XDG_CONFIG_HOME: join(lib, 'xdg') })).toEqual(read({}));
  });

  it.each<[string, string]>([
    ['a profile that is a text', 'profile.default = "x"\n'],
    ['a profile that is a list', `[[profile.default]]\napi_key = "${SECRET}"\n`],
    ['headers that are a number', '[profile.default]\ngrpc_meta = 5\n'],
    ['no profile for its settings', `address = "x:1"\napi_key = "${SECRET}"\n`],
    ['a table of another tool', '[other]\nx = 1\n'],
    ['profiles as a text', 'profile = "x"\n'],
    ['a certificate that is a number', '[profile.default.tls]\nclient_cert_path = 5.5\n'],
  ])('of a file with %s no words of a library are passed on', (_name, content) => {
    writeFileSync(file, content);
    const { problems } = readTarget({ TEMPORAL_CONFIG_FILE: file, TEMPORAL_GRPC_META_X: 'y' });
    if (content !== 'profile = "x"\n' && !content.startsWith('[[')) expect(problems).toHaveLength(1);
    expect(problems.join()).not.toMatch(/undefined|Cannot|propert|argument|ERR_|Received/);
    expect(problems.join()).not.toContain(SECRET);
  });

  it('a file with a byte order mark is read', () => {
    writeFileSync(file, '\uFEFF[profile.default]\naddress = "a:1"\n');
    expect(readTarget({ TEMPORAL_CONFIG_FILE: file }).target?.address).toBe('a:1');
  });

  it('the usual file is found as by every SDK', () => {
    for (const [env, folder] of [
      [{ HOME: join(lib, 'home') }, 'home/.config'],
      [{ XDG_CONFIG_HOME: join(lib, 'config'), HOME: '/nowhere' }, 'config'],
    ] as const) {
      mkdirSync(join(lib, folder, 'temporalio'), { recursive: true });
      writeFileSync(join(lib, folder, 'temporalio/temporal.toml'), '[profile.default]\naddress = "here:1"\n');
      expect(readTarget(env).target?.address).toBe('here:1');
    }
  });

  it.each<[string, Env]>([
    ['no home', {}],
    ['an empty home', { HOME: '' }],
    ['a home that is not there', { HOME: '/no/such/home' }],
    ['a home that is a file', { HOME: '/dev/null' }],
    ['a home below a file', { HOME: '/dev/null/x' }],
    ['a relative home', { HOME: 'home' }],
    ['a home with an endless name', { HOME: `/${'x'.repeat(5_000)}` }],
    ['a folder of settings that is not there', { XDG_CONFIG_HOME: '/no/such/folder', HOME: '/no' }],
    ['a folder of settings that is a file', { XDG_CONFIG_HOME: '/dev/null', HOME: '/no' }],
  ])('%s: there are no profiles', (_name, env) => {
    expect(readTarget(env)).toEqual(read({}));
    expect(readTarget({ ...env, TEMPORAL_PROFILE: 'prod' }).problems).toHaveLength(1);
  });

  it('a home that this user may not look into has none; a file there that it may not read is named', () => {
    const home = join(lib, 'closed');
    mkdirSync(join(home, '.config/temporalio'), { recursive: true });
    writeFileSync(join(home, '.config/temporalio/temporal.toml'), SECRET, { mode: 0o000 });
    chmodSync(lib, 0o755);
    expect(asNobody(() => readTarget({ HOME: home })).problems).toEqual([
      expect.stringMatching(
        /^TEMPORAL_\*: the profile file ".*" can't be read \(EACCES\); .*TEMPORAL_CONFIG_FILE$/,
      ),
    ]);
    chmodSync(home, 0o000);
    expect(asNobody(() => readTarget({ HOME: home }))).toEqual(read({}));
    chmodSync(home, 0o700);
  });

  it('a profile file that is there has to be readable, named or not', () => {
    mkdirSync(join(lib, 'odd/temporalio/temporal.toml'), { recursive: true });
    expect(readTarget({ XDG_CONFIG_HOME: join(lib, 'odd') }).problems).toEqual([
      expect.stringMatching(
        /^TEMPORAL_\*: the profile file ".*temporal.toml" can't be read \(EISDIR\); .*TEMPORAL_CONFIG_FILE$/,
      ),
    ]);
    expect(readTarget({ TEMPORAL_CONFIG_FILE: lib }).problems).toEqual([
      expect.stringMatching(
        /^TEMPORAL_\*: the file that TEMPORAL_CONFIG_FILE names can't be read \(EISDIR\)/,
      ),
    ]);
  });

  it('a folder where a certificate belongs is told without the words of Node', () => {
    expect(read({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: lib }).problems).toEqual([
      expect.stringMatching(/^TEMPORAL_\*: the file that .* names can't be read \(EISDIR\)$/),
    ]);
  });

  it.each<[Env, string, string]>([
    [{}, 'localhost:7233', 'default'],
    [
      { TEMPORAL_ADDRESS: 'temporal.internal', TEMPORAL_NAMESPACE: 'ops.a1b2' },
      'temporal.internal',
      'ops.a1b2',
    ],
    [{ TEMPORAL_ADDRESS: '[::1]:7234', TEMPORAL_TLS: 'false' }, '[::1]:7234', 'default'],
    // To this machine itself nobody listens on the way.
    ...['[::1]:7234', 'localhost', '127.0.0.1:7233'].map((address): [Env, string, string] => [
      { TEMPORAL_ADDRESS: address, TEMPORAL_TLS: 'false', TEMPORAL_API_KEY: 'k' },
      address,
      'default',
    ]),
    [{ TEMPORAL_ADDRESS: 'x:1', TEMPORAL_API_KEY: 'k' }, 'x:1', 'default'],
    [{ TEMPORAL_ADDRESS: 'x:1', TEMPORAL_API_KEY: 'k', TEMPORAL_TLS: 'true' }, 'x:1', 'default'],
    [
      { TEMPORAL_ADDRESS: 'x:1', TEMPORAL_GRPC_META_TENANT: 't', NODE_TLS_REJECT_UNAUTHORIZED: '1' },
      'x:1',
      'default',
    ],
  ])('what is right is taken: %j', (env, address, namespace) => {
    expect(read(env)).toMatchObject({ target: { address, namespace }, problems: [] });
  });
});

/** Root may look everywhere. */
function asNobody<T>(look: () => T): T {
  if (process.getuid?.() !== 0) return look();
  process.seteuid?.(65_534);
  try {
    return look();
  } finally {
    process.seteuid?.(0);
  }
}

describe('the task queue', () => {
  it.each([
    [undefined, DEFAULT_TASK_QUEUE],
    [' \n', DEFAULT_TASK_QUEUE],
    [' ops\n', 'ops'],
    ['東京', '東京'],
    ['a b', null],
    ['a\u0000b', null],
    ['x'.repeat(201), null],
  ])('%j is %j for starter and worker alike', (value, expected) => {
    expect(taskQueueFrom(value)).toBe(expected);
  });
});
