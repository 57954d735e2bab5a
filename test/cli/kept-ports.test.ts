/** Which ports are told as kept, from what the runs of a server say, newest first; and how that is shown. */
import { describe, expect, it } from 'vitest';
import type { NicRow, NicSnapshot } from '../../src/contract';
import type { KeptPort, KeptPorts } from '../../src/client/kept';
import { keptOf } from '../../src/client/kept';
import { widthOf } from '../../src/cli/format';
import { portsReport } from '../../src/cli/show/ports-report';
import { NIC_A, NIC_B, NOW, PAGE, RUN, SERVER, document, nic } from './support';

type Runs = Parameters<typeof keptOf>[0];

const snapshot = { deleteOnTermination: true } as unknown as NicSnapshot;
const row = (changes: Partial<NicRow>) => nic({ outcome: 'detached', snapshot, ...changes });
const free = { job: 'none', subJob: 'none', list: 'absent', port: 'free' } as const;
let n = 0;
const run = (type: string, ...nics: NicRow[]): Runs[number] => ({
  info: { workflowId: RUN.workflowId, runId: `run-${(n += 1)}`, type } as Runs[number]['info'],
  document: document({ nics }),
});
const kept = (...runs: Runs[number][]) => keptOf(runs).map((each) => [each.row.id, each.run.info.runId]);

describe('a port that a run has kept', () => {
  const keeper = run('deleteServerNics', row({}));
  const keptByIt = [[NIC_A, keeper.info.runId]];

  it.each<[string, Runs[number], boolean]>([
    ['nothing later', run('deleteServerNics', row({ id: NIC_B, outcome: 'deleted' })), true],
    ['a run without a document', { ...keeper, document: null }, true],
    [
      'a deletion that found it off',
      run('deleteServerNics', row({ outcome: 'already-absent', evidence: free })),
      true,
    ],
    ['one that found it gone', run('deleteServerNics', row({ outcome: 'already-absent' })), false],
    ['a restore that put it back', run('restoreServerNics', row({ outcome: 'restored' })), false],
    ['a restore that could not', run('restoreServerNics', row({ outcome: 'detached' })), true],
    ['a restore that was refused', run('restoreServerNics', row({ outcome: 'untouched' })), true],
    ['a restore that made a new one', run('restoreServerNics', row({ outcome: 'recreated' })), false],
    ['a release', run('releasePorts', row({ outcome: 'deleted' })), false],
    ['a release that found it on the server', run('releasePorts', row({ outcome: 'still-attached' })), false],
    ['a release that does not know', run('releasePorts', row({ outcome: 'unknown' })), true],
    ['a release that left it', run('releasePorts', row({ errorCode: 'PortChanged' })), true],
  ])('after %s', (_what, later, isKept) => {
    expect(kept(later, keeper)).toEqual(isKept ? keptByIt : []);
  });

  it('that a release has left is told with its reason, and by the release where the keeper is forgotten', () => {
    const left = run('releasePorts', row({ errorCode: 'PortInUse', message: 'in use' }));
    expect(keptOf([left, keeper])).toEqual([
      expect.objectContaining({
        row: expect.objectContaining({ errorCode: 'PortInUse', message: 'in use' }) as unknown,
      }),
    ]);
    expect(kept(left)).toEqual([[NIC_A, left.info.runId]]);
  });

  it('may be left over by a run that ended before it was known, if its flag was to keep it', () => {
    const unknown = run('deleteServerNics', row({ outcome: 'unknown', restore: 'exact' }));
    const ids = [[NIC_A, unknown.info.runId]];
    expect(kept(unknown)).toEqual(ids);
    expect(kept(run('deleteServerNics', row({ outcome: 'unknown', restore: 'new-mac' })))).toEqual([]);
    const listed = { job: 'none', subJob: 'none', list: 'present', port: 'attached' } as const;
    const found = (type: string, outcome: NicRow['outcome'], evidence: NicRow['evidence'] = free) =>
      run(type, row({ outcome, evidence }));
    expect(kept(found('releasePorts', 'deleted'), unknown)).toEqual([]);
    expect(kept(found('releasePorts', 'still-attached', listed), unknown)).toEqual([]);
    expect(kept(found('restoreServerNics', 'untouched', listed), unknown)).toEqual([]);
    expect(kept(found('restoreServerNics', 'untouched'), unknown)).toEqual(ids);
    expect(kept(found('releasePorts', 'unknown'), unknown)).toEqual(ids);
  });

  it('twice is told of the newer run', () => {
    const newer = run('deleteServerNics', row({}));
    expect(kept(newer, run('restoreServerNics', row({ outcome: 'restored' })), keeper)).toEqual([
      [NIC_A, newer.info.runId],
    ]);
  });
});

