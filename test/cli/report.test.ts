/** What an operator reads at the end. */
import { describe, expect, it } from 'vitest';
import type { Ending } from '../../src/client/ending';
import type { EndedRun } from '../../src/cli/show/asked';
import { endSteps, openSteps } from '../../src/cli/show/next-steps';
import { endReport, openReport, silentReport } from '../../src/cli/show/report';
import type { SilentRun } from '../../src/client/silent';
import { NIC_A, NIC_B, PAGE, RUN, SERVER, document, nic, running, WHERE, why } from './support';

const input = { serverId: SERVER, nics: [{ id: NIC_A }, { id: NIC_B }], reason: 'T-1' };
const ended: EndedRun = { serverId: SERVER, runId: RUN.runId, asked: { kind: 'delete', input } };
const report = (ending: Ending) => endReport(ending, RUN, endSteps(ending, ended), PAGE).join('\n');

describe('the report of an ended run', () => {
  it('all is well: verdicts, evidence, link, nothing left to do', () => {
    expect(report({ kind: 'completed', document: document() })).toBe(
      [
        '',
        '✔ deleted: 2 NICs',
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
    expect(text).toContain(
      [
        '  Remove the reason (Ecs.0611: in use), then try this NIC again:',
        `    ecs-nics delete ${SERVER} \\`,
        `      --nic ${NIC_B} --reason T-1`,
      ].join('\n'),
    );
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
    // What the words of the last column mean, as far as they occur.
    expect(text).toContain('\n  Way back:\n    new-mac: a new port with the same IP address');
    expect(text).not.toContain('exact:');
    expect(text).toMatch(new RegExp(`ecs-nics delete ${SERVER} \\\\\n +--nic ${NIC_A} --reason T-1$`));
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
      message: `${NIC_A} is the primary NIC; allow it with allowElasticIp`,
      document: document({ outcome: 'refused', nics: [nic({ outcome: 'untouched' })], jobs: [] }),
    });
    // A permission is named by its flag.
    expect(text).toContain(`${NIC_A} is the primary NIC; allow it with\n  --allow-elastic-ip`);
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
    expect(text).toContain('its outcome was not observed');
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
    expect(text).toContain('2026-03-01 03:20:00 UTC');
    expect(text).toContain(`ecs-nics cancel ${SERVER}`);
  });
});

describe('the report of an open run that does not answer', () => {
  const silent: SilentRun = {
    outcome: 'running',
    phase: 'polling',
    serverId: SERVER,
    startedAt: '2026-03-01T02:55:30.000Z',
    taskQueue: 'ecs-nics',
    idleQueues: ['ecs-nics', 'ecs-nics-cloud'],
    ...why({ kind: 'no-worker', queues: ['ecs-nics', 'ecs-nics-cloud'] }),
    workflowTaskAttempt: 1,
    pendingActivities: [
      {
        name: 'getJobStatus',
        state: 'waiting',
        attempt: 3,
        since: '2026-03-01T02:58:30.000Z',
        lastFailure: 'activity StartToClose timeout\u001b[2J',
      },
    ],
    open: { nics: [NIC_B], since: '2026-03-01T02:56:00.000Z', jobId: 'ff80' },
  };
  const text = (changes: Partial<SilentRun> = {}, columns = 80) =>
    silentReport({ ...silent, ...changes }, WHERE, openSteps(SERVER, 'status'), { ...PAGE, columns });

  it('says what Temporal knows: since when, who is missing, what is pending, what was sent', () => {
    expect(text()).toEqual([
      '',
      'running · no answer',
      `  ${SERVER}`,
      '',
      '  phase       polling, as the run published it last',
      '  started     2026-03-01 02:55:30 UTC (5 min ago)',
      '  why         no worker polls task queue ecs-nics and ecs-nics-cloud',
      '  pending     getJobStatus: waiting for a worker, scheduled 2 min ago, attempt',
      '              3; failed before: activity StartToClose timeout',
      '  sent        2026-03-01 02:56:00 UTC; there is no verdict yet on',
      `    ${NIC_B}`,
      '    (job ff80)',
      `  run         nics/${SERVER}`,
      `  run id      ${RUN.runId}`,
      `  Web UI      ${RUN.url}`,
      '',
      `  follow it   ecs-nics watch ${SERVER}`,
      `  stop it     ecs-nics cancel ${SERVER}`,
    ]);
  });

  it('a worker that fails with it is told from one that is missing', () => {
    const lines = text(
      {
        ...why({
          kind: 'tasks-fail',
          attempt: 12,
          cause: 'TMPRL1100 \u001b]0;x\u0007nondeterminism',
          isSearchAttribute: false,
        }),
        pollers: ['7@host'],
        phase: null,
        open: null,
      },
      Infinity,
    ).join('\n');
    expect(lines).toMatch(/worker +polled by 7@host/);
    expect(lines).toMatch(/why +a worker takes the run and fails \(attempt 12\): TMPRL1100\s+nondeterminism/);
    expect(lines).toContain(`temporal workflow show --workflow-id nics/${SERVER}`);
    expect(lines).not.toMatch(/published|sent/);
  });

  it('one that no worker has ever taken: that it has changed nothing, and how to end it', () => {
    const lines = text({ neverTaken: true }, Infinity).join('\n');
    expect(lines).toMatch(/has changed\s+nothing/);
    expect(lines).toContain(
      `temporal workflow terminate --workflow-id nics/${SERVER} --run-id ${RUN.runId} --reason 'no worker has ever taken it'`,
    );
    expect(text().join('\n')).not.toContain('terminate');
  });
});

