/** Links, texts for the Web UI, and the small things about text. */
import { describe, expect, it } from 'vitest';
import {
  clean,
  commandLines,
  cut,
  escapeMarkdown,
  fitted,
  shellQuote,
  table,
  wrap,
} from '../../src/cli/format';
import { runLink, uiBase } from '../../src/cli/link';
import { startDetails, startSummary } from '../../src/cli/show/start-texts';
import { confirmationLines, questionOf } from '../../src/cli/commands/confirm';
import { endpointOf } from '../../src/client/target';
import { consequence } from '../../src/cli/commands/cancel';
import { meaningOf } from '../../src/cli/commands/poll-now';
import { NIC_A, NIC_B, NOW, PAGE, SERVER, document, nic } from './support';

describe('the link', () => {
  it.each([
    ['localhost:7233', undefined, 'http://localhost:8233'],
    ['localhost', undefined, 'http://localhost:8233'],
    ['127.0.0.1:7400', undefined, 'http://127.0.0.1:8400'],
    ['[::1]:7233', undefined, 'http://[::1]:8233'],
    ['temporal.internal:7233', undefined, 'http://temporal.internal:8233'],
    ['prod.a1b2c.tmprl.cloud:7233', undefined, 'https://cloud.temporal.io'],
    ['eu-west-1.aws.api.temporal.io:7233', undefined, 'https://cloud.temporal.io'],
    ['localhost:7233', 'https://ui.example.com/temporal/', 'https://ui.example.com/temporal'],
    ['localhost:7233', ' ', 'http://localhost:8233'],
  ])('%s with TEMPORAL_UI_URL %s is %s', (address, configured, expected) => {
    expect(uiBase(address, configured)).toBe(expected);
  });

  it('encodes the workflow id', () => {
    expect(runLink('http://u', 'a b', 'nics/1', 'r')).toBe('http://u/namespaces/a%20b/workflows/nics%2F1/r');
  });

  it.each([
    ['localhost', { host: 'localhost', port: 7233 }],
    ['10.0.0.1:99', { host: '10.0.0.1', port: 99 }],
    ['[::1]:99', { host: '::1', port: 99 }],
    ['dns:///x:1', null],
    ['http://x:1', null],
    ['x:', null],
    ['x:0', null],
    ['x:65536', null],
    ['::1', null],
    ['a b:1', null],
    ['user@x:1', null],
    ['', null],
  ])('the endpoint of %j', (address, expected) => {
    expect(endpointOf(address)).toEqual(expected);
  });
});

