/** What an open run waits for, until when, and what a person can do: never without a word. */
import { describe, expect, it } from 'vitest';
import type { Phase } from '../../src/contract';
import { openReport } from '../../src/cli/show/report';
import { waitingOf } from '../../src/cli/show/waiting';
import { NIC_A, NIC_B, NOW, PAGE, RUN, SERVER, nic, running } from './support';

const PHASES: Phase[] = [
  'inspecting',
  'waiting',
  'submitting',
  'polling',
  'verifying',
  'restoring',
  'undo-window',
  'committing',
];
const open = { job: 'SUCCESS', subJob: 'SUCCESS' };
const status = (changes: object) =>
  openReport(running(changes), RUN, [], { ...PAGE, witnesses: true })
    .join('\n')
    .replace(/\n {14}/g, ' ');

describe('a run that waits', () => {
  it.each(PHASES)('while %s says for what, and what can be done', (phase) => {
    const undoUntil = phase === 'undo-window' ? new Date(NOW + 60_000).toISOString() : null;
    const waiting = waitingOf(running({ phase, undoUntil, waitingFor: null }), NOW);
    expect(waiting?.for.length).toBeGreaterThan(5);
    expect(waiting?.can.length).toBeGreaterThan(5);
    if (!['restoring', 'committing'].includes(phase)) expect(waiting?.until).toMatch(/ UTC \(in /);
  });

  it('has nothing to wait for at its end', () => {
    expect(waitingOf(running({ phase: 'done', outcome: 'deleted' }), NOW)).toBeNull();
  });

  it('verifying: says of each NIC what is still missing', () => {
    const nics = [
      nic({ outcome: 'unknown', evidence: { ...open, list: 'absent', port: 'free' } }),
      nic({
        id: NIC_B,
        ip: '10.0.1.21',
        outcome: 'unknown',
        evidence: { ...open, list: 'present', port: 'attached' },
      }),
      nic({ ip: '10.0.1.22' }),
    ];
    expect(status({ phase: 'verifying', nics })).toContain(
      '  waits for   the verdict on 2 NICs: 10.0.1.20 is off the server; its port is still there, and may yet go; ' +
        '10.0.1.21 is still on the server; it may yet go\n',
    );
  });

  it('for repaired credentials: with the remedy, and where to look', () => {
    const waitingFor = 'listNics: HTTP 401 APIGW.0301, refused. Set the right access keys';
    const text = status({ phase: 'verifying', waitingFor });
    expect(text).toMatch(/waits for +listNics: HTTP 401 .*Set the right access keys; the verdict on/);
    expect(text).toMatch(/you can +repair what the cloud refuses: ecs-nics-worker --check names it/);
  });

  it('before anything was sent: until when, and that nothing was changed then', () => {
    const text = status({
      phase: 'waiting',
      waitingFor: 'the server is MIGRATING',
      submissions: 0,
      jobs: [],
    });
    expect(text).toMatch(/waits for +the server is MIGRATING\n/);
    expect(text).toMatch(
      /at most +until 2026-03-01 03:20:00 UTC \(in 19 min 30 s\); .* nothing was changed\n/,
    );
    expect(text).toContain(`ecs-nics poll-now ${SERVER}; ecs-nics cancel ${SERVER} ends the run`);
  });

  it('before it knows its NICs says so, and not that there are none', () => {
    const text = status({ phase: 'inspecting', nics: [], jobs: [] });
    expect(text).toContain('which NICs is not known yet');
    expect(text).not.toMatch(/no NICs/i);
  });

  it('status shows the witnesses', () => {
    const nics = [
      nic({ id: NIC_A, outcome: 'unknown', evidence: { ...open, list: 'absent', port: 'free' } }),
    ];
    expect(status({ nics })).toContain('\n      list absent, port free, sub-job SUCCESS\n');
  });
});
