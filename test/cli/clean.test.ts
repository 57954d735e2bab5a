/** Whatever strangers call things: nothing that the starter writes is anything but seen. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { clean, cleanJson, cleanLine, escapeMarkdown, quoted } from '../../src/contract/text';
import type { NicRow, ResultDocument } from '../../src/contract';
import type { Ending } from '../../src/client/ending';
import { CliError } from '../../src/cli/cli-error';
import { EXIT } from '../../src/cli/exit-codes';
import { confirmationLines } from '../../src/cli/commands/confirm';
import { listReport } from '../../src/cli/show/list-report';
import { endSteps, openSteps } from '../../src/cli/show/next-steps';
import { Output, colorsOf, printable, uncolored } from '../../src/cli/output';
import { PlainView, progressLines } from '../../src/cli/show/progress';
import { endReport, openReport, silentReport } from '../../src/cli/show/report';
import type { Reason } from '../../src/client/silent';
import { readTarget } from '../../src/client/target';
import { FOREIGN, UNSEEN } from '../support/foreign-texts';
import { nastyText, runs, TEST_TIMEOUT } from '../support/rubbish';
import { NOW, PAGE, RUN, SERVER, WHERE, document, nic, why } from './support';

vi.setConfig({ testTimeout: TEST_TIMEOUT });

/** Our own colours, as a terminal gets them. */
// eslint-disable-next-line no-control-regex
const COLOR = /\u001b\[\d+(;\d+)*m/g;

const name = fc.oneof(
  fc.constantFrom(...Object.values(FOREIGN)),
  nastyText.filter((it) => it.length < 1_000),
);

const row: fc.Arbitrary<NicRow> = fc
  .record({
    ip: name,
    mac: name,
    elasticIp: name,
    jobId: name,
    errorCode: name,
    message: name,
    remedy: name,
    successor: name,
  })
  .chain(({ successor, ...texts }) =>
    fc
      .constantFrom('deleted', 'detached', 'still-attached', 'unknown', 'restored', 'untouched')
      .map((outcome) =>
        nic({
          ...texts,
          outcome: outcome as NicRow['outcome'],
          replacedBy: { id: successor, mac: successor, ip: successor },
          differences: [{ field: 'name', before: successor, after: texts.message }],
        }),
      ),
  );

const documents: fc.Arbitrary<ResultDocument> = fc
  .record({ rows: fc.array(row, { minLength: 1, maxLength: 3 }), serverName: name, text: name, by: name })
  .map(({ rows, serverName, text, by }) =>
    document({
      nics: rows,
      serverName,
      waitingFor: `worker ${text}`,
      warnings: [text],
      decision: { what: 'undo', by, reason: text, at: text },
      undoUntil: text,
      nextLookAt: text,
      jobs: [{ id: text, what: 'delete', status: by, submittedAt: text, endedAt: text, polls: 1 }],
    }),
  );

const reasons: fc.Arbitrary<Reason> = fc
  .record({ queues: fc.tuple(name), deploymentName: name, buildId: name, cause: name, attempt: fc.nat() })
  .chain(({ queues, cause, attempt, ...version }) =>
    fc.constantFrom<Reason>(
      { kind: 'no-worker', queues },
      { kind: 'no-current-version', queues, polling: [version] },
      { kind: 'current-version-gone', queues, version, polling: [null, version] },
      { kind: 'pinned-version-gone', queues, version, polling: [null, version] },
      { kind: 'tasks-fail', attempt, cause, isSearchAttribute: attempt % 2 === 0 },
      { kind: 'activity-fails', name: cause, attempt, cause },
      { kind: 'paused' },
      { kind: 'no-answer', lastSeenMs: attempt, version, polling: [null, version] },
    ),
  );

let written: { out: string; err: string };
const streams = { stdout: process.stdout, stderr: process.stderr };
beforeEach(() => {
  written = { out: '', err: '' };
  vi.spyOn(streams.stdout, 'write').mockImplementation((text) => ((written.out += String(text)), true));
  vi.spyOn(streams.stderr, 'write').mockImplementation((text) => ((written.err += String(text)), true));
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Every way in which a document or an error gets written, uncoloured and coloured. */
function writeAll(it: ResultDocument, reason: Reason, text: string, colored: boolean): number {
  const page = { ...PAGE, colors: colorsOf(colored) };
  const output = new Output(false);
  const run = { ...RUN, workflowId: `nics/${text}` };
  const where = { ...WHERE, workflowId: text, namespace: text };
  const trouble = {
    kind: 'silent' as const,
    why: { ...why(reason), neverTaken: true, pollers: [text] },
    forMs: 1,
    limitMs: 2,
  };
  const lines: string[] = [];
  const endings: Ending[] = [
    { kind: 'completed', document: it },
    { kind: 'completed', document: { ...it, outcome: 'planned' } },
    { kind: 'failed', type: text, message: text, document: it },
    { kind: 'failed', type: 'NotDeleted', message: text, document: it },
    { kind: 'failed', type: 'RestoreIncomplete', message: text, document: it },
    { kind: 'cancelled', document: it, totals: null, counts: {} },
    {
      kind: 'ended-from-outside',
      type: 'Terminated',
      message: text,
      document: null,
      open: { nics: [text], since: text, jobId: text },
    },
  ];
  for (const ending of endings)
    for (const kind of ['delete', 'restore'] as const) {
      const asked = kind === 'delete' ? { kind, input: null } : { kind, input: null, source: [text] };
      lines.push(
        ...endReport(ending, run, endSteps(ending, { serverId: SERVER, runId: text, asked }), page, kind),
      );
    }
  lines.push(...openReport({ ...it, phase: 'undo-window' }, run, openSteps(SERVER), page));
  lines.push(
    ...silentReport(
      {
        ...trouble.why,
        outcome: 'running',
        phase: text,
        serverId: SERVER,
        startedAt: text,
        taskQueue: text,
        idleQueues: [text],
        workflowTaskAttempt: 1,
        pendingActivities: [{ name: text, state: 'waiting', attempt: 2, since: null, lastFailure: text }],
        open: { nics: [text], since: text, jobId: text },
      },
      { ...run, namespace: text },
      [],
      page,
    ),
  );
  lines.push(...confirmationLines({ serverId: SERVER, nics: 'all', reason: text }, it, page));
  const listed = {
    ...RUN,
    firstRunId: RUN.runId,
    requestedBy: text,
    reason: text,
    serverId: SERVER,
    serverName: text,
    type: text,
    taskQueue: text,
  };
  const state = {
    status: text,
    open: true,
    phase: text,
    outcome: text,
    startedAt: new Date(NOW),
    endedAt: null,
  };
  lines.push(
    ...listReport(
      { runs: [{ ...listed, ...state }], more: true, lookedAt: null },
      { limit: 1, requestedBy: text },
      page,
    ),
  );
  output.say(lines);
  const frame = {
    now: NOW,
    startedAt: NOW,
    run: where,
    columns: 60,
    rows: 40,
    spinner: '*',
    colors: page.colors,
  };
  const drawn = progressLines({ document: { ...it, outcome: 'running' }, trouble, pollers: [text] }, frame);
  output.redraw('', drawn);
  let said = 0;
  const view = new PlainView({ say: (line) => (said++, output.say(line)) }, where);
  view.show({ document: { ...it, outcome: 'running' }, trouble, pollers: [text] });
  view.show({ document: it, trouble: { kind: 'lost', why: text, forMs: 1, limitMs: 2 }, pollers: [] });
  output.ask([text]);
  return lines.length + drawn.length + said + 1;
}

describe('all that is written', () => {
  it('is seen: no control, format, half or invisible character, and as many lines as are meant', () => {
    fc.assert(
      fc.property(documents, reasons, name, fc.boolean(), (it, reason, text, colored) => {
        written = { out: '', err: '' };
        const lines = writeAll(it, reason, text, colored);
        const all = written.out + written.err;
        expect(all.split('\n').length - 1).toBe(lines);
        const seen = all.replace(/\n/g, '');
        const rest = colored ? seen.replace(COLOR, '') : seen;
        expect(UNSEEN.exec(rest)?.[0].codePointAt(0)?.toString(16)).toBeUndefined();
        if (!colored) expect(all).not.toContain('\u001b');
      }),
      runs(150),
    );
  });

  it('of an error too: message, lines below it, and its document, which says it exactly', () => {
    fc.assert(
      fc.property(name, fc.anything(), (text, anything) => {
        written = { out: '', err: '' };
        const known = {
          workflowId: text,
          [text]: JSON.parse(JSON.stringify({ anything: String(anything) })) as unknown,
        };
        new Output(true).error(new CliError(EXIT.starterFailed, text, `it failed: ${text}`, known, [text]));
        expect(UNSEEN.test((written.out + written.err).replaceAll('\n', ''))).toBe(false);
        expect(written.out.split('\n')).toHaveLength(2);
        const { error } = JSON.parse(written.out) as { error: { type: string; message: string } };
        expect(error).toEqual({ type: text, message: `it failed: ${text}` });
      }),
      runs(300),
    );
  });

  it('a colour in the text of a stranger is none, also inside one of ours, and ours are no wider than seen', () => {
    const c = colorsOf(true);
    const line = c.bold(`a\u001b[31mb ${c.green('c')}`);
    expect(uncolored(line)).toBe('a [31mb c');
    expect(printable(line).replace(COLOR, '')).toBe('a [31mb c');
    expect(printable(line)).toMatch(COLOR);
    expect(colorsOf(false).red('x')).toBe('x');
  });

  it('problems of the environment are named without what they hold', () => {
    fc.assert(
      fc.property(name, (text) => {
        const { problems } = readTarget({ TEMPORAL_ADDRESS: text, TEMPORAL_NAMESPACE: text });
        for (const problem of problems) expect(UNSEEN.test(printable(problem))).toBe(false);
      }),
      runs(100),
    );
  });
});

describe('the cleaner', () => {
  it('takes whole terminal commands out, and never the text behind them', () => {
    expect(clean('db\u001b]0;owned\u0007-01')).toBe('db-01');
    expect(clean('\u001b]8;;http://evil\u001b\\here')).toBe('here');
    expect(clean('a\u001b]0;never ended')).toBe('a ]0;never ended');
    // Of a line of ours with two strangers' texts: nothing between them is lost.
    expect(cleanLine('x\u001b]0; between \u0007y')).toBe('x ]0; between  y');
  });

  it('is the same twice, and keeps what people write', () => {
    fc.assert(
      fc.property(name, (text) => {
        expect(clean(clean(text))).toBe(clean(text));
        expect(UNSEEN.test(clean(text) + quoted(text) + escapeMarkdown(text))).toBe(false);
        expect(escapeMarkdown(text)).not.toMatch(/(?<!\\)[<>`[\]]/);
        expect(JSON.parse(cleanJson(JSON.stringify({ text })))).toEqual({ text });
      }),
      runs(500),
    );
    expect(clean('Zürich 東京 😀 naïve e\u0301')).toBe('Zürich 東京 😀 naïve e\u0301');
  });
});