describe('texts for the Web UI', () => {
  it('the summary states the fact within 80 characters', () => {
    expect(startSummary({ serverId: SERVER, nics: [{ id: NIC_A }] })).toBe(`Delete 1 NIC of ${SERVER}`);
    expect(startSummary({ serverId: SERVER, nics: 'all', dryRun: true })).toBe(
      `Dry run: delete all but the primary NIC of ${SERVER}`,
    );
    expect(startSummary({ serverId: SERVER, nics: 'all', dryRun: true }).length).toBeLessThanOrEqual(80);
  });

  it('the details show the request, and callers cannot inject HTML or Markdown', () => {
    const details = startDetails({
      serverId: SERVER,
      nics: [{ id: NIC_A }, { id: NIC_B }],
      allowElasticIp: true,
      deadline: '5 minutes',
      requestedBy: 'ops <ops@example.com>',
      reason: '<img src=x onerror=alert(1)>\n# big\n[link](javascript:alert(1)) `code`',
    });
    expect(details).not.toMatch(/(?<!\\)[<>[`]|^#/m);
    expect(details).toContain('- Requested by: ops');
    expect(details.split('\n').filter((line) => line.startsWith('- NIC: '))).toHaveLength(2);
  });

  it('the details are bounded', () => {
    const reason = 'x'.repeat(100_000);
    expect(startDetails({ serverId: SERVER, nics: 'all', reason }).length).toBeLessThan(1_000);
  });
});

const PLAN = document({
  outcome: 'planned',
  nics: [nic({ outcome: 'untouched' }), nic({ id: NIC_B, outcome: 'untouched', ip: '10.0.1.21' })],
});

describe('the question', () => {
  it('names the server and every NIC', () => {
    const input = { serverId: SERVER, nics: [{ id: NIC_A }, { id: NIC_B }] };
    const lines = confirmationLines(input, PLAN, PAGE).join('\n');
    for (const id of [SERVER, NIC_A, NIC_B, '10.0.1.20', 'new-mac', 'cannot be undone'])
      expect(lines).toContain(id);
    expect(questionOf(input, PLAN)).toBe('Delete these 2 NICs?');
    expect(questionOf({ serverId: SERVER, nics: 'all' }, PLAN)).toBe('Delete these 2 NICs?');
  });

  it('says which of the NICs there are none of', () => {
    const plan = document({
      outcome: 'planned',
      nics: [nic({ outcome: 'untouched' }), nic({ id: NIC_B, outcome: 'already-absent', ip: null })],
      warnings: [`NIC ${NIC_B}: no such port; check the id`],
    });
    const input = { serverId: SERVER, nics: [{ id: NIC_A }, { id: NIC_B }] };
    expect(confirmationLines(input, plan, PAGE).join(' ').replace(/\s+/g, ' ')).toContain(
      `warning NIC ${NIC_B}: no such port; check the id`,
    );
    expect(questionOf(input, plan)).toBe('Delete 1 NIC of these 2?');
    const none = { ...plan, nics: plan.nics.slice(1) };
    expect(questionOf(input, none)).toMatch(/^None of these NICs is on the server/);
  });
});

describe('what the question says is true of the request', () => {
  const said = (more: object) =>
    confirmationLines({ serverId: SERVER, nics: [{ id: NIC_A }], ...more }, PLAN, PAGE).join(' ');
  it.each<[object, RegExp, RegExp]>([
    [{}, /ports deleted; this cannot be undone/, /kept|stay/],
    [
      { undoWindow: '24 hours' },
      /for 24 h, until about 2026-03-02 03:00:30 UTC, their ports are kept, and ecs-nics undo puts/,
      /and their ports deleted/,
    ],
    [{ undoWindow: 0 }, /cannot be undone/, /ecs-nics undo/],
    [{ keepPort: true }, /their ports stay/, /cannot be undone|deleted/],
    [{ keepPort: true, undoWindow: '1h' }, /their ports stay/, /cannot be undone|deleted/],
    [{ onFailure: 'restore' }, /a NIC is not deleted, all are put back/, /cancelled/],
    [{ onCancel: 'restore' }, /cancelled, all are put back/, /is not deleted/],
  ])('%j', (request, expected, wrong) => {
    const text = said(request).replace(/ +/g, ' ');
    expect(text).toMatch(expected);
    expect(text).not.toMatch(wrong);
  });
  it('ports that stay are not said to be deleted', () => {
    expect(questionOf({ serverId: SERVER, nics: 'all', keepPort: true }, PLAN)).toMatch(/^Detach these 2/);
  });
});

describe('what a cancellation means', () => {
  it.each([
    ['undo-window', /window closes/],
    ['restoring', /does not stop a restore/],
    ['committing', /ports are being deleted/],
    ['polling', /can't stop its job/],
  ] as const)('in phase %s', (phase, expected) => {
    expect(consequence(phase)).toMatch(expected);
  });
  it('nor is there anything to look at while a window is open', () => {
    const open = document({ phase: 'undo-window', undoUntil: new Date(NOW + 60_000).toISOString() });
    expect(meaningOf(open, NOW)).toMatch(/nothing to look at: undo possible until .*in 60 s/);
  });
});

describe('format', () => {
  it('takes terminal commands out of the texts of strangers', () => {
    expect(clean('a\u001b[31mred\u001b[0m\r\nb\u0007\u009b2J')).toBe('ared b 2J');
    expect(clean('web\u202egnp.exe')).toBe('webgnp.exe');
  });
  it('cuts by characters, not in the middle of one', () => {
    expect(cut('🐟🐟🐟', 4)).toBe('🐟…');
    expect(cut('数据库服务器', 7)).toBe('数据库…');
    expect(cut('abc', 3)).toBe('abc');
    expect(cut('abc', 0)).toBe('');
  });
  it('wraps words, and keeps a long one whole', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('x'.repeat(20), 7)).toEqual(['x'.repeat(20)]);
    expect(wrap('', 7)).toEqual([]);
  });
  it('aligns columns', () => {
    expect(
      table([
        ['a', 'bbb', 'c'],
        ['aaaa', 'b', ''],
      ]),
    ).toEqual(['a     bbb  c', 'aaaa  b']);
  });
  it('keeps a table that fits; otherwise each id stays whole, with the rest below it', () => {
    const rows = [
      ['abcdef', '10.0.0.1', 'deleted'],
      ['ghijkl', '', 'unknown'],
    ];
    expect(fitted(['ID', 'IP', 'OUTCOME'], rows, 25)).toEqual({
      head: 'ID      IP        OUTCOME',
      body: [['abcdef  10.0.0.1  deleted'], ['ghijkl            unknown']],
    });
    expect(fitted(['ID', 'IP', 'OUTCOME'], rows, 24)).toEqual({
      head: null,
      body: [
        ['abcdef', '  10.0.0.1 · deleted'],
        ['ghijkl', '  unknown'],
      ],
    });
  });
  it('breaks a long command between its options, as a shell takes it', () => {
    const command = `ecs-nics delete x --nic a --nic b --reason 'it'\\''s --all of it' --dry-run`;
    expect(commandLines(command, 200)).toEqual([command]);
    expect(commandLines(command, 40)).toEqual([
      'ecs-nics delete x --nic a --nic b \\',
      `  --reason 'it'\\''s --all of it' \\`,
      '  --dry-run',
    ]);
  });
  it('quotes for a shell only what needs it', () => {
    expect(['--nic', 'a b', "it's", '', '$(x)'].map(shellQuote)).toEqual([
      '--nic',
      "'a b'",
      "'it'\\''s'",
      "''",
      "'$(x)'",
    ]);
  });
  it('escapes HTML and Markdown', () => {
    expect(escapeMarkdown('<b> &amp; *x* \\<')).toBe('\\<b\\> \\&amp; \\*x\\* \\\\\\<');
    // The Web UI shows a backslash before these.
    expect(escapeMarkdown(`a@b "c" 'd' / = % ?`)).toBe(`a@b "c" 'd' / = % ?`);
  });
});