describe('kept ports that others have taken meanwhile', () => {
  const left = (errorCode: string, changes = {}) =>
    document({
      outcome: 'detached',
      nics: [
        nic({
          outcome: 'detached',
          restore: 'exact',
          snapshot: {} as never,
          errorCode,
          message: 'left alone',
          ...changes,
        }),
      ],
      warnings: [`NIC ${NIC_A}: its port was left alone`],
    });
  const told = (ending: Ending) =>
    endReport(ending, RUN, endSteps(ending, ended), { ...PAGE, columns: Infinity }).join('\n');

  it.each(['PortInUse', 'PortChanged'])(
    '%s: warned of, no plain success, and nothing that harms is suggested',
    (code) => {
      const text = told({ kind: 'completed', document: left(code) });
      expect(text).toContain('! detached: 1 NIC');
      expect(text).toContain(`${code}: left alone`);
      expect(text).toMatch(/warning +NIC/);
      expect(text).not.toMatch(/restore|delete /);
    },
  );

  it('put back on the server by hand: no command that takes it off again', () => {
    const row = { outcome: 'still-attached', errorCode: null, message: 'attached again' };
    const text = told({
      kind: 'failed',
      type: 'NotDeleted',
      message: 'x',
      document: { ...left('x', row), outcome: 'not-deleted' },
    });
    expect(text).toContain('is on the server again');
    expect(text).toMatch(/ecs-nics delete \S+ --dry-run/);
    expect(text).not.toMatch(/ecs-nics delete \S+ --nic|try this NIC again/);
  });
});

describe('ports that nobody knows', () => {
  const warning = (id: string) => `NIC ${id}: no such port; check the id`;
  const told = (changes: object) =>
    endReport({ kind: 'completed', document: document(changes) }, RUN, [], PAGE).join('\n');

  it('alone are no success', () => {
    const text = told({
      outcome: 'nothing-to-do',
      nics: [nic({ outcome: 'already-absent' })],
      warnings: [warning(NIC_A)],
    });
    expect(text).toContain('! nothing was deleted: there is no such port; check the id');
    expect(text).not.toContain('gone before');
  });

  it('are not called gone where the port is there, on no server', () => {
    const row = { outcome: 'already-absent', snapshot: null, message: null } as const;
    const evidence = { list: 'absent', port: 'free', job: 'none', subJob: 'none' } as const;
    const free = told({ outcome: 'nothing-to-do', nics: [nic({ ...row, evidence })] });
    expect(free).toContain('nothing was deleted: not on this server, and perhaps never');
    const gone = told({
      outcome: 'nothing-to-do',
      nics: [nic({ ...row, evidence: { ...evidence, port: 'absent' } })],
    });
    expect(gone).toContain('nothing to do: the NICs were gone before');
  });

  it('beside others are told in the headline and as a warning', () => {
    const nics = [nic(), nic({ id: NIC_B, outcome: 'already-absent' })];
    const text = told({ nics, warnings: [warning(NIC_B)] });
    expect(text).toContain('! deleted: 1 deleted, 1 already-absent; of 1 NIC there is no such port');
    expect(text).toMatch(new RegExp(`warning     NIC ${NIC_B}: no such port; check the\\s+id`));
    expect(told({ nics })).toContain('✔ deleted: 1 deleted, 1 already-absent');
  });
});

describe('on a narrow terminal', () => {
  it('no id is broken, and only ids, links and commands are longer than the terminal', () => {
    const page = { ...PAGE, columns: 50 };
    const ending: Ending = { kind: 'completed', document: document({ warnings: ['word '.repeat(40)] }) };
    const lines = endReport(ending, RUN, endSteps(ending, ended), page);
    expect(lines).toContain(`  ${NIC_A}`);
    expect(lines).toContain('    10.0.1.20 · deleted');
    for (const line of lines)
      if (!/https?:|ecs-nics|[0-9a-f-]{36}/.test(line)) expect(line.length).toBeLessThan(50);
  });
});
