/**
 * `docs/callers.md`: all that a caller sends, is answered and can meet, told from the tables and types that the code itself uses, with
 * complete examples that the tests run.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CANCELLED,
  CONTINUED_AS_NEW,
  DEFAULT_TASK_QUEUE,
  DIFFERENT_REQUEST,
  FAILURE_TYPE,
  MEMO,
  NOT_APPLICABLE,
  QUERY_STATUS,
  SEARCH_ATTRIBUTE,
  SIGNAL_POLL_NOW,
  UNPROCESSED,
  UPDATE,
  WORKFLOW_TYPE,
  planWorkflowId,
  serverWorkflowId,
} from '../src/contract/names';
import { MAX_NICS } from '../src/contract/checker';
import type { FailureType } from '../src/contract/names';
import type { Argument } from '../src/contract/decommission/arguments';
import { UPDATE_ARGUMENTS } from '../src/contract/decommission/arguments';
import {
  DECOMMISSION_UPDATE,
  LEFT_ALONE,
  QUERY_PLAN,
  QUERY_REPORT,
  RUN_NAME_FORM,
  decommissionWorkflowId,
  pageWorkflowId,
} from '../src/contract/decommission/names';
import type { DecommissionUpdate } from '../src/contract/decommission/names';
import { DECOMMISSION_OPTIONS } from '../src/contract/decommission/options';
import { MAX_WAVES, textOf } from '../src/contract/decommission/shares';
import { formatDuration } from '../src/contract/duration';
import type { Option, Options } from '../src/contract/options';
import { DELETE_OPTIONS, HOUR_MS, RELEASE_OPTIONS, RESTORE_OPTIONS, TIMING } from '../src/contract/options';
import { LIST_OPTIONS } from '../src/contract/server-list';
import { commentsOf, commentsWithin, fieldsOf, isDocument, wordsOf } from './declarations';
import type { Field } from './declarations';
import { code, table } from './markdown';
import { root } from './root';

const REQUIRED = '**required**';
const SERVER_ID = '<server id>';

/** The workflows that a caller starts; `null`: the product starts it itself. A new type does not compile without its row. */
const STARTED: Record<
  keyof typeof WORKFLOW_TYPE,
  { id: string; result: string; ends: FailureType[] } | null
> = {
  deleteServerNics: {
    id: `${code(serverWorkflowId(SERVER_ID))}; of a dry run also ${code(planWorkflowId(SERVER_ID))}`,
    result: 'ResultDocument',
    ends: Object.values(FAILURE_TYPE),
  },
  restoreServerNics: {
    id: `${code(serverWorkflowId(SERVER_ID))}; of a dry run also ${code(planWorkflowId(SERVER_ID))}`,
    result: 'ResultDocument',
    ends: ['InvalidInput', 'Refused', 'CloudRefused', 'RestoreIncomplete', 'OutcomeUnknown'],
  },
  releasePorts: {
    id: `${code(serverWorkflowId(SERVER_ID))}; of a dry run also ${code(planWorkflowId(SERVER_ID))}`,
    result: 'ResultDocument',
    ends: ['InvalidInput', 'Refused', 'CloudRefused', 'OutcomeUnknown', 'NotDeleted'],
  },
  decommission: {
    id: code(decommissionWorkflowId('<run>')),
    result: 'DecommissionStatus',
    ends: ['InvalidInput'],
  },
  decommissionPage: null,
  listServers: { id: 'any', result: 'FoundServers', ends: ['InvalidInput', 'CloudRefused'] },
};

type Rejection =
  | typeof FAILURE_TYPE.invalidInput
  | typeof DIFFERENT_REQUEST
  | typeof NOT_APPLICABLE
  | typeof CONTINUED_AS_NEW
  | typeof CANCELLED
  | typeof UNPROCESSED;

/** What an Update fails with beside the failure of its run. */
const REJECTIONS: Record<Rejection, string> = {
  InvalidInput: 'The argument is not valid: the message names every problem. Correct it.',
  DifferentRequest:
    'The open run on this server serves another request. Wait for its end, or look at it with the query `status`.',
  NotApplicable:
    'It does not apply now, or the other one was first: the message has the reason and the remedy.',
  ContinuedAsNew: 'The run goes on under a new run id. Ask again, by the workflow id alone.',
  Cancelled: 'The run was cancelled before it had a job.',
  UnprocessedUpdate: 'Temporal’s own: a worker that was being replaced never saw the message. Send it again.',
};

