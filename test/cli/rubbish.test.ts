/** Every flag of the starter filled with rubbish: one message that names all of it, exit code 2, nothing started. */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { ReleasePortsInput, RestoreServerNicsInput } from '../../src/contract';
import { checkDeleteInput, checkReleaseInput, checkRestoreInput } from '../../src/contract';
import type { DeleteFlags } from '../../src/cli/ask/delete-request';
import { byWhomFrom, sortOut } from '../../src/cli/ask/flags';
import { deleteCommand, requestFrom } from '../../src/cli/ask/delete-request';
import type { ReleaseFlags } from '../../src/cli/ask/release-request';
import { releaseCommand, releaseFrom } from '../../src/cli/ask/release-request';
import type { RestoreFlags } from '../../src/cli/ask/restore-request';
import { restoreCommand, restoreFrom } from '../../src/cli/ask/restore-request';
import { confirmationLines } from '../../src/cli/commands/confirm';
import {
  releaseDetails,
  releaseSummary,
  restoreDetails,
  restoreSummary,
  startDetails,
  startSummary,
} from '../../src/cli/show/start-texts';
import { cleanEnvironment, startProgram } from '../../dev/processes';
import { anyJson, nastyText, runs, TEST_TIMEOUT, unfit } from '../support/rubbish';
import { NIC_A, NIC_B, PAGE, RUN, SERVER, document } from './support';

vi.setConfig({ testTimeout: TEST_TIMEOUT });

const SECRET = 'sEcReT-that-must-not-show';
/** As a command line can hold it. */
const text = nastyText.map((it) => Buffer.from(it.replaceAll('\0', '0'), 'utf8').toString('utf8'));
const noDuration = fc.oneof(
  text.filter((it) => !/^[\d.]+ *[a-z]*$/i.test(it)),
  fc.constantFrom('24', '0', '86400000', '1.5h', '.5 days', '1.5'),
);

/** What no value of each flag may be, and what it is called in the message. */
const WRONG: Record<string, [flag: string, fc.Arbitrary<unknown>]> = {
  serverId: ['<server-id>', text],
  nic: ['--nic', fc.array(text, { minLength: 1, maxLength: 40 })],
  undoWindow: ['--undo-window', noDuration],
  onFailure: ['--on-failure', text],
  onCancel: ['--on-cancel', text],
  deadline: ['--deadline', noDuration],
  timing: [
    '--timing',
    fc.oneof(
      text.filter((it) => !/^\s*(\{\s*\}|null)\s*$/.test(it)),
      anyJson.filter((it) => it !== null && JSON.stringify(it) !== '{}').map((it) => JSON.stringify(it)),
    ),
  ],
  requestedBy: ['--requested-by', fc.constantFrom('', ' \t', 'YOU', '<who>', 'x'.repeat(201))],
  reason: ['--reason', fc.constantFrom('', '\n', 'why', 'x'.repeat(1_001))],
};

/** The words of each command line as a shell hands them over. */
function throughShell(commands: string[]): string[][] {
  const input = commands.map((command) => `printf '%s\\0' ${command} ${END}`).join('\n');
  const words = execFileSync('sh', ['-s'], { input, encoding: 'utf8' }).split('\0').slice(0, -1);
  const lines: string[][] = [[]];
  for (const word of words) {
    if (word === END) lines.push([]);
    else lines.at(-1)?.push(word);
  }
  return lines.slice(0, -1);
}
const END = 'end-of-command-line';

