/** What an operator reads at the end. */
import { describe, expect, it } from 'vitest';
import type { Ending } from '../../src/cli/ending';
import { endSteps, openSteps } from '../../src/cli/next-steps';
import { endReport, openReport } from '../../src/cli/report';
import { NIC_A, NIC_B, PAGE, RUN, SERVER, document, nic, running } from './support';

const input = { serverId: SERVER, nics: [{ id: NIC_A }, { id: NIC_B }], reason: 'T-1' };
const report = (ending: Ending) => endReport(ending, RUN, endSteps(ending, SERVER, input), PAGE).join('\n');

describe('the report of an ended run', () => {
  it('all is well: verdicts, evidence, link, nothing left to do', () => {
    expect(report({ kind: 'completed', document: document() })).toBe(
      [
        '',
        '✔ deleted: 2 deleted',
        `  web-01 (${SERVER})`,
        '',
        '  NIC                                   IP         OUTCOME',
        `  ${NIC_A}  10.0.1.20  deleted`,
        `  ${NIC_B}  10.0.1.21  deleted`,
        '',
        '  job         ff8080826a7b4f0e016a8d3c7a5b1234 SUCCESS after 12 s, 2 polls',
        '  took        20 s',
        `  run         nics/${SERVER}`,
        `  run id      ${RUN.runId}`,
        `  Web UI      ${RUN.url}`,
      ].join('\n'),
    );
  });

  it('some NIC is still there: why, and the command that tries just that one again', () => {
    const text = report({
      kind: 'failed',
      type: 'NotDeleted',
      message: 'repeats the rows',
      document: document({
        outcome: 'not-deleted',
        nics: [
          nic(),
          nic({ id: NIC_B, outcome: 'still-attached', errorCode: 'Ecs.0611', message: 'in use' }),
        ],
        warnings: ['a second look was needed'],
      }),
    });
    expect(text).toContain('✘ not-deleted: 1 deleted, 1 still-attached');
    expect(text).toContain('      Ecs.0611: in use');
    expect(text).toContain('  warning     a second look was needed');
    expect(text).not.toContain('repeats the rows');
    expect(text).toMatch(new RegExp(`ecs-nics delete ${SERVER} --nic ${NIC_B} --reason T-1$`));
  });

  it('a plan: what would go, the way back, and the command that does it', () => {
    const plan = document({
      outcome: 'planned',
      nics: [
        nic({ outcome: 'untouched', elasticIp: '80.1.2.3' }),
        nic({ id: NIC_B, outcome: 'already-absent' }),
      ],
      jobs: [],
      submissions: 0,
    });
    const text = report({ kind: 'completed', document: plan });
    expect(text).toContain('✔ dry run: nothing was changed');
    expect(text).toContain('NIC                                   IP         OUTCOME         WAY BACK');
    expect(text).toContain(`${NIC_A}  10.0.1.20  would go        new-mac`);
    expect(text).toContain('      carries the elastic IP 80.1.2.3');
    expect(text).toMatch(new RegExp(`ecs-nics delete ${SERVER} --nic ${NIC_A} --reason T-1$`));
  });

  it.each(['OutcomeUnknown', 'RestoreIncomplete', 'SomethingNew'])(
    '%s: look first, with a dry run; no deletion is suggested',
    (type) => {
      const text = report({ kind: 'failed', type, message: 'm', document: null });
      expect(text).toContain('needs a person');
      for (const command of text.match(/ecs-nics delete.*/g) ?? []) expect(command).toContain('--dry-run');
    },
  );

  it('refused: the reason, and how to check again', () => {
    const text = report({
      kind: 'failed',
      type: 'Refused',
      message: `${NIC_A} is the primary NIC`,
      document: document({ outcome: 'refused', nics: [nic({ outcome: 'untouched' })], jobs: [] }),
    });
    expect(text).toContain(`${NIC_A} is the primary NIC`);
    expect(text).toContain('Once that is settled');
    expect(text).toContain('--dry-run');
  });

  it('cancelled without a worker: the totals', () => {
    const text = report({
      kind: 'cancelled',
      document: null,
      totals: null,
      counts: { deleted: 1, untouched: 1 },
    });
    expect(text).toContain('■ cancelled');
    expect(text).toContain('1 deleted, 1 untouched');
  });

  it('terminated: nobody knows', () => {
    const text = report({
      kind: 'ended-from-outside',
      type: 'Terminated',
      message: 'by hand',
      document: null,
      open: { nics: [NIC_B], since: '2026-03-01T03:00:00.000Z', jobId: null },
    });
    expect(text).toContain('nobody has observed');
    expect(text).toMatch(/its job id is not\s+known/);
    expect(text).toContain(`    ${NIC_B}\n`);
    expect(text).toContain('by hand');
    expect(text).toContain('--dry-run');
  });

  it('texts of the cloud are cleaned, bounded and wrapped', () => {
    const message = `\u001b[2J${'word '.repeat(1_000)}`;
    const text = report({ kind: 'completed', document: document({ nics: [nic({ message })] }) });
    // eslint-disable-next-line no-control-regex
    expect(text).not.toMatch(/\u001b/);
    expect(text.length).toBeLessThan(1_500);
    for (const line of text.split('\n').filter((candidate) => candidate.includes('word'))) {
      expect(line.length).toBeLessThan(80);
    }
  });
});

describe('the report of an open run', () => {
  it('says where it stands and when it looks again', () => {
    const text = openReport(running(), RUN, openSteps(SERVER), PAGE).join('\n');
    expect(text).toContain('running · polling');
    expect(text).toContain('no verdict yet');
    expect(text).toContain('look at the cloud in 6 s');
    expect(text).toContain('2026-03-01T03:20:00.000Z');
    expect(text).toContain(`ecs-nics cancel ${SERVER}`);
  });
});
