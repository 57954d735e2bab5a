/** What comes along from a page, a chat or a spreadsheet and looks like nothing: cleaned from ids, shown everywhere else. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sortOut } from '../../src/cli/ask/flags';
import { listFilter } from '../../src/cli/ask/list-filter';
import { readList, readProtected } from '../../src/cli/ask/list/read-list';
import { nicIdsFrom } from '../../src/cli/commands/nic-ids';
import { readSaved } from '../../src/cli/commands/saved';
import { checkServerId } from '../../src/cli/context';
import { foldedId, foldedIds } from '../../src/cli/ids';
import { checkDeleteInput } from '../../src/contract';
import { runs } from '../support/rubbish';
import { NIC_A, NIC_B, NOW, SERVER } from './support';

/** Without width: nobody sees whether they are there. */
const NOTHING = [
  ...[
    '\uFEFF',
    '\u200B',
    '\u200C',
    '\u200D',
    '\u200E',
    '\u200F',
    '\u2060',
    '\u00AD',
    '\u180E',
    '\u2066',
    '\u2069',
  ],
  ...['\uFE0F', '\u3164'],
];
const SPACES = ['\u00A0', '\u2003', '\u202F', '\u3000'];
const named = (character: string) =>
  `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ecs-nics-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The id with it before, behind and in the middle. */
const around = (it: string, id: string) => [
  `${it}${id}`,
  `${id}${it}`,
  `${id.slice(0, 20)}${it}${id.slice(20)}`,
];

describe.each(NOTHING.map((it) => [named(it), it]))('%s', (_name, it_) => {
  it('is no part of an id on the command line', async () => {
    for (const typed of around(it_, SERVER)) {
      expect(checkServerId(typed)).toBe(SERVER);
      expect(sortOut([typed], 'delete').serverId).toBe(SERVER);
      expect(listFilter({ server: typed, limit: '1' }, NOW)).toMatchObject({ filter: { serverId: SERVER } });
      expect(foldedIds([`${typed},${it_} ${typed.toUpperCase()}${it_}`])).toEqual([SERVER, SERVER]);
    }
  });

  it('is no part of an id in a file of NICs', async () => {
    const [file, problems] = [join(folder, 'nics'), [] as string[]];
    for (const typed of around(it_, NIC_A)) {
      await writeFile(file, `${it_}# of web-01\n${it_}\n${typed} # the first${it_}\r\n${NIC_B}${it_}\n`);
      expect(await nicIdsFrom([`@${file}`], problems)).toEqual([NIC_A, NIC_B]);
    }
    await writeFile(file, `${it_}\n${it_}`);
    await nicIdsFrom([`@${file}`], problems);
    expect(problems).toEqual([`--nic: ${file} names no NIC`]);
  });

  it.each([
    ['plain lines', (id: string) => `${id} ${NIC_A}\n`],
    ['JSON lines', (id: string) => `{"serverId":"${id}","nics":[{"id":"${NIC_A}"}]}\n`],
    ['JSON lines with escapes', (id: string) => `{"serverId":${escaped(id)},"nics":[{"id":"${NIC_A}"}]}\n`],
    ['CSV', (id: string) => `server_id,nic_id\n${id},${NIC_A}\n`],
    ['CSV of a spreadsheet', (id: string) => `"server_id";"nic_id"\n"${id}";"${NIC_A}"\n`],
  ])('is no part of a list of servers, in %s', (_format, line) => {
    const expected = { servers: [{ serverId: SERVER, nics: [{ id: NIC_A }] }], notes: [], problems: [] };
    for (const id of around(it_, SERVER)) {
      expect(readList(Buffer.from(line(id)))).toEqual(expected);
      // At the beginning of each line, as in files that were put together.
      expect(readList(Buffer.from(line(SERVER).replace(/^/gm, it_)))).toEqual(expected);
    }
  });

  it('takes no server off the protected ones', () => {
    const text = `${it_}# never\n${it_}${SERVER}\n${it_}\nweb${it_}-01\n`;
    // What the name looks like is protected, too.
    expect(readProtected(Buffer.from(text))).toEqual([SERVER, `web${it_}-01`, 'web-01']);
  });

  it('is shown where it can’t be taken away', () => {
    expect(() => checkServerId(`web${it_}-01`)).toThrow(`"web[${named(it_)}]-01" is not a UUID`);
    const { problems } = checkDeleteInput({ serverId: `${SERVER}${it_}`, nics: [{ id: `${it_}${NIC_A}` }] });
    expect(problems).toEqual([
      `serverId: "${SERVER}[${named(it_)}]" is not a lower-case UUID (8-4-4-4-12 hex digits)`,
      `nics[0].id: "[${named(it_)}]${NIC_A}" is not a lower-case UUID (8-4-4-4-12 hex digits)`,
    ]);
  });
});

describe.each(SPACES.map((it) => [named(it), it]))('the space %s', (_name, it_) => {
  it('is none around an id, and separates two', () => {
    expect(checkServerId(`${it_}${SERVER}${it_}`)).toBe(SERVER);
    expect(foldedIds([`${NIC_A}${it_}${NIC_B}`])).toEqual([NIC_A, NIC_B]);
    for (const text of [
      `${it_}${SERVER}${it_}${NIC_A}${it_}\n`,
      `server_id,${it_}nic_id\n${it_}${SERVER}${it_},${NIC_A}${it_}\n`,
    ])
      expect(readList(Buffer.from(text)).servers).toEqual([{ serverId: SERVER, nics: [{ id: NIC_A }] }]);
  });

  it('is shown in one', () => {
    const typed = `${SERVER.slice(0, 20)}${it_}${SERVER.slice(20)}`;
    expect(() => checkServerId(typed)).toThrow(`[${named(it_)}]`);
    expect(checkDeleteInput({ serverId: typed, nics: 'all' }).problems.join()).toContain(`[${named(it_)}]`);
  });
});

it('a byte order mark is no part of a saved document', async () => {
  await writeFile(join(folder, 'result.json'), '\uFEFF{"a":1}');
  expect(await readSaved(join(folder, 'result.json'))).toEqual({ text: '{"a":1}' });
});

it('an id is the one that is seen, or none at all', () => {
  const pieces = fc.array(fc.constantFrom(...NOTHING, ...SPACES, '-', 'a', '\n', ' '), { maxLength: 4 });
  fc.assert(
    fc.property(pieces, fc.nat(36), (odd, at) => {
      const typed = `${SERVER.slice(0, at)}${odd.join('')}${SERVER.slice(at)}`;
      const id = foldedId(typed);
      // Whatever has a width in the middle of it makes it another text, which is left as it was typed.
      const isSeen = odd.some(
        (it) => ['-', 'a', '\n'].includes(it) || (at > 0 && at < 36 && [...SPACES, ' '].includes(it)),
      );
      expect(id).toBe(isSeen ? typed : SERVER);
    }),
    runs(500),
  );
});

function escaped(text: string): string {
  return JSON.stringify(text).replace(
    /[^ -~]/g,
    (it) => `\\u${it.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