describe('flags', () => {
  it('are each named when they are wrong, by the words of the command line, all at once', () => {
    const wrong = fc
      .subarray(Object.keys(WRONG), { minLength: 1 })
      .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, WRONG[name]![1]]))));
    fc.assert(
      fc.property(wrong, (bad) => {
        const { serverId = SERVER, ...flags } = bad as { serverId?: string } & Partial<DeleteFlags>;
        const { problems } = requestFrom(serverId, { nic: [NIC_A], wait: true, ...flags });
        for (const name of Object.keys(bad)) {
          expect(
            problems.some((problem) => problem.startsWith(WRONG[name]![0])),
            name,
          ).toBe(true);
        }
        for (const problem of problems) expect(unfit(problem, 400), problem).toBeNull();
        expect(problems.length).toBeLessThan(60);
      }),
      runs(400),
    );
  });

  it('unknown ones and stray words are named, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 5 }), (words) => {
        const { serverId, unknown } = sortOut(words, 'delete');
        expect(unknown).toHaveLength(words.length - (serverId === undefined ? 0 : 1));
        for (const problem of unknown) expect(unfit(problem, 150)).toBeNull();
      }),
      runs(200),
    );
  });
});

/** The same for restore. */
const WRONG_RESTORE: typeof WRONG = {
  serverId: WRONG.serverId!,
  nic: WRONG.nic!,
  timing: WRONG.timing!,
  runId: ['--run-id', text],
  by: ['--by', fc.constantFrom(undefined, '', ' \t', 'YOU', 'x'.repeat(201))],
  reason: ['--reason', fc.constantFrom(undefined, '', '\n', 'WHY', 'x'.repeat(1_001))],
  saved: [
    '--document',
    fc.oneof(
      text,
      anyJson.map((it) => JSON.stringify(it)),
    ),
  ],
};

describe.each([
  ['restore', (...[id, flags, saved]: Parameters<typeof restoreFrom>) => restoreFrom(id, flags, saved)],
  [
    'release',
    (...[id, flags, saved]: Parameters<typeof restoreFrom>) => releaseFrom(id, flags as ReleaseFlags, saved),
  ],
])('flags of %s', (_command, from) => {
  it('are each named when they are wrong, by the words of the command line, all at once', () => {
    const wrong = fc
      .subarray(Object.keys(WRONG_RESTORE), { minLength: 1 })
      .filter((names) => !(names.includes('runId') && names.includes('saved')))
      .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, WRONG_RESTORE[name]![1]]))));
    fc.assert(
      fc.property(wrong, (bad) => {
        const { serverId = SERVER, saved, ...flags } = bad as { serverId?: string; saved?: string };
        const given: RestoreFlags = { by: 'ops', reason: 'T-1', wait: true, ...flags };
        const { problems } = from(serverId, given, saved === undefined ? null : { text: saved });
        for (const name of Object.keys(bad)) {
          expect(
            problems.some((problem) => problem.startsWith(WRONG_RESTORE[name]![0])),
            name,
          ).toBe(true);
        }
        for (const problem of problems) expect(unfit(problem, 400), problem).toBeNull();
        expect(problems.length).toBeLessThan(60);
      }),
      runs(400),
    );
  });

  it('by and reason are checked the same way for undo and commit', () => {
    fc.assert(
      fc.property(WRONG_RESTORE.by![1], WRONG_RESTORE.reason![1], (by, reason) => {
        const { problems } = byWhomFrom({ by, reason } as { by?: string; reason?: string });
        expect(problems.map((problem) => problem.split(':')[0])).toEqual(['--by', '--reason']);
      }),
      runs(50),
    );
  });
});

const restores = fc
  .record(
    {
      nic: fc.constantFrom<string[][]>([NIC_A], [NIC_B, NIC_A]),
      allowNewIp: fc.boolean(),
      dryRun: fc.boolean(),
      by: text.filter((it) => it.length <= 200),
      reason: text.filter((it) => it.length <= 1_000),
      timing: fc.constantFrom('{"settle":"1s"}', '{}'),
    },
    { requiredKeys: ['by', 'reason'] },
  )
  .map((flags) => restoreFrom(SERVER, { wait: true, runId: RUN.runId, ...flags }, null))
  .filter(({ problems }) => problems.length === 0)
  .map(({ input }) => input as RestoreServerNicsInput);

