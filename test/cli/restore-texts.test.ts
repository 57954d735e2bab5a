/** What an operator reads about undo windows, and about NICs that were put back or can be. */
import { describe, expect, it } from 'vitest';
import type { NicRow, NicSnapshot } from '../../src/contract';
import { cleanEnvironment, startProgram } from '../../dev/processes';
import type { Asked } from '../../src/cli/show/asked';
import { differenceLines } from '../../src/cli/show/field-differences';
import type { Ending } from '../../src/client/ending';
import { endSteps, openSteps, windowSteps } from '../../src/cli/show/next-steps';
import { endReport, openReport } from '../../src/cli/show/report';
import { NIC_A, NIC_B, NOW, PAGE, RUN, SERVER, document, nic, running } from './support';

const snapshot = { fixedIps: [{ subnetId: 's', ip: '10.0.1.20' }], position: 1 } as unknown as NicSnapshot;
const off = (changes: Partial<NicRow> = {}) =>
  nic({ outcome: 'detached', restore: 'exact', snapshot, ...changes });
const RESTORE: Asked = { kind: 'restore', input: null, source: ['--run-id', RUN.runId] };
const DELETE: Asked = { kind: 'delete', input: null };
const stepsOf = (ending: Ending, asked: Asked) =>
  endSteps(ending, { serverId: SERVER, runId: RUN.runId, asked });
const report = (ending: Ending, asked: Asked) =>
  endReport(ending, null, stepsOf(ending, asked), PAGE, asked.kind);
const text = (...args: Parameters<typeof report>) => report(...args).join('\n');
const failed = (type: string, ...nics: NicRow[]): Ending => ({
  kind: 'failed',
  type,
  message: 'in one sentence',
  document: document({ nics }),
});

const inWindow = (changes = {}) =>
  running({
    phase: 'undo-window',
    outcome: 'detached',
    nics: [off(), off({ id: NIC_B, ip: '10.0.1.21' })],
    jobs: document().jobs,
    undoUntil: new Date(NOW + 86_399_000).toISOString(),
    nextLookAt: null,
    ...changes,
  });

describe('an open undo window', () => {
  it('says what is off, until when undo is possible, and what can be done', () => {
    expect(openReport(inWindow(), null, windowSteps(SERVER), PAGE)).toEqual([
      '',
      'detached: 2 NICs · undo possible until 2026-03-02 03:00:29 UTC (in 23 h 59 min)',
      '  then ports that are kept only for that are deleted',
      `  web-01 (${SERVER})`,
      '',
      '  NIC                                   IP         OUTCOME',
      `  ${NIC_A}  10.0.1.20  detached`,
      `  ${NIC_B}  10.0.1.21  detached`,
      '',
      '  job         ff8080826a7b4f0e016a8d3c7a5b1234 SUCCESS after 12 s, 2 polls',
      '',
      '  To put everything back exactly:',
      `    ecs-nics undo ${SERVER} --by YOU --reason WHY`,
      '',
      '  To delete the kept ports now and for good:',
      `    ecs-nics commit ${SERVER} --by YOU --reason WHY`,
      '',
      '  To follow it to its end:',
      `    ecs-nics watch ${SERVER}`,
    ]);
  });

  it('of a month is said in days, of a minute to the second; one that a wrong clock puts into the past without a span', () => {
    const at = (ms: number) =>
      openReport(inWindow({ undoUntil: new Date(NOW + ms).toISOString() }), null, [], PAGE)[1];
    expect(at(30 * 86_400_000 - 1)).toContain('(in 29 d 23 h)');
    expect(at(90_000)).toContain('until 2026-03-01 03:02:00 UTC (in 90 s)');
    expect(at(-5_000)).toMatch(/until 2026-03-01 03:00:25 UTC$/);
  });

  it('with a NIC that stayed takes two lines where one is too short', () => {
    const nics = [off(), off({ id: NIC_B, outcome: 'still-attached' })];
    const lines = openReport(inWindow({ outcome: 'not-deleted', nics }), null, [], PAGE);
    expect(lines.slice(1, 3)).toEqual([
      'not-deleted: 1 detached, 1 still-attached',
      '  undo possible until 2026-03-02 03:00:29 UTC (in 23 h 59 min)',
    ]);
  });

  it('makes undo and commit the next steps of whatever is asked of the run, but of a cancellation', () => {
    expect(openSteps(SERVER, 'status', inWindow())).toEqual(windowSteps(SERVER));
    expect(
      openSteps(SERVER, 'cancel', inWindow())
        .map(({ command }) => command)
        .join(),
    ).not.toContain('undo');
    expect(openSteps(SERVER, 'status', running())).toEqual(openSteps(SERVER, 'status'));
  });

  it('that somebody has decided about says who, when and why', () => {
    const decision = {
      what: 'undo' as const,
      by: 'ops',
      reason: 'T-7',
      at: new Date(NOW - 5_000).toISOString(),
    };
    const lines = openReport(running({ phase: 'restoring', decision }), null, [], PAGE);
    expect(lines).toContain('  decision    undo by ops, 5 s ago: T-7');
  });
});