describe('the report', () => {
  const port = (changes: Partial<KeptPort> = {}): KeptPort => ({
    id: NIC_A,
    ip: '10.0.1.20',
    serverId: SERVER,
    serverName: 'web-01',
    ...RUN,
    endedAt: new Date(NOW - 3 * 86_400_000),
    why: 'cancelled',
    errorCode: null,
    message: null,
    requestedBy: 'ops',
    reason: 'T-17',
    openRun: null,
    ...changes,
  });
  const lines = (changes: Partial<KeptPorts>, serverId: string | null = null) =>
    portsReport({ ports: [], more: false, unread: [], held: [], windows: [], ...changes }, serverId, PAGE);

  it('says which port, since when, why, for whom, and how it is deleted', () => {
    const shown = lines({ ports: [port()] }).join('\n');
    expect(shown).toContain(`web-01 (${SERVER})`);
    expect(shown).toContain(`  ${NIC_A}  10.0.1.20  3 d  the run was cancelled`);
    expect(shown).toMatch(/ended .* ago, by ops:\s+T-17/);
    expect(shown).toMatch(new RegExp(`ecs-nics release ${SERVER}[^]*--nic ${NIC_A}`));
  });

  it('offers no deletion of what somebody uses or has changed, nor under an open run', () => {
    for (const changes of [
      { why: 'port-in-use' as const },
      { why: 'port-changed' as const },
      { openRun: { runId: RUN.runId, type: 'restoreServerNics' } },
    ])
      expect(lines({ ports: [port(changes)] }).join('\n')).not.toContain('ecs-nics release 3');
  });

  it('says what it does not know: more runs, runs that nobody can read, ports that a window holds', () => {
    const shown = lines({
      more: true,
      unread: [{ serverId: SERVER, runId: RUN.runId, why: 'it was canceled, and no worker tells its rows' }],
      held: [{ run: 'spring', ports: 3, ids: [] }],
    })
      .join(' ')
      .replace(/\s+/g, ' ');
    for (const said of [
      'no port is known',
      'not every closed run was read',
      RUN.runId,
      '3 ports more',
      'spring',
    ])
      expect(shown).toContain(said);
  });

  it('says which may be left over, and names the release of them as of the others', () => {
    const unknown = port({
      why: 'unknown',
      message: 'a submission may still take effect and take the NIC off',
    });
    const shown = lines({ ports: [unknown, port({ id: NIC_B })] }).join('\n');
    expect(shown).toContain('1 port kept, 1 port may be left over');
    expect(shown).toContain('may be left over: the run ended before it was known');
    expect(shown.replace(/[\s\\]+/g, ' ')).toContain(
      `ecs-nics release ${SERVER} --nic ${NIC_A} --nic ${NIC_B} --by`,
    );
    expect(lines({ ports: [unknown] })[0]).toBe('1 port may be left over');
  });

  it('names a command that runs for each server, of three at most', () => {
    const ports = [1, 2, 3, 4, 5].map((digit) => port({ serverId: SERVER.replace(/^./, String(digit)) }));
    const shown = lines({ ports })
      .join(' ')
      .replace(/[\s\\]+/g, ' ');
    for (const { serverId } of ports.slice(0, 3))
      expect(shown).toContain(`ecs-nics release ${serverId} --nic ${NIC_A} --by`);
    expect(shown.split('ecs-nics release ').length).toBe(5);
    expect(shown).toContain('And 2 servers more: ecs-nics ports --server SERVER');
    expect(shown).not.toContain('PORT --by');
    expect(lines({ ports: ports.slice(0, 3) }).join(' ')).not.toContain('more:');
  });

  it('counts what an open run keeps for its window, with commit and undo', () => {
    const window = { serverId: SERVER, serverName: 'web-01', runId: RUN.runId, ids: [NIC_A, NIC_B] };
    const shown = lines({ windows: [{ ...window, until: '2026-03-01T04:00:30.000Z' }] }, SERVER)
      .join(' ')
      .replace(/[\s\\]+/g, ' ');
    expect(shown).toContain(
      `2 ports more: run ${RUN.runId} on server web-01 (${SERVER}) is open and keeps them for its undo window, until 2026-03-01 04:00:30 UTC.`,
    );
    for (const command of ['commit', 'undo']) expect(shown).toContain(`ecs-nics ${command} ${SERVER} --by`);
  });

  it('fits into 80 columns, whatever the texts', () => {
    const long = 'x'.repeat(60);
    const reason = `${long} ${long} ${long} ${long}`;
    const all = lines({
      ports: [port({ serverName: 'web', reason, message: reason }), port({ id: NIC_B, why: 'own-flag' })],
      more: true,
    });
    for (const line of all) expect(widthOf(line), line).toBeLessThanOrEqual(80);
  });
});