describe('a restore that passes', () => {
  it('comes back the same from the command that is shown for it, through a real shell', () => {
    const inputs = fc.sample(restores, { numRuns: 60, seed: 5 });
    const source = ['--run-id', RUN.runId];
    const lines = throughShell(
      inputs.map((input) =>
        restoreCommand({ serverId: SERVER, source, input, dryRun: input.dryRun === true }),
      ),
    );
    inputs.forEach((input, index) => {
      const words = lines[index] ?? [];
      expect(words.slice(0, 3)).toEqual(['ecs-nics', 'restore', SERVER]);
      const after = (flag: string) => words[words.indexOf(flag) + 1];
      expect([after('--run-id'), after('--by'), after('--reason')]).toEqual([
        RUN.runId,
        input.requestedBy,
        input.reason,
      ]);
      const named = words.filter((_, n) => words[n - 1] === '--nic');
      expect(named).toEqual(input.nics === 'all' ? [] : input.nics.map(({ id }) => id));
      expect(words.includes('--dry-run')).toBe(input.dryRun === true);
      expect(words.includes('--allow-new-ip')).toBe(input.allowNewIp === true);
    });
  });

  it('passes the check of the workflow, and is shown in bounded texts with nothing to obey in them', () => {
    fc.assert(
      fc.property(restores, (input) => {
        expect(checkRestoreInput(input).problems).toEqual([]);
        expect(unfit(restoreSummary(input), 80)).toBeNull();
        expect(unfit(restoreDetails(input), 5_000)).toBeNull();
        expect(restoreDetails(input)).not.toMatch(/(?<!\\)<|(?<!\\)\]\(/);
      }),
      runs(200),
    );
  });
});

describe('a release that passes', () => {
  const releases = fc
    .record({
      nic: fc.constantFrom<string[][]>([NIC_A], [NIC_B, NIC_A]),
      dryRun: fc.boolean(),
      by: text.filter((it) => it.length <= 200),
      reason: text.filter((it) => it.length <= 1_000),
    })
    .map((flags) => releaseFrom(SERVER, { wait: true, runId: RUN.runId, ...flags }, null))
    .filter(({ problems }) => problems.length === 0)
    .map(({ input }) => input as ReleasePortsInput & { nics: { id: string }[] });

  it('comes back the same from the command that is shown for it, through a real shell', () => {
    const inputs = fc.sample(releases, { numRuns: 60, seed: 5 });
    const source = ['--run-id', RUN.runId];
    const lines = throughShell(
      inputs.map((input) => {
        const nics = input.nics.map(({ id }) => id);
        return releaseCommand({ serverId: SERVER, nics, source, input, dryRun: input.dryRun === true });
      }),
    );
    inputs.forEach((input, index) => {
      const words = lines[index] ?? [];
      expect(words.slice(0, 3)).toEqual(['ecs-nics', 'release', SERVER]);
      const after = (flag: string) => words[words.indexOf(flag) + 1];
      expect([after('--run-id'), after('--by'), after('--reason')]).toEqual([
        RUN.runId,
        input.requestedBy,
        input.reason,
      ]);
      expect(words.filter((_, n) => words[n - 1] === '--nic')).toEqual(input.nics.map(({ id }) => id));
      expect(words.includes('--dry-run')).toBe(input.dryRun === true);
    });
  });

  it('passes the check of the workflow, and is shown in bounded texts with nothing to obey in them', () => {
    fc.assert(
      fc.property(releases, (input) => {
        expect(checkReleaseInput(input).problems).toEqual([]);
        expect(unfit(releaseSummary(input), 80)).toBeNull();
        expect(unfit(releaseDetails(input), 5_000)).toBeNull();
        expect(releaseDetails(input)).not.toMatch(/(?<!\\)<|(?<!\\)\]\(/);
      }),
      runs(200),
    );
  });
});