describe('after a deletion', () => {
  it('what is off can be put back, with the grade; what never can is not offered', () => {
    const nics = [off(), off({ id: NIC_B, outcome: 'deleted', restore: 'new-mac' })];
    expect(text({ kind: 'completed', document: document({ nics }) }, DELETE)).toContain(
      [
        '  To put 2 NICs back (1 exactly as before; 1 same IP, new MAC):',
        `    ecs-nics restore ${SERVER} \\`,
        `      --run-id ${RUN.runId} --by YOU --reason WHY`,
      ].join('\n'),
    );
    for (const nic of [off({ snapshot: null }), off({ restore: 'no' }), off({ outcome: 'restored' })]) {
      const steps = stepsOf({ kind: 'completed', document: document({ nics: [nic] }) }, DELETE);
      expect(steps.filter(({ command }) => command.includes(' restore '))).toEqual([]);
    }
  });

  it('of a failed or cancelled one, too, below what comes first', () => {
    const document_ = document({ nics: [off(), off({ id: NIC_B, outcome: 'still-attached' })] });
    const endings: Ending[] = [
      { kind: 'failed', type: 'NotDeleted', message: '', document: document_ },
      { kind: 'failed', type: 'OutcomeUnknown', message: '', document: document_ },
      { kind: 'cancelled', document: document_, totals: null, counts: { detached: 1, 'still-attached': 1 } },
    ];
    for (const ending of endings) {
      const commands = stepsOf(ending, DELETE).map(({ command }) => command);
      expect(commands).toEqual([
        expect.stringMatching(/^ecs-nics delete/),
        expect.stringMatching(/^ecs-nics restore .* --run-id/),
        // A failed run needs a look first.
        ...(ending.kind === 'cancelled' ? [expect.stringMatching(/^ecs-nics release/)] : []),
      ]);
    }
  });

  it('a port that it has kept can be released, unless somebody uses it or nobody knows what it was', () => {
    const released = (row: NicRow) =>
      stepsOf({ kind: 'completed', document: document({ nics: [row] }) }, DELETE)
        .map(({ command }) => command)
        .filter((command) => command.includes(' release '));
    expect(released(off())).toEqual([
      `ecs-nics release ${SERVER} --nic ${NIC_A} --run-id ${RUN.runId} --by YOU --reason WHY`,
    ]);
    for (const row of [
      off({ snapshot: null }),
      off({ errorCode: 'PortInUse' }),
      off({ errorCode: 'PortChanged' }),
      off({ outcome: 'deleted' }),
    ])
      expect(released(row)).toEqual([]);
  });

  it('that could not put everything back: what is missing, the call for it, then the rest again', () => {
    const remedy = `POST /v1/p/cloudservers/${SERVER}/nics {"nics":[{"port_id":"${NIC_A}"}]} -- the cloud's own`;
    const lines = report(
      failed(
        'RestoreIncomplete',
        off({ message: 'the server is locked', remedy }),
        off({ id: NIC_B, outcome: 'restored' }),
      ),
      DELETE,
    );
    expect(lines).toContain('      the server is locked');
    // Copied whole, whatever is in it.
    expect(lines).toContain(`    ${remedy}`);
    expect(lines.join(' ').replace(/\s+/g, ' ')).toMatch(
      /is not back \(detached\)\. By hand:.*This needs a person\..*ecs-nics restore/,
    );
  });
});

