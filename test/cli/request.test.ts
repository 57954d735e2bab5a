/** From flags to an input and back. */
import { describe, expect, it } from 'vitest';
import { Command } from 'commander';
import { deleteCommand, requestFrom } from '../../src/cli/ask/delete-request';
import { deleteOptions, restoreOptions } from '../../src/cli/ask/option-flags';
import { NIC_A, NIC_B, SERVER } from './support';

const flags = { wait: true };

describe('flags', () => {
  it('become exactly the fields that were given', () => {
    expect(requestFrom(SERVER, { ...flags, nic: [NIC_A, NIC_B] })).toEqual({
      input: { serverId: SERVER, nics: [{ id: NIC_A }, { id: NIC_B }] },
      problems: [],
    });
    const all = requestFrom(SERVER, {
      ...flags,
      all: true,
      dryRun: true,
      allowElasticIp: true,
      deadline: '5 minutes',
      timing: '{"pollInterval":"5s"}',
      requestedBy: 'ops',
      reason: 'TICKET-1',
    });
    expect(all).toEqual({
      input: {
        serverId: SERVER,
        nics: 'all',
        dryRun: true,
        allowElasticIp: true,
        deadline: '5 minutes',
        timing: { pollInterval: '5s' },
        requestedBy: 'ops',
        reason: 'TICKET-1',
      },
      problems: [],
    });
  });

  it('are all checked at once, in the words of the command line', () => {
    const { problems } = requestFrom('WEB', {
      ...flags,
      nic: ['x', NIC_A, NIC_A],
      all: true,
      keepPort: true,
      undoWindow: '1y',
      onFailure: 'mend',
      onCancel: 'explode',
      deadline: '3 days',
      timing: '{',
      reason: '',
    });
    const text = problems.join('\n');
    for (const flag of [
      '<server-id>: "WEB"',
      '--nic and --all',
      '--undo-window: "1y"',
      '--on-failure: must be',
      '--on-cancel: must be',
      '--deadline: "3 days"',
      '--timing: not JSON',
      '--reason',
    ]) {
      expect(text).toContain(flag);
    }
    expect(requestFrom(SERVER, { ...flags, nic: ['x', NIC_A, NIC_A] }).problems).toEqual([
      expect.stringMatching(/^--nic: "x" is not/),
      expect.stringMatching(/^--nic: .* is named twice$/),
    ]);
  });

  it('an empty list means nothing, never everything', () => {
    expect(requestFrom(SERVER, flags).problems).toEqual([expect.stringMatching(/^which NICs\?/)]);
  });

  it('a server id swallowed by --nic is explained', () => {
    const { problems } = requestFrom(undefined, { ...flags, nic: [NIC_A, SERVER] });
    expect(problems).toEqual([expect.stringContaining('put the server id first')]);
  });

  it('a duration without a unit is refused, and the message says what was meant', () => {
    const given = { ...flags, nic: [NIC_A], undoWindow: '24', deadline: '1.5h', timing: '{"settle":"30"}' };
    expect(requestFrom(SERVER, given).problems).toEqual([
      '--undo-window: "24" has no unit; write "24 hours"',
      '--deadline: "1.5h" is a fraction; write "90 minutes"',
      '--timing.settle: "30" has no unit; write "30 seconds"',
    ]);
  });

  it('a timing of null counts as left out, as do members of it', () => {
    for (const timing of ['null', '{"settle":null,"firstPoll":null}'])
      expect(requestFrom(SERVER, { ...flags, all: true, timing }).problems).toEqual([]);
  });

  it.each(['"5s"', '[]', '5'])('a timing of %s never passes unnoticed', (timing) => {
    const { problems } = requestFrom(SERVER, { ...flags, all: true, timing });
    expect(problems).toEqual([expect.stringMatching(/^--timing: must be an object/)]);
  });
});

describe.each([
  ['delete', deleteOptions, 10],
  ['restore', restoreOptions, 3],
])('an option of %s', (_name, options, count) => {
  it('has a flag whose value is found under the name of the field', () => {
    const command = new Command();
    options.declare(command);
    const names = options.names();
    expect(command.options).toHaveLength(count);
    command.options.forEach((option, i) => {
      const [field, flag] = names[i]!;
      expect(option.long).toBe(flag);
      expect(option.attributeName()).toMatch(field);
    });
  });
});

describe('the command shown for a request', () => {
  it('asks for the same again', () => {
    const { input } = requestFrom(SERVER, {
      ...flags,
      nic: [NIC_A],
      allowElasticIp: true,
      timing: '{"settle":"1s"}',
      reason: "it's gone",
    });
    expect(deleteCommand(input)).toBe(
      `ecs-nics delete ${SERVER} --nic ${NIC_A} --allow-elastic-ip --timing '{"settle":"1s"}' --reason 'it'\\''s gone'`,
    );
    const ms = deleteCommand({ serverId: SERVER, nics: 'all', undoWindow: 86_400_000, deadline: 5_000 });
    expect(ms).toBe(`ecs-nics delete ${SERVER} --all --undo-window 86400000ms --deadline 5000ms`);
    expect(deleteCommand({ serverId: SERVER, nics: 'all', dryRun: true })).toBe(
      `ecs-nics delete ${SERVER} --dry-run --all`,
    );
  });
});
