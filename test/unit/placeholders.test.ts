/** Who asks and why is what people look for afterwards: a command that was pasted as it stands is refused. */
import { describe, expect, it } from 'vitest';
import { byWhomFrom, BY_WHOM_WORDS } from '../../src/cli/ask/flags';
import { requestFrom } from '../../src/cli/ask/delete-request';
import { checkByWhom, checkDeleteInput, checkRestoreInput } from '../../src/contract';
import { TO_FILL_IN } from '../../src/contract/placeholders';
import { restoreCommand } from '../../src/workflows/policy/remedies';

const SERVER = '3f0b6f0e-2a53-4d59-9d1b-0a2a7e5f1c11';
const NIC = '6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e01';
const good = { serverId: SERVER, nics: [{ id: NIC }] };
const from = { workflowId: `nics/${SERVER}`, runId: NIC };

const REFUSED = [
  ...[TO_FILL_IN.who, TO_FILL_IN.why, 'YOU', 'you', ' You\t', 'YOUR NAME', 'Your name', 'WHY', 'why'],
  ...['<who>', '<text>', '<why>', '<WHY>', '<your name>', '< reason >', '…', ' … ', '...'],
];

describe('a placeholder', () => {
  it.each(REFUSED)('%j is refused wherever somebody says who asks, or why', (text) => {
    for (const [field, problems] of [
      ['by', checkByWhom({ by: text, reason: 'T-1' }).problems],
      ['reason', checkByWhom({ by: 'ops', reason: text }).problems],
      ['requestedBy', checkDeleteInput({ ...good, requestedBy: text }).problems],
      ['reason', checkDeleteInput({ ...good, reason: text }).problems],
      ['requestedBy', checkRestoreInput({ ...good, from, requestedBy: text }).problems],
      ['reason', checkRestoreInput({ ...good, from, reason: text }).problems],
      ['--by', byWhomFrom({ by: text, reason: 'T-1' }).problems],
      ['--reason', byWhomFrom({ by: 'ops', reason: text }).problems],
      ['--requested-by', requestFrom(SERVER, { nic: [NIC], wait: true, requestedBy: text }).problems],
      ['--reason', requestFrom(SERVER, { nic: [NIC], wait: true, reason: text }).problems],
    ] as const)
      expect(problems, field).toEqual([expect.stringMatching(new RegExp(`^${field}: .*placeholder`))]);
  });

  it.each(['ops', 'YOUR', 'You Li', 'why not', 'WHY-7', '<ops@example.com>', 'T-1 …', 'who', 'a <text> b'])(
    '%j is none',
    (text) => {
      expect(checkByWhom({ by: text, reason: text }).problems).toEqual([]);
    },
  );
});

it('the commands that we show have the placeholders that are refused', () => {
  const place = { projectId: null, serverId: SERVER };
  for (const text of [BY_WHOM_WORDS.join(' '), restoreCommand(place, NIC)])
    expect(text).toContain(`--by ${TO_FILL_IN.who} --reason ${TO_FILL_IN.why}`);
});