describe('after a deletion whose end is not known', () => {
  const remedy = `ECS: PUT /v1/p/cloudservers/${SERVER}/os-interface/${NIC_A} {"interface_attachment":{"delete_on_termination":true}}`;
  const said = (row: NicRow, asked = DELETE) =>
    text(failed('OutcomeUnknown', row), asked).replace(/[\s\\]+/g, ' ');

  it('names the look, then release and restore; nothing is “not back”, and no flag is to be set back at once', () => {
    const shown = said(off({ outcome: 'unknown', message: 'do not set it back before job j has ended' }));
    expect(shown).toContain('do not set it back before job j has ended');
    expect(shown).toMatch(
      new RegExp(
        `ecs-nics delete ${SERVER} --dry-run .*ecs-nics release ${SERVER} --nic ${NIC_A} --run-id ${RUN.runId} .*ecs-nics restore ${SERVER} --nic ${NIC_A} --run-id ${RUN.runId}`,
      ),
    );
    for (const word of ['is not back', 'By hand', 'PUT']) expect(shown).not.toContain(word);
  });

  it('a flag that can be set back is told with its condition, also of runs of an older version', () => {
    const shown = said(off({ outcome: 'unknown', remedy }));
    expect(shown).toContain('is unknown, and its flag still false');
    expect(shown).toContain('only if the NIC is still on the server, by hand:');
    expect(shown).not.toContain('is not back');
  });

  it('“is not back” is said where a way back was asked for', () => {
    const input = { serverId: SERVER, nics: [{ id: NIC_A }], onFailure: 'restore' as const };
    expect(said(off({ outcome: 'unknown', remedy }), { kind: 'delete', input })).toContain(
      'is not back (unknown). By hand:',
    );
  });
});

describe('after a restore', () => {
  const back = nic({
    outcome: 'recreated',
    replacedBy: { id: NIC_B, mac: 'fa:16:3e:00:00:09', ip: '10.0.1.20' },
    differences: [
      { field: 'mac', before: 'fa:16:3e:00:00:02', after: 'fa:16:3e:00:00:09' },
      { field: 'securityGroups', before: ['a', 'b'], after: [] },
      { field: 'elasticIp', before: '80.1.2.3', after: null },
    ],
    remedy: 'PUT /v1/p/publicips/x',
  });

  it('each NIC has its successor and its differences, and the call for what is not as it was', () => {
    const ending: Ending = {
      kind: 'completed',
      document: document({ outcome: 'recreated', nics: [nic({ outcome: 'restored' }), back] }),
    };
    expect(text(ending, RESTORE)).toContain(
      [
        `      → ${NIC_B} 10.0.1.20`,
        '      mac: fa:16:3e:00:00:02 → fa:16:3e:00:00:09',
        '      security groups: a, b → none',
        '      elastic IP: 80.1.2.3 → none',
      ].join('\n'),
    );
    expect(text(ending, RESTORE)).toContain('✔ recreated: 1 restored, 1 recreated');
    expect(text(ending, RESTORE)).toMatch(/is back, but not as it\s+was\. By hand:\n {4}PUT/);
  });

  it('a plan shows what would return and how well, and the command that does it for just those', () => {
    const nics = [
      off({ outcome: 'untouched' }),
      off({ id: NIC_B, outcome: 'untouched', restore: 'no', message: 'its IP is taken' }),
    ];
    const shown = text({ kind: 'completed', document: document({ outcome: 'planned', nics }) }, RESTORE);
    expect(shown).toContain(`${NIC_A}  10.0.1.20  would return  exact`);
    expect(shown).toContain(`${NIC_B}  10.0.1.20  stays off     no\n      its IP is taken`);
    expect(shown).toMatch(new RegExp(`this NIC back \\(exactly as before\\):\n.*restore[^]*--nic ${NIC_A} `));
    expect(shown).not.toContain(`--nic ${NIC_B}`);
  });

  it('nothing to do says that all is in place', () => {
    const ending: Ending = { kind: 'completed', document: document({ outcome: 'nothing-to-do', nics: [] }) };
    expect(text(ending, RESTORE)).toContain('the NICs are in their places');
  });

  it.each(['Refused', 'CloudRefused', 'RestoreIncomplete', 'OutcomeUnknown', 'SomethingNew'])(
    '%s never ends in a deletion as next step',
    (type) => {
      const commands = stepsOf(failed(type, off()), RESTORE).map(({ command }) => command);
      expect(commands.length).toBeGreaterThan(0);
      for (const command of commands) expect(command).toMatch(/^ecs-nics restore/);
      expect(commands[0]?.includes('--dry-run')).toBe(type.endsWith('Refused'));
    },
  );

  it('documents of earlier versions have no differences and no remedies', () => {
    const old = { ...off(), differences: undefined, remedy: undefined } as unknown as NicRow;
    expect(differenceLines(old)).toEqual([]);
    const ending: Ending = { kind: 'completed', document: document({ nics: [old] }) };
    expect(text(ending, DELETE)).toContain('ecs-nics restore');
  });
});

