/** The starter as a process, as far as it gets without a Temporal server. */
import { describe, expect, it } from 'vitest';
import { cleanEnvironment, startProgram } from '../../dev/processes';
import { DECOMMISSION } from '../../src/cli/commands/decommission/listed';
import { NIC_A, SERVER } from './support';

const starter = (args: string[], env: Record<string, string> = {}) =>
  startProgram('starter.js', args, cleanEnvironment(process.env, { TEMPORAL_ADDRESS: '127.0.0.1:1', ...env }))
    .finished;

const DELETE = ['delete', SERVER, '--nic', NIC_A, '--yes'];
interface Refusal {
  error: { type: string; message: string };
}

describe('the command line', () => {
  it.each([
    [
      ['--help'],
      /delete.*undo.*commit.*restore.*status.*watch.*cancel.*poll-now.*list.*decommission.*setup/s,
    ],
    [['delete', '--help'], /--allow-elastic-ip.*130/s],
    [['--version'], /^\d+\.\d+\.\d+/],
  ])('%j is answered, with exit code 0', async (args, expected) => {
    const { code, stdout } = await starter(args);
    expect([code, stdout]).toEqual([0, expect.stringMatching(expected)]);
  });

  it.each([
    '',
    'delete',
    'undo',
    'commit',
    'restore',
    'status',
    'watch',
    'cancel',
    'poll-now',
    'list',
    'setup',
    'decommission',
    ...DECOMMISSION.map(([name]) => `decommission ${name}`),
  ])('the help of %j fits 80 columns, and names --json', async (command) => {
    const { code, stdout } = await starter([...command.split(' ').filter(Boolean), '--help']);
    expect(code).toBe(0);
    if (command !== '' && command !== 'decommission') {
      expect(stdout).toMatch(/--quiet[^]*--json[^]*\nExamples?:\n {2}npx ecs-nics /);
      // What must be given stands in angles, and is no option.
      expect(stdout).toMatch(/^Usage: ecs-nics [a-z -]+(<[a-z-]+>|\[options\])/);
      expect(stdout).not.toMatch(/\[(server-id|run|file)\]/);
    }
    if (command === '') expect(stdout).toMatch(/\n {2}delete \[options\] <server-id> /);
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  it.each([
    [['destroy', SERVER], /unknown command 'destroy'/],
    [['watch', 'web-01'], /not a UUID/],
    [['poll-now', `${SERVER}0`], /not a UUID/],
    [['status', SERVER, '--run-id', 'last'], /--run-id: "last"/],
    [['list', '--outcome', 'gone'], /--outcome: "gone" is none; known are deleted/],
    [['list', '--limit', '0'], /1 to 1000/],
    [['list', '--limit', 'many'], /1 to 1000/],
    [['setup', 'prod'], /too many arguments/],
    [['decommission', 'frobnicate'], /unknown command 'frobnicate'/],
    [['decommission', 'status'], /<run>: missing/],
    [['decommission', 'status', 'A b'], /a-z 0-9/],
    [['decommission', 'report', 'x', '--format', 'xml'], /table, json, csv/],
    [['status', SERVER, NIC_A], /too many arguments/],
  ])('%j with --json: exit code 2, one document', async (args, expected) => {
    const { code, stdout } = await starter([...args, '--json']);
    const { error } = JSON.parse(stdout) as Refusal;
    expect([code, error.type, error.message]).toEqual([2, 'InvalidInput', expect.stringMatching(expected)]);
  });

  it.each([
    ['wrong JSON', '{"pollInterval":', /not JSON/],
    ['an unknown field', '{"pollIntervall":"5s"}', /pollIntervall": unknown field; known are firstPoll/],
    ['no duration', '{"pollInterval":"soon"}', /pollInterval: "soon" is not a duration/],
    ['a list', '[]', /must be an object/],
  ])('--timing with %s is named', async (_name, timing, expected) => {
    const { code, stderr } = await starter([...DELETE, '--timing', timing]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(expected)]);
  });

  it.each([
    [[], /Usage/],
    [['delete'], /server-id/],
    [['status'], /server-id/],
    [['status', 'web-01'], /web-01/],
    [['cancel', `${SERVER}0`], /not a UUID/],
    [[...DELETE, '--nope'], /--nope/],
    [[...DELETE, '--deadline'], /--deadline/],
    [['delete', '--nic', NIC_A, SERVER, '--yes'], /server id first/],
    [['delete', SERVER, '--nic', `${NIC_A},${NIC_A}`, '--yes'], /is named twice/],
    [['delete', SERVER, '--nic', '@/no/such/file', '--yes'], /--nic: .no.such.file can't be read/],
    [[...DELETE, '--deadline', '5m'], /write "5 min"/],
  ])('%j: exit code 2', async (args, expected) => {
    const { code, stdout, stderr } = await starter(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(expected);
  });

  it('names all problems in one message; with --json as one document', async () => {
    const args = ['delete', 'web-01', '--nic', 'eth1', '--undo-window', '1y', '--timing', '{', '--json'];
    const { code, stdout, stderr } = await starter(args);
    expect(code).toBe(2);
    const { error } = JSON.parse(stdout) as Refusal;
    expect(error.type).toBe('InvalidInput');
    for (const text of [error.message, stderr]) {
      for (const part of ['web-01', 'eth1', '1y', '--timing', '--yes']) expect(text).toContain(part);
    }
  });
});

describe('without Temporal', () => {
  it('one clear line, no stack, one document', async () => {
    const { code, stdout, stderr } = await starter([...DELETE, '--json']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^ecs-nics: Temporal is not reachable at 127\.0\.0\.1:1: .*TEMPORAL_ADDRESS.*\n$/);
    expect((JSON.parse(stdout) as Refusal).error.type).toBe('TemporalUnreachable');
  });

  it.each(['status', 'watch', 'cancel', 'poll-now'])('%s, too', async (command) => {
    const { code, stdout, stderr } = await starter([command, SERVER]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('not reachable at 127.0.0.1:1');
  });

  it('a stack only on demand', async () => {
    const { stderr } = await starter(DELETE, { ECS_NICS_LOG_LEVEL: 'debug' });
    expect(stderr).toMatch(/^\s+at /m);
  });

  it.each<[string, Record<string, string>]>([
    ['an empty profile file', { TEMPORAL_CONFIG_FILE: '/dev/null' }],
    ['a home that is a file', { HOME: '/dev/null', XDG_CONFIG_HOME: '' }],
    ['a folder of settings that is a file', { XDG_CONFIG_HOME: '/dev/null' }],
  ])('%s is no profile', async (_name, env) => {
    const { code, stderr } = await starter(['status', SERVER], env);
    expect([code, stderr]).toEqual([1, expect.stringContaining('not reachable at 127.0.0.1:1')]);
  });

  it('settings that cannot be read are named', async () => {
    const { code, stderr } = await starter(DELETE, { TEMPORAL_PROFILE: 'no-such-profile' });
    expect(code).toBe(2);
    expect(stderr).toContain("TEMPORAL_*: Profile 'no-such-profile' not found");
  });
});
