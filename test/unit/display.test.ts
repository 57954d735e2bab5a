/** Strangers' texts on the operator's page: bounded, on one line, without markup. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkByWhom } from '../../src/contract';
import type { Phase, ResultDocument } from '../../src/contract/types';
import { currentDetails, escaped, jobAge, label, plain, readingLabel } from '../../src/workflows/run/details';

const PHASES: Phase[] = [
  'inspecting',
  'waiting',
  'submitting',
  'polling',
  'verifying',
  'restoring',
  'undo-window',
  'committing',
  'done',
];
const HOSTILE = '<img src=x onerror=alert(1)>\n## **x** `</code>` [a](javascript:b) \u0000\u001b[31m';
const text = fc.oneof(fc.string({ maxLength: 600, unit: 'binary' }), fc.constant(HOSTILE));

/** One that an even number of backslashes precedes: the renderer takes it for itself. */
const BARE_ANGLE = /(?<!\\)(?:\\\\)*[<>]/;

/** Every text that comes from outside says `said`. */
const documentSaying = (said: string, phase: Phase): ResultDocument => ({
  outcome: phase === 'done' ? 'not-deleted' : 'running',
  phase,
  // Of a run that somebody has started under an id of their own.
  serverId: said,
  serverName: said,
  projectId: said,
  region: said,
  nics: [
    {
      id: '6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e01',
      outcome: 'still-attached',
      ip: said,
      mac: said,
      elasticIp: said,
      restore: 'no',
      evidence: { job: said, subJob: said, list: 'present', port: 'attached' },
      jobId: said,
      errorCode: said,
      message: said,
      replacedBy: null,
      snapshot: null,
      differences: [],
      remedy: null,
    },
  ],
  jobs: [
    {
      id: said,
      what: 'delete' as const,
      status: said,
      submittedAt: '2026-01-01T00:00:00.000Z',
      endedAt: said,
      polls: 2,
    },
  ],
  submissions: 2,
  startedAt: '2026-01-01T00:00:00.000Z',
  endedAt: null,
  undoUntil: null,
  requestedBy: null,
  reason: null,
  decision: null,
  deadlineAt: '2026-01-01T00:20:00.000Z',
  nextLookAt: '2026-01-01T00:00:20.000Z',
  waitingFor: said,
  warnings: [said],
});
const page = (said: string, phase: Phase) =>
  currentDetails(documentSaying(said, phase), {
    workflowId: `nics/${said}`,
    runId: '01a210da-b7b7-7b1a-8c5e-0d5f0a1b2c3d',
    cancelRequested: false,
    job: 'delete',
    failure: phase === 'done' ? said : null,
  });

