/** A text of a stranger leaves the product in many ways: none of them lets anything through that is not seen. */
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { root } from '../../dev/root';
import { CliError } from '../../src/cli/cli-error';
import { EXIT } from '../../src/cli/exit-codes';
import { Output, printable } from '../../src/cli/output';
import { readTarget } from '../../src/client/target';
import { readDuration } from '../../src/contract/duration';
import {
  bounded,
  clean,
  cleanCode,
  cleanLine,
  cleanLines,
  escapeMarkdown,
  masked,
  quoted,
} from '../../src/contract/text';
import { readProblem } from '../../src/ecs/wire/envelopes';
import { answerError } from '../../src/ecs/errors';
import { serverAnswer } from '../../src/ecs/wire';
import { strangersAdvice } from '../../src/worker/temporal/strangers';
import { currentDetails, escaped, label, plain } from '../../src/workflows/run/details';
import { document, nic } from '../cli/support';
import { FOREIGN, ORDINARY, UNSEEN } from '../support/foreign-texts';

afterEach(() => {
  vi.restoreAllMocks();
});

function written(say: (output: Output) => void, json = false): string {
  let text = '';
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((each) => ((text += String(each)), true));
  say(new Output(json));
  vi.restoreAllMocks();
  return text.replace(/\n$/, '');
}

const server = (name: string) =>
  serverAnswer.parse({ server: { id: 'x', name, status: 'ACTIVE', addresses: {} } }) as {
    name: string | null;
  };

/** What is said of an error of the cloud whose message is that text. */
const cloudError = (message: string) =>
  answerError(
    'showServer',
    { httpStatus: 400, requestId: null, retryAfterMs: null },
    readProblem({ error: { code: 'Ecs.0001', message } }),
  );

const page = (text: string) =>
  currentDetails(
    document({
      serverName: text,
      waitingFor: text,
      warnings: [text],
      nics: [
        nic({ id: text, ip: text, message: text, errorCode: text, remedy: text, outcome: 'still-attached' }),
      ],
      jobs: [{ id: text, what: 'delete', status: text, submittedAt: text, endedAt: text, polls: 1 }],
    }),
    { workflowId: text, runId: text, cancelRequested: false, job: 'delete', failure: text },
  );

/** `line`: gives the text alone · `among`: in a line of ours · `lines`: several · `markdown`: for a renderer. */
type Kind = 'line' | 'among' | 'lines' | 'markdown';
const EXITS: [name: string, kind: Kind, exit: (text: string) => string][] = [
  ['a text in a table or a sentence', 'line', clean],
  ['a line', 'line', cleanLine],
  ['lines of the worker on standard error', 'lines', cleanLines],
  ['a bounded text', 'line', (text) => bounded(clean(text), 40)],
  ['a masked text', 'line', masked],
  ['a quotation', 'among', (text) => quoted(text)],
  ['a duration that is none', 'among', (text) => (readDuration(text) as { problem: string }).problem],
  ['a line of the starter', 'line', (text) => written((output) => output.say(text))],
  ['a line for a person', 'line', (text) => printable(text)],
  [
    'an error of the starter',
    'among',
    (text) => written((output) => output.error(new CliError(EXIT.starterFailed, 'Type', text, {}))),
  ],
  ['the document of the starter', 'among', (text) => written((output) => output.document({ text }), true)],
  ['a label in the Timeline', 'line', label],
  ['a text in the status document', 'line', plain],
  ['a text on the operator’s page', 'markdown', escaped],
  ['a start’s details', 'markdown', escapeMarkdown],
  ['a code span', 'among', (text) => `\`${cleanCode(text)}\``],
  ['the operator’s page', 'lines', page],
  ['a name that the cloud has', 'line', (text) => String(server(text).name)],
  ['the words of the cloud', 'line', (text) => String(cloudError(text).cloudMessage)],
  ['an error of the cloud', 'among', (text) => cloudError(text).message],
  [
    'an address of Temporal',
    'among',
    (text) => readTarget({ TEMPORAL_ADDRESS: `${text} z` }).problems.join(' '),
  ],
  [
    'a profile of Temporal',
    'among',
    (text) =>
      readTarget({
        TEMPORAL_PROFILE: text,
        TEMPORAL_CONFIG_FILE: join(root, 'dev/temporal.toml'),
      }).problems.join(' '),
  ],
  [
    'another worker’s identity',
    'among',
    (text) =>
      strangersAdvice([text], { projectId: 'p', region: 'r', foreignHosts: [], taskQueue: 'ecs-nics' }),
  ],
];

const BARE_MARKUP = /(?<!\\)(?:\\\\)*[<>[\]`*]/;

describe.each(EXITS)('%s', (_name, kind, exit) => {
  it.each(Object.entries(FOREIGN))('lets nothing through of %s', (_trap, text) => {
    const out = exit(text);
    expect(out, 'the text is there').toContain('web');
    expect(UNSEEN.exec(kind === 'lines' ? out.replaceAll('\n', '') : out)?.[0]).toBeUndefined();
    if (kind === 'markdown') expect(out).not.toMatch(BARE_MARKUP);
  });

  it.each(ORDINARY)('leaves “%s” as it is', (text) => {
    const out = exit(text);
    if (kind === 'line' || (kind === 'lines' && !out.includes('\n'))) expect(out).toBe(text);
    else expect(out.replace(/\\(.)/g, '$1')).toContain(text);
  });
});

it('the operator’s page has no markup but its own', () => {
  const without = page('web-01').split('\n').length;
  for (const text of Object.values(FOREIGN)) {
    const lines = page(text).split('\n');
    expect(lines).toHaveLength(without);
    // Code spans take everything as it is, apart from what would end them.
    for (const line of lines) expect(line.replace(/`[^`<>&]*`/g, '')).not.toMatch(/(?<!\\)(?:\\\\)*[<>`[\]]/);
  }
});