describe('after a release', () => {
  const RELEASE: Asked = { kind: 'release', input: null, source: ['--run-id', RUN.runId] };
  const commandsOf = (ending: Ending) => stepsOf(ending, RELEASE).map(({ command }) => command);

  it('of a port that somebody uses or has changed only a look is offered', () => {
    for (const errorCode of ['PortInUse', 'PortChanged'])
      expect(commandsOf(failed('Refused', off({ errorCode })))).toEqual([
        `ecs-nics ports --server ${SERVER}`,
      ]);
    expect(commandsOf(failed('NotDeleted', off({ outcome: 'still-attached' })))).toEqual([
      `ecs-nics ports --server ${SERVER}`,
    ]);
  });

  it('what could not be deleted, or was not any more, can be asked for again', () => {
    const again = [`ecs-nics release ${SERVER} --nic ${NIC_A} --run-id ${RUN.runId} --by YOU --reason WHY`];
    expect(commandsOf(failed('CloudRefused', off({ errorCode: 'VPC.0012', remedy: 'VPC: DELETE' })))).toEqual(
      again,
    );
    expect(commandsOf(failed('OutcomeUnknown', off({ outcome: 'unknown' })))).toEqual(again);
    const counts = { detached: 1 };
    const rest = document({ nics: [off()] });
    expect(commandsOf({ kind: 'cancelled', document: rest, totals: null, counts })).toEqual(again);
    expect(commandsOf({ kind: 'completed', document: document() })).toEqual([]);
  });

  it('a dry run says which ports would go, and offers those alone', () => {
    const nics = [
      off({ outcome: 'untouched', restore: 'new-mac' }),
      off({ id: NIC_B, outcome: 'untouched', restore: 'new-mac', message: 'would be left: in use' }),
    ];
    const shown = text({ kind: 'completed', document: document({ outcome: 'planned', nics }) }, RELEASE);
    expect(shown).toContain(`${NIC_A}  10.0.1.20  would go    new-mac`);
    expect(shown).toContain(`${NIC_B}  10.0.1.20  would stay  new-mac`);
    expect(shown).not.toContain(`--nic ${NIC_B}`);
  });
});

describe('every command that is shown', () => {
  const steps = [
    ...windowSteps(SERVER),
    ...stepsOf({ kind: 'completed', document: document({ nics: [off()] }) }, DELETE),
    ...stepsOf(failed('RestoreIncomplete', off()), DELETE),
    ...stepsOf(failed('Refused', off()), RESTORE),
    ...stepsOf(
      {
        kind: 'completed',
        document: document({ outcome: 'planned', nics: [off({ outcome: 'untouched' })] }),
      },
      RESTORE,
    ),
  ];
  const run = (args: string[]) =>
    startProgram('starter.js', args, cleanEnvironment(process.env, { TEMPORAL_ADDRESS: '127.0.0.1:1' }))
      .finished;

  it.concurrent.each(steps.map(({ command }) => [command]))(
    '%s: passes the program once it is filled in',
    async (command) => {
      const [, ...words] = command.replace('YOU', 'ops').replace('WHY', 'T-7').split(' ');
      // On a terminal it would ask.
      if (words[0] === 'release') words.push('--yes');
      const { code, stderr } = await run(words);
      expect(stderr).toContain('Temporal is not reachable');
      expect(code).toBe(1);
      if (!command.includes('YOU')) return;
      // As it stands it says nothing of who and why.
      const blank = await run(command.split(' ').slice(1));
      expect([blank.code, blank.stderr]).toEqual([
        2,
        expect.stringMatching(/--by: "YOU" is a placeholder[^]*--reason: "WHY" is a placeholder/),
      ]);
    },
  );
});