/** Requests that pass, with texts that a shell or a page would make something of. */
const requests = fc
  .record(
    {
      nic: fc.constantFrom<string[][]>([NIC_A], [NIC_B, NIC_A]),
      allowElasticIp: fc.boolean(),
      dryRun: fc.boolean(),
      keepPort: fc.boolean(),
      undoWindow: fc.constantFrom('0s', '24 hours'),
      onFailure: fc.constantFrom('keep', 'restore'),
      deadline: fc.constantFrom('90s', '20 minutes', ' ', '5 MIN'),
      requestedBy: text.filter((it) => it.length <= 200),
      reason: text.filter((it) => it.length <= 1_000),
      timing: fc.constantFrom('{"settle":"1s"}', '{}'),
    },
    { requiredKeys: ['nic'] },
  )
  .map((flags) => requestFrom(SERVER, { wait: true, ...flags }))
  .filter(({ problems }) => problems.length === 0)
  .map(({ input }) => input);

describe('a request that passes', () => {
  it('comes back the same from the command that is shown for it, through a real shell', () => {
    const inputs = fc.sample(requests, { numRuns: 60, seed: 5 });
    const lines = throughShell(inputs.map(deleteCommand));
    inputs.forEach((input, index) => {
      const words = lines[index] ?? [];
      expect(words.slice(0, 3)).toEqual(['ecs-nics', 'delete', SERVER]);
      const after = (flag: string) => words[words.indexOf(flag) + 1];
      if (input.reason !== undefined) expect(after('--reason')).toBe(input.reason);
      if (input.requestedBy !== undefined) expect(after('--requested-by')).toBe(input.requestedBy);
      if (input.timing) expect(JSON.parse(after('--timing') ?? '')).toEqual(input.timing);
      expect(words.includes('--dry-run')).toBe(input.dryRun === true);
    });
  });

  it('is asked about and shown in bounded texts with nothing to obey in them', () => {
    fc.assert(
      fc.property(requests, (input) => {
        expect(checkDeleteInput(input).problems).toEqual([]);
        expect(unfit(startSummary(input), 80)).toBeNull();
        expect(unfit(startDetails(input), 5_000)).toBeNull();
        expect(startDetails(input)).not.toMatch(/(?<!\\)<|(?<!\\)\]\(/);
        for (const line of confirmationLines(input, document({ outcome: 'planned' }), PAGE))
          expect(unfit(line, 80)).toBeNull();
      }),
      runs(200),
    );
  });
});

