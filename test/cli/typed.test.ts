/** Input as people type it: ids, times, durations. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requestFrom } from '../../src/cli/ask/delete-request';
import { sortOut } from '../../src/cli/ask/flags';
import { listFilter } from '../../src/cli/ask/list-filter';
import { timeSince } from '../../src/cli/ask/since';
import { nicIdsFrom } from '../../src/cli/commands/nic-ids';
import { checkServerId } from '../../src/cli/context';
import { programOf } from '../../src/cli/invocation';
import { Output } from '../../src/cli/output';
import { NIC_A, NIC_B, NOW, SERVER } from './support';

describe('ids', () => {
  it.each([SERVER.toUpperCase(), `{${SERVER}}`, ` { ${SERVER.toUpperCase()} } `])(
    '%j is the server',
    (typed) => {
      expect(checkServerId(typed)).toBe(SERVER);
      expect(sortOut([typed], 'delete').serverId).toBe(SERVER);
      expect(listFilter({ server: typed, limit: '1' }, NOW)).toMatchObject({
        filter: { serverId: SERVER },
        problems: [],
      });
    },
  );

  it('what is no id is named as it was typed', () => {
    expect(() => checkServerId('{Web-01}')).toThrow('<server-id>: "{Web-01}" is not a UUID');
  });

  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ecs-nics-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const read = async (...words: string[]) => {
    const problems: string[] = [];
    return { ids: await nicIdsFrom(words, problems), problems };
  };

  it.each([
    [[`${NIC_A},${NIC_B}`]],
    [[`${NIC_A}, {${NIC_B.toUpperCase()}}`]],
    [[NIC_A, NIC_B]],
    [[`${NIC_A} ${NIC_B},`]],
  ])('NICs may be given as %j', async (words) => {
    expect(await read(...words)).toEqual({ ids: [NIC_A, NIC_B], problems: [] });
  });

  it('or as a file', async () => {
    const file = join(folder, 'nics');
    await writeFile(file, `\uFEFF# of web-01\r\n{${NIC_A.toUpperCase()}} # the first\r\n\r\n${NIC_B}\r\n`);
    expect(await read(`@${file}`)).toEqual({ ids: [NIC_A, NIC_B], problems: [] });
  });

  it('a file that names nothing, or that is not there, is a problem, and the only one about NICs', async () => {
    const file = join(folder, 'empty');
    await writeFile(file, '# nothing\n');
    const { ids, problems } = await read(`@${file}`, '@/no/such/file');
    expect(problems).toEqual([
      `--nic: ${file} names no NIC`,
      expect.stringMatching(/^--nic: \/no\/such\/file can't be read: .*ENOENT/),
    ]);
    expect(requestFrom(SERVER, { nic: ids, wait: true }, problems).problems).toEqual(problems);
  });

  it('an empty value is no flag left out', async () => {
    const { ids, problems } = await read('');
    expect(requestFrom(SERVER, { nic: ids, wait: true }, problems).problems.join()).toMatch(/^--nic: ""/);
  });
});

describe('durations', () => {
  const problems = (flags: object) => requestFrom(SERVER, { all: true, wait: true, ...flags }).problems;

  it.each(['5m', '5M', '5 m'])('%j may mean minutes or months: refused, with what to write', (typed) => {
    expect(problems({ undoWindow: typed, deadline: typed })).toEqual([
      `--undo-window: "${typed}" may mean minutes or months; write "5 min" or "5 minutes" (for months: days)`,
      `--deadline: "${typed}" may mean minutes or months; write "5 min" or "5 minutes" (for months: days)`,
    ]);
  });

  it('in --timing, too', () => {
    expect(problems({ timing: '{"settle":"1m","verifyFor":"1 min"}' })).toEqual([
      '--timing: settle: "1m" may mean minutes or months; write "1 min" or "1 minutes" (for months: days)',
    ]);
  });

  it.each(['5 min', '5min', '5 minutes', '5 MIN', '300s', '1h', '1 Hour', '2d'])('%j is clear', (typed) => {
    expect(problems({ undoWindow: typed })).toEqual([]);
  });
});

describe('times', () => {
  it.each([
    ['2 hours', '2026-03-01T01:00:30.000Z'],
    ['90s ago', '2026-03-01T02:59:00.000Z'],
    ['2026-02-28', '2026-02-28T00:00:00.000Z'],
    ['2026-02-28 14:05', '2026-02-28T14:05:00.000Z'],
    ['2026-02-28 14:05:06 UTC', '2026-02-28T14:05:06.000Z'],
    ['2026-02-28T14:05:06.789Z', '2026-02-28T14:05:06.789Z'],
    ['2026-02-28T14:05:06+08:00', '2026-02-28T06:05:06.000Z'],
  ])('%j is %s', (typed, time) => {
    expect(timeSince(typed, NOW)).toEqual(new Date(time));
  });

  it.each(['yesterday', '', '14:05', '2026-02-31T99:00', '28.02.2026', '5'])('%j is none', (typed) => {
    expect(timeSince(typed, NOW)).toEqual({ problem: expect.stringContaining('is not a time; write e.g.') });
  });

  it('all problems of a search are named at once', () => {
    const flags = {
      server: 'web-01',
      outcome: 'gone',
      since: '5m',
      requestedBy: ' ',
      limit: '0',
      open: true,
    };
    expect(listFilter(flags, NOW).problems).toEqual([
      '--server: "web-01" is not a UUID',
      expect.stringMatching(/^--outcome: "gone" is none; known are deleted, detached, /),
      '--requested-by: empty; who?',
      expect.stringMatching(/^--since: "5m" may mean minutes or months/),
      '--limit: "0" is not a number from 1 to 1000',
    ]);
    expect(listFilter({ outcome: 'NotDeleted', limit: '5' }, NOW).filter).toEqual({ outcome: 'not-deleted' });
  });
});

describe('suggested commands', () => {
  it.each([
    ['/home/me/ecs-nics/lib/starter.js', 'npx ecs-nics'],
    ['/home/me/ecs-nics/src/starter.ts', 'npx ecs-nics'],
    ['/home/me/app/node_modules/.bin/ecs-nics', 'npx ecs-nics'],
    ['/root/.npm/_npx/1a2b/node_modules/.bin/ecs-nics', 'npx ecs-nics'],
    ['/usr/local/bin/ecs-nics', 'ecs-nics'],
    ['C:\\npm\\node_modules\\ecs-nics\\lib\\starter.js', 'ecs-nics'],
    ['', 'ecs-nics'],
  ])('of a program started as %j begin with %s', (path, program) => {
    expect(programOf(path)).toBe(program);
  });
});

describe('what is shown beside the document', () => {
  it.each([
    ['', true, 'result,note,trouble'],
    ['--quiet', true, 'result,trouble'],
    ['--json', true, 'trouble'],
    ['--json', false, 'result,note,trouble'],
    ['--json --quiet', false, 'result,trouble'],
  ])('%j, terminal: %s', (flags, isTerminal, shown) => {
    const output = new Output(flags.includes('--json'), flags.includes('--quiet'));
    const written: string[] = [];
    const notes = { isTTY: isTerminal, write: (text: string) => written.push(text.trim()) };
    Object.assign(output, { notes });
    output.say('result');
    output.note('note');
    output.warn('trouble');
    expect(written.join()).toBe(shown);
  });
});