const OF_REQUEST: Rejection[] = [FAILURE_TYPE.invalidInput, DIFFERENT_REQUEST, CONTINUED_AS_NEW, UNPROCESSED];
const OF_DECISION: Rejection[] = [FAILURE_TYPE.invalidInput, NOT_APPLICABLE, CONTINUED_AS_NEW, UNPROCESSED];

const REQUEST = 'the request, as the workflow got it; may be left out';

/** A new Update does not compile without its row. */
const RUN_UPDATES: Record<keyof typeof UPDATE, { argument: string; rejects: Rejection[]; fails: string }> = {
  submitted: {
    argument: REQUEST,
    rejects: [...OF_REQUEST, CANCELLED],
    fails: 'the failure of the run, when it fails before',
  },
  settled: {
    argument: REQUEST,
    rejects: OF_REQUEST,
    fails: 'the failure of the run, when it ends before its NICs have verdicts',
  },
  undo: {
    argument: 'ByWhom',
    rejects: OF_DECISION,
    fails: 'the failure of the run, when it fails all the same',
  },
  commit: { argument: 'ByWhom', rejects: OF_DECISION, fails: '`RestoreIncomplete` of the run' },
};

const OPTION_WORDS = {
  flag: '`true`, `false`',
  policy: '`"keep"`, `"restore"`',
  timing: 'an object, see below',
  share: 'a number, or a share such as `"2%"`',
  waves: `a text of cumulative sizes, or a list of at most ${MAX_WAVES} numbers and shares`,
};

function formOf(option: Option): string {
  switch (option.kind) {
    case 'flag':
    case 'policy':
    case 'timing':
    case 'share':
    case 'waves':
      return OPTION_WORDS[option.kind];
    case 'duration':
      return `duration, ${range(option.rule.min ?? 0, option.rule.max)}`;
    case 'text':
    case 'words':
      return `text, at most ${number(option.max)} characters`;
    case 'texts':
      return `at most ${number(option.most)} texts of at most ${number(option.max)} characters`;
    case 'count':
      return `whole number, ${number(option.min)} to ${number(option.max)}`;
    case 'choice':
      return option.values.map((value) => code(JSON.stringify(value))).join(', ');
  }
}

function defaultOf(option: Option): string {
  switch (option.kind) {
    case 'flag':
      return code('false');
    case 'policy':
      return code('"keep"');
    case 'duration':
      return option.whenAbsent === 0 ? '0' : formatDuration(option.whenAbsent);
    case 'count':
      return option.whenAbsent === null ? REQUIRED : String(option.whenAbsent);
    case 'choice':
    case 'waves':
      return code(JSON.stringify(option.whenAbsent));
    case 'share':
      return textOf(option.whenAbsent);
    case 'text':
    case 'words':
    case 'texts':
    case 'timing':
      return '';
  }
}

function argumentOf(argument: Argument): { form: string; required: boolean } {
  switch (argument.kind) {
    case 'count':
      return { form: formOf(argument), required: true };
    case 'count or nothing':
      return { form: `whole number, ${number(argument.min)} to ${number(argument.max)}`, required: false };
    case 'share or nothing':
      return { form: OPTION_WORDS.share, required: false };
    case 'digest':
      return { form: 'text', required: true };
    case 'ids':
      return { form: `1 to ${number(argument.most)} server ids`, required: argument.required };
    case 'list': {
      const { servers, nics, bytes } = argument.limits;
      const form = `1 to ${servers} of \`ListedServer\`, with ${nics} named NICs and ${number(bytes)} bytes in all at most`;
      return { form, required: true };
    }
  }
}

const number = (value: number) => value.toLocaleString('en');
const range = (min: number, max?: number) =>
  max === undefined ? `at least ${formatDuration(min)}` : `${formatDuration(min)} to ${formatDuration(max)}`;

/** Every declared field is told: one without a comment is a gap in the contract. */
function told(where: string, field: string, says: string | undefined): string {
  if (!says)
    throw new Error(`${where}.${field} has no comment in src/contract: the page for callers needs one`);
  return says;
}

function optionRows(name: string, options: Options): string[][] {
  const comments = commentsOf(name);
  return Object.entries<Option>(options).map(([field, option]) => [
    code(field),
    formOf(option),
    defaultOf(option),
    told(name, field, comments[field]),
    option.identity === true ? 'yes' : '',
  ]);
}

const INPUT_COLUMNS = ['field', 'form', 'default', 'means', 'part of the request'];

