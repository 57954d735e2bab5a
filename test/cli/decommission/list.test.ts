/** Lists of servers in every format people keep them in: what is read, what is merged, and what is refused by its line. */
import { describe, expect, it } from 'vitest';
import { readList, readProtected } from '../../../src/cli/ask/list/read-list';

const id = (n: number) => `3f0b6f0e-2a53-4d59-9d1b-${String(n).padStart(12, '0')}`;
const nic = (n: number) => `6b1f7a52-5d1e-4a10-8c57-${String(n).padStart(12, '0')}`;
const [A, B] = [id(1), id(2)];
const [X, Y] = [nic(1), nic(2)];
const read = (text: string | Uint8Array) => readList(typeof text === 'string' ? Buffer.from(text) : text);
const all = (serverId: string) => ({ serverId, nics: 'all' });
const some = (serverId: string, ...ids: string[]) => ({ serverId, nics: ids.map((each) => ({ id: each })) });

describe('a list', () => {
  it.each([
    ['plain lines', `${A}\n${B} ${X} ${Y}\n`],
    ['plain lines, all of them by its name', `${A} all\n${B}\t${X}   ${Y}`],
    [
      'JSON lines',
      `{"serverId":"${A}","nics":"all"}\n{"nics":[{"id":"${X}"},{"id":"${Y}"}],"serverId":"${B}"}`,
    ],
    ['CSV', `server_id,nic_id\n${A},all\n${B},${X}\n${B},${Y}\n`],
    ['CSV of a spreadsheet', `"Server_ID";"NIC_ID"\r\n${A};all\r\n"${B}";"${X}"\r\n;;\r\n${B};${Y};\r\n`],
    ['CSV in another order', `nic_id\tserver_id\nall\t${A}\n${X}\t${B}\n${Y}\t${B}`],
  ])('of %s', (_name, text) => {
    const { servers, problems, notes } = read(text);
    expect([problems, notes]).toEqual([[], []]);
    expect(servers).toEqual([all(A), some(B, X, Y)]);
  });

  it.each([
    ['a byte order mark', `\ufeff${A}\n`],
    ['lines as on Windows', `${A}\r\n`],
    ['lines as on an old Macintosh', `${A}\r`],
    ['ids in upper case', A.toUpperCase()],
    ['comments, blank lines and spaces', `# the old ones\n\n   \n  ${A}   # web-01\n#${B}\n`],
    ['JSON with ids in upper case', `# x\n{"serverId":"${A.toUpperCase()}","nics":"all"}`],
    ['CSV with comments', `# of Monday\n\nserver_id,nic_id\n# x,y\n${A.toUpperCase()} , all\n`],
  ])('with %s', (_name, text) => {
    const { servers, problems } = read(text);
    expect(problems).toEqual([]);
    expect(servers).toEqual([all(A)]);
  });

  it('keeps what is to be guarded: IP and MAC', () => {
    const guarded = [{ serverId: A, nics: [{ id: X, ip: '10.0.1.20', mac: 'fa:16:3e:00:00:02' }] }];
    expect(read(`server_id,nic_id,ip,mac\n${A},${X},10.0.1.20,fa:16:3e:00:00:02`).servers).toEqual(guarded);
    expect(read(JSON.stringify(guarded[0])).servers).toEqual(guarded);
  });

  it('stays in its order, also where a server comes again', () => {
    const { servers, notes } = read(`${B} ${X}\n${A}\n${B} ${Y}\n`);
    expect(servers).toEqual([some(B, X, Y), all(A)]);
    expect(notes).toEqual([`line 3: ${B} is named again (first in line 1): merged`]);
  });
});

describe('duplicates are merged, and told', () => {
  it.each([
    [`${A}\n${A}`, 'line 2', [all(A)]],
    [`${A} ${X} ${X} ${X.toUpperCase()}`, 'line 1: 2 NICs named twice', [some(A, X)]],
    [`server_id,nic_id\n${A},${X}\n${A},${X}`, `line 3: NIC ${X} is named again`, [some(A, X)]],
  ])('%j', (text, note, servers) => {
    const list = read(text);
    expect(list.problems).toEqual([]);
    expect(list.servers).toEqual(servers);
    expect(list.notes).toEqual([expect.stringContaining(note)]);
  });

  it.each([
    ['all and some', `${A}\n${A} ${X}`, 'line 2', 'say which'],
    ['some and all', `server_id,nic_id\n${A},${X}\n${A},all`, 'line 3', 'say which'],
    [
      'another IP',
      `server_id,nic_id,ip\n${A},${X},10.0.0.1\n${A},${X},10.0.0.2`,
      'line 3',
      'with another ip before',
    ],
  ])('unless they contradict each other: %s', (_name, text, line, words) => {
    const { servers, problems } = read(text);
    expect(servers).toEqual([]);
    expect(problems).toEqual([expect.stringContaining(words)]);
    expect(problems[0]).toContain(line);
  });
});