describe('what people read', () => {
  it('a label is one line of at most 80 characters', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 99 }), (said, n) => {
        const labels = [label(said), readingLabel(n, documentSaying(said, 'verifying'), n)];
        for (const each of labels) {
          expect(each.length).toBeLessThanOrEqual(80);
          expect(each).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        }
        expect(plain(said).length).toBeLessThanOrEqual(300);
      }),
    );
  });

  it('escaped text reads as it was written, and marks up nothing', () => {
    expect(escaped('<b>&amp;</b>')).toBe('\\<b\\>\\&amp;\\</b\\>');
    expect(escaped('[a](b) *c* _d_ `e` #f !g | ~h~ {i} \\ $j$ ^k')).toBe(
      '\\[a\\]\\(b\\) \\*c\\* \\_d\\_ \\`e\\` \\#f \\!g \\| \\~h\\~ \\{i\\} \\\\ \\$j\\$ \\^k',
    );
    expect(escaped('https://x --y ...')).toBe('https\\://x \\-\\-y \\.\\.\\.');
    expect(escaped('a\u202eb\u200bc')).toBe('abc');
  });

  it.each(PHASES)('the page while %s holds no raw HTML, and no text adds a line to it', (phase) => {
    const lines = page('x', phase).split('\n').length;
    fc.assert(
      fc.property(text, (said) => {
        const shown = page(said, phase);
        expect(shown).not.toMatch(BARE_ANGLE);
        expect(shown.split('\n')).toHaveLength(lines);
        expect(shown.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
      }),
      { numRuns: 50 },
    );
  });

  it.each(PHASES)('the page while %s ends its code spans', (phase) => {
    // Unescaped back-ticks come in pairs, line by line.
    for (const line of page(HOSTILE, phase).split('\n')) {
      expect((line.match(/(?<!\\)`/g) ?? []).length % 2, line).toBe(0);
    }
  });

  it('what can be done is said until there is nothing left to do', () => {
    for (const phase of PHASES) {
      // What is being put back, or deleted, can't be stopped any more.
      const stoppable = !['restoring', 'committing', 'done'].includes(phase);
      expect(page('x', phase).includes('temporal workflow cancel'), phase).toBe(stoppable);
    }
    expect(page('x', 'polling')).toContain('temporal workflow signal --name pollNow --workflow-id nics/x');
  });

  it('the commands of an open window are refused as they stand: who and why are to be filled in', () => {
    const inputs = [...page('x', 'undo-window').matchAll(/--input '(\{.*?\})'/g)].map(([, json]) => json!);
    expect(inputs).toHaveLength(2);
    for (const json of inputs) {
      expect(checkByWhom(JSON.parse(json)).problems).toEqual([
        expect.stringMatching(/^by: .*placeholder/),
        expect.stringMatching(/^reason: .*placeholder/),
      ]);
    }
  });

  it('NICs that are off can be put back from the page of an ended run, as the starter offers it', () => {
    const ended = { ...documentSaying('x', 'done'), outcome: 'outcome-unknown' as const };
    const context = { workflowId: 'nics/x', runId: 'r1', cancelRequested: false, failure: 'why' };
    const [row] = ended.nics;
    const snapshot = {} as NonNullable<NonNullable<typeof row>['snapshot']>;
    const off = {
      ...row!,
      outcome: 'deleted' as const,
      errorCode: null,
      restore: 'new-mac' as const,
      snapshot,
    };
    const pageOf = (nic: typeof off, job: 'delete' | 'attach' = 'delete') =>
      currentDetails({ ...ended, nics: [nic] }, { ...context, job });
    const offered = `ecs-nics restore ${ended.serverId} --run-id r1 --by YOU --reason WHY`;
    expect(pageOf(off)).toContain(offered);
    expect(pageOf({ ...off, restore: 'no' as never })).not.toContain('restore');
    expect(pageOf({ ...off, outcome: 'still-attached' as never })).not.toContain('ecs-nics restore');
    expect(pageOf(off, 'attach')).not.toContain('ecs-nics restore');
  });

  it('NICs that are not known yet are not said to be none', () => {
    const early = { ...documentSaying('x', 'inspecting'), nics: [] };
    const context = { workflowId: 'nics/x', runId: 'r1', cancelRequested: false, job: 'delete' as const };
    expect(currentDetails(early, { ...context, failure: null })).toMatch(/NICs\*\*: not known yet/);
    const refused = { ...documentSaying('x', 'done'), outcome: 'cloud-refused' as const, nics: [] };
    expect(currentDetails(refused, { ...context, failure: 'x' })).toMatch(/NICs\*\*: never established/);
  });

  it('a run that left a NIC on its server ends with the command for it', () => {
    const again = 'ecs-nics delete x --nic 6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e01';
    for (const phase of PHASES) expect(page('x', phase).includes(again), phase).toBe(phase === 'done');
  });

  it('a cancelled run says so, and offers the cancellation no more', () => {
    const shown = currentDetails(documentSaying('x', 'polling'), {
      workflowId: 'nics/x',
      runId: 'r',
      cancelRequested: true,
      job: 'delete',
      failure: null,
    });
    expect(shown).toContain('**Cancel requested**');
    expect(shown).not.toContain('temporal workflow cancel');
    expect(shown).toContain('temporal workflow signal --name pollNow');
  });

  it('a failed run says why, before anything else', () => {
    const [heading, , why] = page('the cloud said no.', 'done').split('\n');
    expect(heading).toBe('### Done: not-deleted');
    expect(why).toBe('**Why:** the cloud said no\\.');
  });

  it('times are short and name their zone; one of the cloud’s own making is shown as it came', () => {
    const shown = page('teatime', 'polling');
    expect(shown).toContain('submitted 2026-01-01 00:00:00 UTC, ended teatime');
    expect(shown).toContain('- Next look: **2026-01-01 00:00:20 UTC**');
  });

  it('a job’s age is never negative, whatever the clocks say', () => {
    const job = {
      id: 'j',
      what: 'delete' as const,
      status: 'INIT',
      submittedAt: '2026-01-01T00:00:10.000Z',
      endedAt: null,
      polls: 0,
    };
    expect(jobAge(job, Date.parse('2026-01-01T00:00:00.000Z'))).toBe('INIT 0 s');
    expect(jobAge(job, Date.parse('2026-01-01T00:00:24.000Z'))).toBe('INIT 14 s');
  });
});

it.each([
  [1, '1st'],
  [2, '2nd'],
  [3, '3rd'],
  [4, '4th'],
  [11, '11th'],
  [12, '12th'],
  [13, '13th'],
  [20, '20th'],
  [21, '21st'],
  [22, '22nd'],
  [23, '23rd'],
  [111, '111th'],
  [121, '121st'],
])('reading %i is the %s', (look, ordinal) => {
  const document = documentSaying('web-01', 'verifying');
  expect(readingLabel(look, document, 2)).toBe(`${ordinal} reading of web-01: 2 NICs without verdict`);
});