describe('the program', () => {
  const run = (args: string[], env: Record<string, string> = {}) =>
    startProgram(
      'starter.js',
      args,
      cleanEnvironment(process.env, { TEMPORAL_ADDRESS: '127.0.0.1:1', ...env }),
    ).finished;
  const huge = Array.from({ length: 2_000 }, (_, n) => `nic-${n}`);

  it.concurrent.each<[string, string[], Record<string, string>, string[]]>([
    [
      'every flag of delete',
      [
        ...[
          'delete',
          'Zürich',
          '--nic',
          'eth0',
          '--nic',
          '😀',
          '--all',
          '--keep-port',
          '--undo-window',
          '1y',
        ],
        ...[
          '--on-failure',
          'explode',
          '--on-cancel',
          'x\ny',
          '--deadline',
          '-1h',
          '--timing',
          '{"poll":"1s"}',
        ],
        ...['--requested-by', '', '--reason', 'x'.repeat(5_000), '--dryrun', '--nope=1', 'stray'],
      ],
      {},
      [
        ...['<server-id>', '--nic: "eth0"', '--nic: "😀"', '--nic and --all', '--undo-window'],
        ...['--on-failure', '--on-cancel', '--deadline', '--timing."poll"', '--requested-by', '--reason'],
        ...[
          '"--dryrun": unknown option',
          '"--nope=1": unknown option',
          '"stray": one argument too many',
          '--yes',
        ],
      ].filter((part) => !part.startsWith('--nic: ')),
    ],
    [
      'thousands of NICs that are none',
      ['delete', SERVER, '--nic', ...huge, '--yes'],
      {},
      ['--nic: 2000 entries', '--nic: "nic-0"', '--nic: "nic-31"'],
    ],
    [
      'the environment beside it',
      ['delete', SERVER, '--nic', NIC_A, '--deadline', 'soon'],
      { TEMPORAL_ADDRESS: 'x:99999', ECS_NICS_TASK_QUEUE: 'a b', TEMPORAL_UI_URL: 'nowhere' },
      ['--deadline', '--yes', 'TEMPORAL_ADDRESS', 'ECS_NICS_TASK_QUEUE', 'TEMPORAL_UI_URL'],
    ],
    [
      'the environment of any other command',
      ['list'],
      {
        ...{ TEMPORAL_ADDRESS: 'http://x', TEMPORAL_NAMESPACE: 'a b', TEMPORAL_API_KEY: `${SECRET}\nx` },
        ...{ TEMPORAL_TLS: 'yes', TEMPORAL_GRPC_META_X: `${SECRET}ü`, ECS_NICS_TASK_QUEUE: '\u202e' },
        ...{ TEMPORAL_TLS_CLIENT_KEY_DATA: SECRET, TEMPORAL_UI_URL: 'javascript:alert(1)' },
      },
      [
        ...['TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE', 'TEMPORAL_API_KEY', 'TEMPORAL_TLS:', 'TEMPORAL_UI_URL'],
        ...['TEMPORAL_GRPC_META_X', 'ECS_NICS_TASK_QUEUE', 'TEMPORAL_TLS_CLIENT_KEY'],
      ],
    ],
    [
      'every flag of restore',
      [
        ...['restore', 'Zürich', '--nic', 'eth0', '--run-id', 'latest', '--document', '/no/such/file'],
        ...['--timing', '[]', '--by', 'x'.repeat(201), '--allow-newip', 'stray'],
      ],
      {},
      [
        ...['<server-id>', '--nic: "eth0"', '--run-id: "latest" is not a run id', '--run-id and --document'],
        ...["--document: can't be read", '--timing', '--by: 201 characters', '--reason: missing'],
        ...['"--allow-newip": unknown option', '"stray": one argument too many'],
      ],
    ],
    [
      'every flag of undo',
      ['undo', 'Zürich', '--by', ' ', '--reason', 'WHY', '--now', 'stray'],
      { ECS_NICS_TASK_QUEUE: 'a b' },
      [
        ...['<server-id>: "Zürich"', '--by: must be a text', '--reason: "WHY" is a placeholder'],
        ...['"--now": unknown option', '"stray": one argument too many', 'ECS_NICS_TASK_QUEUE'],
      ],
    ],
    ['commit by nobody', ['commit', SERVER], {}, ['--by: missing', '--reason: missing']],
    ['an id with a line break', ['watch', `${SERVER}\n`], {}, ['<server-id>']],
    ['an empty id', ['cancel', ''], {}, ['<server-id>']],
    ['an odd limit', ['list', '--limit', '1e999'], {}, ['1 to 1000']],
    ['an odd command', ['__proto__', '--json'], {}, ['__proto__']],
  ])('%s: exit code 2, one document, every problem', async (_name, args, env, parts) => {
    const { code, stdout, stderr } = await run([...args, '--json'], env);
    expect([code, stderr]).toEqual([2, expect.not.stringMatching(/^\s+at |internal error/m)]);
    const { error } = JSON.parse(stdout) as { error: { type: string; message: string } };
    for (const part of parts) {
      expect(error.message).toContain(part);
      expect(stderr).toContain(part);
    }
    expect(stdout + stderr).not.toContain(SECRET);
    expect(error.message.length).toBeLessThan(8_000);
  });
});
