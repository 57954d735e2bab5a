/** What is seen while waiting. */
import { describe, expect, it } from 'vitest';
import type { FollowState } from '../../src/client/follow';
import { PlainView, progressLines } from '../../src/cli/show/progress';
import { NIC_A, NIC_B, NOW, PAGE, SERVER, WHERE, document, nic, running, why } from './support';

const frame = {
  now: NOW,
  startedAt: NOW - 30_000,
  columns: 80,
  rows: 24,
  spinner: '*',
  run: WHERE,
  colors: PAGE.colors,
};
const state = (changes: Partial<FollowState> = {}): FollowState => ({
  document: running(),
  trouble: null,
  pollers: [],
  ...changes,
});

const NO_WORKER = {
  kind: 'silent' as const,
  why: why({ kind: 'no-worker', queues: ['q'] }),
  forMs: 4_000,
  limitMs: 30_000,
};

describe('the block on a terminal', () => {
  it('shows phase, job, polls, the next look and every NIC', () => {
    expect(progressLines(state(), frame)).toEqual([
      '* 30 s · web-01 · polling',
      '  RUNNING · 2 polls · next look in 6 s · job ff8080826a7b4f0e016a8d3c7a5b1234',
      '  at most until 2026-03-01 03:20:00 UTC (in 19 min 30 s)',
      `  ${NIC_A}  10.0.1.20  no verdict yet`,
      `  ${NIC_B}  10.0.1.21  no verdict yet`,
      '  Ctrl-C stops watching; the run goes on',
    ]);
  });

  it('shows a verdict as soon as there is one, what is waited for, and the last warnings', () => {
    const lines = progressLines(
      state({
        document: running({
          phase: 'waiting',
          waitingFor: 'another command is running on the server',
          nics: [nic(), nic({ id: NIC_B, outcome: 'unknown', message: 'the job may yet take it' })],
          warnings: ['one', 'two', 'three'],
        }),
      }),
      frame,
    );
    expect(lines[0]).toBe('* 30 s · web-01 · waiting: another command is running on the server');
    expect(lines[3]).toMatch(/^ {2}you can: look at once with ecs-nics poll-now 3f0b/);
    expect(lines[4]).toMatch(/deleted$/);
    expect(lines[5]).toMatch(/no verdict yet$/);
    expect(lines.slice(6, 8)).toEqual(['  ! two', '  ! three']);
  });

  it('says who is missing', () => {
    const trouble = NO_WORKER;
    expect(progressLines(state({ document: null, trouble }), frame)).toEqual([
      '* 30 s · waiting for the first answer of the run',
      '  ! no worker polls task queue q (for 4 s; waiting ends after 30 s)',
      '  Ctrl-C stops watching; the run goes on',
    ]);
  });

  it.each([20, 40, 80, 200])('no line wraps at %d columns, whatever the texts are', (columns) => {
    const long = 'x'.repeat(500);
    const lines = progressLines(
      state({
        document: running({ waitingFor: long, nics: [nic({ ip: long })], warnings: [long] }),
        trouble: { kind: 'lost', why: `${long}\u001b[2J\n`, forMs: 1, limitMs: 2 },
      }),
      { ...frame, columns },
    );
    for (const line of lines) expect(line.length).toBeLessThan(columns);
    // eslint-disable-next-line no-control-regex
    expect(lines.join('')).not.toMatch(/[\u0000-\u001f]/);
  });

  it('with many NICs what is wrong still shows, and how many are left out', () => {
    const nics = Array.from({ length: 32 }, () => nic());
    const trouble = { kind: 'lost' as const, why: 'x', forMs: 4_000, limitMs: 60_000 };
    const lines = progressLines(state({ document: running({ nics, warnings: ['odd'] }), trouble }), {
      ...frame,
      rows: 12,
    });
    expect(lines).toHaveLength(12);
    expect(lines.slice(-4)).toEqual([
      '  and 26 more NICs',
      '  ! odd',
      '  ! Temporal does not answer (for 4 s; waiting ends after 60 s): x',
      '  Ctrl-C stops watching; the run goes on',
    ]);
  });

  it('where ids do not fit, addresses stand for them; before an address is known, the id', () => {
    const narrow = { ...frame, columns: 56 };
    expect(progressLines(state(), narrow).slice(3, 5)).toEqual([
      '  10.0.1.20  no verdict yet',
      '  10.0.1.21  no verdict yet',
    ]);
    const early = state({ document: running({ nics: [nic({ ip: null, outcome: 'untouched' })] }) });
    expect(progressLines(early, narrow)[3]).toBe(`  ${NIC_A}  no verdict yet`);
  });

  it('is never higher than the screen', () => {
    const nics = Array.from({ length: 40 }, () => nic());
    const lines = progressLines(state({ document: running({ nics }) }), { ...frame, rows: 10 });
    expect(lines).toHaveLength(10);
  });
});