/** Fields that stand in the type of an input and in no table of options. */
function ownRows(name: string): string[][] {
  return fieldsOf(name).map((field) => [
    code(field.name),
    typeOf(field),
    REQUIRED,
    told(name, field.name, field.says),
    'yes',
  ]);
}

/** Its type as it is declared; what has a table of its own is a link to it. */
function typeOf({ type }: Field): string {
  const text = type.replace(/\s+/g, ' ').replace(/^\| /, '');
  const names = [...text.matchAll(/\b[A-Z]\w+/g)].map(([word]) => word);
  const links = [...new Set(names)].filter((word) => shownTypes.has(word)).map(linkTo);
  return links.length === 0 ? code(text) : `${code(text)} (${links.join(', ')})`;
}

const linkTo = (name: string) => `[${name}](#${name.toLowerCase()})`;

const RUN_DOCUMENTS = [
  ...['ResultDocument', 'NicRow', 'Evidence', 'NicSnapshot', 'Difference', 'JobRow', 'Decision'],
  ...['SubmittedAnswer', 'ByWhom', 'ResultTotals'],
];
const FLEET_DOCUMENTS = [
  ...['ListedServer', 'NicTarget', 'DecommissionStatus', 'FailedServer', 'Control', 'PlanDocument'],
  ...[
    'Forecast',
    'Excluded',
    'PagePlan',
    'PlannedServer',
    'PlannedNic',
    'PageReport',
    'ReportServer',
    'ReportNic',
  ],
  ...['FoundServers', 'FoundServer'],
];
const WORDS = [
  ...['RunOutcome', 'Phase', 'NicOutcome', 'RestoreGrade', 'ListEvidence', 'PortEvidence'],
  ...['DecommissionPhase', 'DecommissionOutcome', 'ServerOutcome', 'PageState'],
];
const shownTypes = new Set([...RUN_DOCUMENTS, ...FLEET_DOCUMENTS, ...WORDS]);

function documentTable(name: string): string[] {
  if (!isDocument(name)) throw new Error(`src/contract declares no document ${name}`);
  const rows = fieldsOf(name).map((field) => [
    code(field.optional ? `${field.name}?` : field.name),
    typeOf(field),
    told(name, field.name, field.says),
  ]);
  return [`#### ${name}`, table(['field', 'type', 'is'], rows)];
}

function wordTables(): string[] {
  return WORDS.flatMap((name) => {
    const words = wordsOf(name);
    if (words === null) throw new Error(`${name} is no list of texts`);
    return [`#### ${name}`, words.map(code).join(', ')];
  });
}

function workflows(): string {
  const comments = commentsOf('WORKFLOW_TYPE');
  const rows = Object.entries(STARTED).flatMap(([type, about]) =>
    about === null
      ? []
      : [
          [
            code(type),
            told('WORKFLOW_TYPE', type, comments[type]),
            about.id,
            linkTo(about.result),
            about.ends.map(code).join(', '),
          ],
        ],
  );
  return table(['workflow type', 'does', 'workflow id', 'result', 'fails as'], rows);
}

function timing(): string {
  const comments = commentsOf('TIMING');
  const rows = Object.entries(TIMING).map(([field, { min, whenAbsent }]) => [
    code(field),
    `duration, ${range(min, HOUR_MS)}`,
    whenAbsent === null ? 'learned' : formatDuration(whenAbsent),
    told('TIMING', field, comments[field]),
  ]);
  return table(['field', 'form', 'default', 'means'], rows);
}

function updates(): string {
  const comments = commentsOf('UPDATE');
  const answers = new Map(fieldsOf('RunAnswers').map(({ name, type }) => [name, type]));
  const rows = Object.values(UPDATE).map((name) => {
    const { argument, rejects, fails } = RUN_UPDATES[name];
    return [
      code(name),
      shownTypes.has(argument) ? linkTo(argument) : argument,
      linkTo(answers.get(name) ?? ''),
      told('UPDATE', name, comments[name]),
      `${rejects.map(code).join(', ')}; ${fails}`,
    ];
  });
  return table(['Update', 'argument', 'answer', 'does', 'throws'], rows);
}