describe('a bad line is told by its number, and nothing of the list is taken', () => {
  it.each([
    ['a name for an id', `${A}\nweb-01\n`, 'line 2: serverId: "web-01" is not a lower-case UUID'],
    ['a NIC that is none', `\n${A} eth1`, 'line 2: nics[0].id: "eth1" is not a lower-case UUID'],
    ['no JSON', `{"serverId":"${A}","nics":"all"}\n{"serverId":`, 'line 2: not JSON: "{\\"serverId\\":"'],
    ['an unknown field', `{"serverId":"${A}","nics":"all","force":true}`, 'line 1: "force": unknown field'],
    ['no NICs in JSON', `{"serverId":"${A}"}`, 'line 1: nics: missing'],
    ['an empty list of NICs', `{"serverId":"${A}","nics":[]}`, 'line 1: nics: empty'],
    ['a JSON list', `[{"serverId":"${A}","nics":"all"}]`, 'line 1: a JSON list; write one object a line'],
    ['an empty cell', `server_id,nic_id\n${A},\n`, 'line 2: nic_id: empty; write all'],
    ['no server', `server_id,nic_id\n,${X}\n`, 'line 2: serverId: missing'],
    ['too many cells', `server_id,nic_id\n${A},${X},${Y}\n`, 'line 2: 3 cells; the header has 2'],
    [
      'an unknown column',
      `server_id,nic_id,mac_address\n${A},${X},x`,
      'line 1: unknown column "mac_address"',
    ],
    ['no column for NICs', `server_id\n${A}`, 'line 1: the header must be server_id,nic_id'],
    ['no header', `${A},${X}\n${B},${Y}\n`, 'line 1: looks like CSV, without its header'],
    ['an open quote', `server_id,nic_id\n${A},"${X}\n${B},${Y}\n`, 'not CSV'],
  ])('%s', (_name, text, problem) => {
    const { servers, problems } = read(text);
    expect(servers).toEqual([]);
    expect(problems).toEqual([expect.stringContaining(problem)]);
  });

  it('all of them at once; at most 50 are shown, the rest is counted', () => {
    const { problems } = read(`${A}\n${'web\n'.repeat(61)}`);
    expect(problems).toHaveLength(51);
    expect(problems[0]).toContain('line 2:');
    expect(problems[49]).toContain('line 51:');
    expect(problems[50]).toBe('and 11 more problems');
  });

  it('more NICs than a server can have', () => {
    const rows = Array.from({ length: 33 }, (_, n) => `${A},${nic(n)}`).join('\n');
    expect(read(`server_id,nic_id\n${rows}`).problems).toEqual([
      expect.stringContaining('line 34: 3f0b6f0e-2a53-4d59-9d1b-000000000001: 33 NICs'),
    ]);
  });

  it.each([
    ['nothing', ''],
    ['comments only', '# a\n\n'],
    ['a header only', 'server_id,nic_id\n'],
  ])('an empty list means nothing: %s', (_name, text) => {
    expect(read(text)).toEqual({
      servers: [],
      notes: [],
      problems: [expect.stringContaining('empty list means nothing, never everything')],
    });
  });

  it('what is no UTF-8', () => {
    expect(read(Buffer.from(`\ufeff${A}\n`, 'utf16le')).problems).toEqual([expect.stringContaining('UTF-8')]);
  });
});

describe('protected servers', () => {
  it('are ids and names, one a line', () => {
    const text = `\ufeff# never\r\n${A.toUpperCase()}\r\n\r\n  Web Server 1 #2\r\n${A}\r\n`;
    expect(readProtected(Buffer.from(text))).toEqual([A, 'Web Server 1 #2']);
  });
});