describe('plain lines', () => {
  it('of what keeps a run, with the command that helps; again only when it is something else', () => {
    const said: string[] = [];
    const view = new PlainView({ say: (line) => said.push(line) }, WHERE);
    const v2 = { deploymentName: 'ecs-nics', buildId: 'v2' };
    const gone = why({ kind: 'no-current-version', queues: ['q'], polling: [v2] });
    for (const forMs of [4_000, 5_000])
      view.show(state({ trouble: { ...NO_WORKER, why: gone, forMs }, document: null }));
    view.show(state({ trouble: NO_WORKER, document: null }));
    expect(said).toEqual([
      'workers poll task queue q, but all are versioned (version v2 of deployment ecs-nics) and no version is current: ' +
        'none of them is given new runs (for 4 s; waiting ends after 30 s)',
      'To make version v2 of deployment ecs-nics the current one: temporal worker deployment set-current-version ' +
        '--deployment-name ecs-nics --build-id v2',
      'no worker polls task queue q (for 4 s; waiting ends after 30 s)',
    ]);
  });

  it('of a run that waits for another worker: who polls', () => {
    const said: string[] = [];
    const view = new PlainView({ say: (line) => said.push(line) }, WHERE);
    const pollers = ['123@host project=p2 region=eu-west-101'];
    view.show(state({ document: running({ waitingFor: 'a worker of project p1' }), pollers }));
    view.show(state({ document: running({ waitingFor: 'a worker of project p1' }), pollers }));
    view.show(state({ document: running({ waitingFor: 'another command is running' }), pollers }));
    expect(said.filter((line) => line.includes('polled by'))).toEqual([`polled by ${pollers[0]}`]);
    expect(said).toContain('phase: polling: a worker of project p1');
  });

  it('one per change, each once', () => {
    const said: string[] = [];
    const view = new PlainView({ say: (line) => said.push(line) }, WHERE);
    const trouble = NO_WORKER;
    view.show(state({ document: null, trouble }));
    view.show(state({ document: null, trouble: { ...trouble, forMs: 5_000 } }));
    view.show(state({ document: running({ phase: 'inspecting', jobs: [] }) }));
    view.show(state());
    view.show(state({ document: running({ jobs: [{ ...running().jobs[0]!, polls: 3 }] }) }));
    view.show(
      state({
        document: document({
          nics: [
            nic(),
            nic({ id: NIC_B, outcome: 'still-attached', errorCode: 'Ecs.0611', message: 'in use' }),
          ],
        }),
      }),
    );
    expect(said).toEqual([
      'no worker polls task queue q (for 4 s; waiting ends after 30 s)',
      'phase: inspecting',
      'phase: polling',
      '  waits for job ff8080826a7b4f0e016a8d3c7a5b1234 of the cloud to end; it is RUNNING',
      '  at most until 2026-03-01 03:20:00 UTC; a NIC that may yet go then is unknown',
      `  you can: look at once with ecs-nics poll-now ${SERVER}. The cloud can't stop its job: after ecs-nics cancel ${SERVER} the run follows it to its end all the same, and opens no undo window`,
      'job ff8080826a7b4f0e016a8d3c7a5b1234: RUNNING',
      'phase: done',
      'job ff8080826a7b4f0e016a8d3c7a5b1234: SUCCESS',
      `NIC ${NIC_A} (10.0.1.20): deleted`,
      `NIC ${NIC_B} (10.0.1.20): still-attached - Ecs.0611: in use`,
    ]);
  });
});