function fleetUpdates(): string[] {
  const comments = commentsOf('DECOMMISSION_UPDATE');
  const fields = commentsWithin('UPDATE_ARGUMENTS');
  const rows: string[][] = [];
  for (const update of Object.keys(DECOMMISSION_UPDATE) as DecommissionUpdate[]) {
    const own = Object.entries<Argument>(UPDATE_ARGUMENTS[update]);
    const says = told('DECOMMISSION_UPDATE', update, comments[update]);
    if (own.length === 0) rows.push([code(update), says, '', '', '']);
    own.forEach(([field, argument], index) => {
      const { form, required } = argumentOf(argument);
      const means = told(`UPDATE_ARGUMENTS.${update}`, field, fields[update]?.[field]);
      rows.push([
        ...(index === 0 ? [code(update), says] : ['', '']),
        code(required ? field : `${field}?`),
        form.replace('`ListedServer`', linkTo('ListedServer')),
        means,
      ]);
    });
  }
  return [table(['Update', 'does', 'field of its argument', 'form', 'means'], rows)];
}

function failures(): string {
  const comments = commentsOf('FAILURE_TYPE');
  return table(
    ['`type`', 'says'],
    Object.entries(FAILURE_TYPE).map(([name, type]) => [
      code(type),
      told('FAILURE_TYPE', name, comments[name]),
    ]),
  );
}

const named = (constant: string, values: Record<string, string>, columns: string[]): string => {
  const comments = commentsOf(constant);
  const rows = Object.entries(values).map(([name, value]) => [
    code(value),
    told(constant, name, comments[name]),
  ]);
  return table(columns, rows);
};

/** The programs of the page: `test/e2e/callers.test.ts` runs each against a real stack. */
export const EXAMPLES = [
  { language: 'ts', title: 'TypeScript', file: 'docs/examples/take-off.ts' },
  { language: 'python', title: 'Python', file: 'docs/examples/take_off.py' },
  { language: 'bash', title: 'The `temporal` CLI', file: 'docs/examples/take-off.sh' },
] as const;

const EXAMPLE_NOTES: Record<(typeof EXAMPLES)[number]['language'], string> = {
  ts: 'Needs `@temporalio/client`. [The client library](client.md) does more of this by itself: waiting through outages, workers that are missing, attaching.',
  python: 'Needs `pip install temporalio`.',
  bash: 'Needs the Temporal CLI and `jq`; the test has CLI 1.9. The CLI shows an empty list in a document as `null`.',
};

function examples(): string[] {
  return EXAMPLES.flatMap(({ language, title, file }) => [
    `### ${title}`,
    EXAMPLE_NOTES[language],
    `\`\`\`${language}\n${readFileSync(join(root, file), 'utf8').trimEnd()}\n\`\`\``,
  ]);
}

