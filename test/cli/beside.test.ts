/** What other runs on the server have to do with an end, as an operator reads it. */
import { describe, expect, it } from 'vitest';
import type { Ending } from '../../src/client/ending';
import type { EndedRun } from '../../src/cli/show/asked';
import type { Beside } from '../../src/cli/show/beside';
import { besideDocument, NOTHING_BESIDE } from '../../src/cli/show/beside';
import { endSteps } from '../../src/cli/show/next-steps';
import { endReport } from '../../src/cli/show/report';
import { document, NIC_A, nic, PAGE, RUN, SERVER } from './support';

const OTHER = '01a210d6-da21-79f3-be7d-910b0b582a0a';
const input = { serverId: SERVER, nics: [{ id: NIC_A }], deadline: '3s' };
const told = (ending: Ending, beside: Beside, dryRun = true) => {
  const run: EndedRun = {
    serverId: SERVER,
    runId: RUN.runId,
    asked: { kind: 'delete', input: { ...input, dryRun } },
  };
  return endReport(ending, RUN, endSteps(ending, run, beside), PAGE, 'delete', null, beside).join('\n');
};
const plan: Ending = {
  kind: 'completed',
  document: document({ outcome: 'planned', nics: [nic({ outcome: 'untouched' })] }),
};

describe('a plan', () => {
  it('without anything else at work is a success, with the command that carries it out', () => {
    const text = told(plan, NOTHING_BESIDE);
    expect(text).toMatch(/^✔ dry run/m);
    expect(text).toContain('To delete this NIC:');
  });

  it('beside an open run is none: it names that run first', () => {
    const text = told(plan, { before: { kind: 'open', runId: OTHER }, takenOffBy: null });
    expect(text).toMatch(/^! dry run/m);
    expect(text).toContain(`Run ${OTHER} is open on this server`);
    expect(text.indexOf(`ecs-nics status ${SERVER}`)).toBeLessThan(text.indexOf(`ecs-nics delete ${SERVER}`));
    expect(text).toContain('Once it has ended, to delete this NIC:');
  });

  it.each([
    ['job-1', 'its job job-1 end'],
    [null, 'what came of it'],
  ])('after a submission that may still take effect says so (job %s)', (jobId, seen) => {
    const open = { nics: [NIC_A], since: '2026-03-01T03:00:00Z', jobId };
    const text = told(plan, { before: { kind: 'unfinished', runId: OTHER, open }, takenOffBy: null });
    expect(text).toMatch(/^! dry run/m);
    expect(text.replace(/\s+/g, ' ')).toContain(
      `Run ${OTHER} has sent a request for 1 NIC of this server at 2026-03-01 03:00:00 UTC, and nobody has seen ${seen}`,
    );
  });
});

it('a NIC that an earlier run has taken off is no wrong id, and that run is the way back', () => {
  const gone = nic({ outcome: 'already-absent' });
  const warnings = [`NIC ${NIC_A}: no such port; check the id`];
  const ending: Ending = {
    kind: 'completed',
    document: document({ outcome: 'nothing-to-do', nics: [gone], warnings }),
  };
  const text = told(ending, { before: null, takenOffBy: OTHER }, false);
  expect(text).toContain(`nothing to do: run ${OTHER} has asked the cloud for it before`);
  expect(text).toContain(`--run-id ${OTHER}`);
  expect(text).not.toContain('check the id');
  expect(told(ending, NOTHING_BESIDE, false)).toContain('there is no such port; check the id');
});

it('a look after an unknown outcome does not repeat the deadline that was too short', () => {
  const ending: Ending = { kind: 'failed', type: 'OutcomeUnknown', message: 'x', document: document() };
  const text = told(ending, NOTHING_BESIDE, false);
  expect(text).toMatch(/--dry-run/);
  expect(text).not.toContain('--deadline');
});

it('programs are told the same', () => {
  const before = { kind: 'open', runId: OTHER } as const;
  expect(besideDocument({ before, takenOffBy: null })).toEqual({ before });
  expect(besideDocument({ before: null, takenOffBy: OTHER })).toEqual({ takenOffBy: OTHER });
  expect(besideDocument(NOTHING_BESIDE)).toEqual({});
});