export function callersPage(): string {
  return (
    [
      '<!-- Generated: change src/contract, docs/examples or dev/callers-page.ts, then `npm run docs`. -->',
      '# For callers',
      'All that a service sends to ecs-nics, is answered, and can meet, whatever its language. What it means for NICs stands in ' +
        '[the contract](contract.md), what to do about a failure in [errors](errors.md).',
      `Start workflows on the task queue ${code(DEFAULT_TASK_QUEUE)}, or what \`ECS_NICS_TASK_QUEUE\` of the worker says. Inputs, arguments and ` +
        'documents are JSON. No credentials of the cloud are needed.',
      '## Workflows',
      workflows(),
      'A start needs type, id, queue and input, and nothing else: no retry policy, no time-outs. One run at a time has the id of a server: a second start is ' +
        'refused by Temporal, or joins the open run when the conflict policy is `USE_EXISTING`; then the argument of `submitted` tells whether it is the same request.',
      '## Inputs',
      'Ids are lower-case UUIDs. A duration is a text with a unit (`"90s"`, `"20 minutes"`) or whole milliseconds; in `undoWindow`, ' +
        '`deadline` and `planExpires` numbers from 1 to 999 are refused. `null` counts as left out; an unknown field is refused. Two inputs that agree in all that is ' +
        '“part of the request” are the same request (of `nics` the ids count).',
      `### Input of ${code(WORKFLOW_TYPE.deleteServerNics)}`,
      table(INPUT_COLUMNS, [
        ...ownRows('DeleteServerNicsInput'),
        ...optionRows('DELETE_OPTIONS', DELETE_OPTIONS),
      ]),
      `At most ${MAX_NICS} NICs are taken in one run. A time-out of the execution or the run must be at least deadline + undo window + 1 hour.`,
      `### Input of ${code(WORKFLOW_TYPE.restoreServerNics)}`,
      table(INPUT_COLUMNS, [
        ...ownRows('RestoreServerNicsInput'),
        ...optionRows('RESTORE_OPTIONS', RESTORE_OPTIONS),
      ]),
      `### Input of ${code(WORKFLOW_TYPE.releasePorts)}`,
      table(INPUT_COLUMNS, [
        ...ownRows('ReleasePortsInput'),
        ...optionRows('RELEASE_OPTIONS', RELEASE_OPTIONS),
      ]),
      `### Input of ${code(WORKFLOW_TYPE.decommission)}`,
      `${code('<run>')} of the workflow id ${RUN_NAME_FORM}. The list comes by Updates.`,
      table(
        INPUT_COLUMNS.slice(0, 4),
        optionRows('DECOMMISSION_OPTIONS', DECOMMISSION_OPTIONS).map((row) => row.slice(0, 4)),
      ),
      `### Input of ${code(WORKFLOW_TYPE.listServers)}`,
      table(
        INPUT_COLUMNS.slice(0, 4),
        optionRows('LIST_OPTIONS', LIST_OPTIONS).map((row) => row.slice(0, 4)),
      ),
      '### `timing`',
      timing(),
      '## Messages of a run on one server',
      updates(),
      `The query ${code(QUERY_STATUS)} answers with the [ResultDocument](#resultdocument) at any time, also of a closed run. The signal ${code(SIGNAL_POLL_NOW)} makes ` +
        'a waiting run look at once; it has no argument. Temporal’s own cancellation stops a run, as `onCancel` says.',
      '## Messages of a decommission run',
      `Every Update answers at once with [DecommissionStatus](#decommissionstatus). All but ${code('load')} and ${code('loaded')} also take the fields of [ByWhom](#bywhom). ` +
        `What does not apply throws ${code(NOT_APPLICABLE)}, with the reason and the remedy; an argument that is not valid ${code(FAILURE_TYPE.invalidInput)}; ${code(UNPROCESSED)} is to be sent again.`,
      ...fleetUpdates(),
      table(
        ['query', 'of', 'argument', 'answer'],
        [
          [code(QUERY_STATUS), 'the run', '', linkTo('DecommissionStatus')],
          [code(QUERY_PLAN), 'the run', '`{page?}`', linkTo('PlanDocument')],
          [code(QUERY_PLAN), `a page, ${code(pageWorkflowId('<run>', 0))} and so on`, '', linkTo('PagePlan')],
          [code(QUERY_REPORT), 'a page; also its result', '', linkTo('PageReport')],
        ],
      ),
      named('LEFT_ALONE', LEFT_ALONE, ['`errorCode` of a server that was left alone', 'says']),
      '## Failures',
      'A failed run ends with an `ApplicationFailure` that is never retried; its `type` is one of these. Of ' +
        `${code(WORKFLOW_TYPE.deleteServerNics)}, ${code(WORKFLOW_TYPE.restoreServerNics)} and ${code(WORKFLOW_TYPE.releasePorts)} \`details[0]\` is the [ResultDocument](#resultdocument), ` +
        'with a row for every NIC that the input names; failures of the other workflows have no details. Of several that fit, the first one of ' +
        `${[FAILURE_TYPE.restoreIncomplete, FAILURE_TYPE.outcomeUnknown, FAILURE_TYPE.notDeleted, FAILURE_TYPE.rolledBack].map(code).join(', ')} decides.`,
      failures(),
      'A cancelled run ends as cancelled, after what it had sent has been followed to its end; its totals stand in the memo.',
      'An Update fails with the failure of its run, or with one of these, without details:',
      table(
        ['`type`', 'says'],
        Object.entries(REJECTIONS).map(([type, says]) => [code(type), says]),
      ),
      '## Memo and search attributes',
      'Readable without a worker. The memo is the run’s own: a caller sets none of these keys.',
      named('MEMO', MEMO, ['memo key', 'holds']),
      'Search attributes are Keywords, set where the namespace has them.',
      named('SEARCH_ATTRIBUTE', SEARCH_ATTRIBUTE, ['search attribute', 'holds']),
      '## Documents',
      'Times are RFC 3339, UTC. New fields may be added at any time; `?` marks one that may be missing.',
      '### Of runs on one server',
      ...RUN_DOCUMENTS.flatMap(documentTable),
      '### Of decommission runs and the list of servers',
      ...FLEET_DOCUMENTS.flatMap(documentTable),
      '### Words',
      ...wordTables(),
      '## Complete examples',
      'Each takes NICs off a server and keeps their ports for an hour, waits until the cloud has accepted and until every NIC has its verdict, tells what ' +
        'became of each, and says for every failure what to do; called with `undo` it puts everything back: the same ports within the hour, new ones after it (`restoreServerNics`). The start is an update-with-start: run ' +
        'again, it joins the run that is open.',
      ...examples(),
    ].join('\n\n') + '\n'
  );
}
