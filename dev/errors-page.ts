/** `docs/errors.md`: what the cloud's errors do to a run, told from the one table that the worker itself decides by. */
import { DEFAULT_RULES, ERROR_TABLE } from '../src/ecs/error-table';
import type { Action, DefaultRule, ErrorRow, Fate, Verdict } from '../src/ecs/error-table';
import { callError } from '../src/ecs/errors';
import type { Operation } from '../src/ecs/wire/operations';
import { code, table } from './markdown';
import { errorsHead } from './errors-head';

/** What a run does when a read met it. Every action has its words: a new one does not compile without. */
const ON_READ: Record<Action, string> = {
  retry: 'asks again',
  'wait-busy': 'asks again',
  'wait-state': 'asks again',
  observe: 'asks another witness, then again',
  throttled: 'waits as told, asks again',
  credentials: '*no permission*',
  never: '*refused*',
  absent: 'takes it as gone',
};

/** What a run does when the deletion met it, where the cloud has certainly not accepted it. */
const ON_REFUSED: Record<Action, string> = {
  'wait-busy': 'waits as long as jobs take, `busyWait` at most, checks all again',
  'wait-state': 'waits 10 s, checks all again',
  throttled: 'waits as told, sends again',
  credentials: 'ends: `CloudRefused`',
  never: 'ends: `CloudRefused`',
  observe: '*looks twice*; sends again once',
  retry: '*looks twice*; sends again once',
  absent: '*looks twice*; sends again once',
};

function onDeletion(effect: Action, fate: Fate): string {
  if (fate === 'refused') return ON_REFUSED[effect];
  return effect === 'throttled' ? 'waits, then *looks twice*' : '*looks twice*';
}

const READS: Partial<Record<string, string>> = {
  showServer: 'the server',
  listInterfaces: 'its NIC list',
  showPort: 'a port',
  showJob: 'a job',
} satisfies Partial<Record<Operation, string>>;

function onRead({ read, about }: Verdict & Pick<ErrorRow, 'about'>): string {
  const asked = (about ?? []).flatMap((call) => READS[call] ?? []);
  return read === 'absent' && asked.length > 0
    ? `asked about ${asked.join(' or ')}: ${ON_READ.absent}; else ${ON_READ.retry}`
    : ON_READ[read];
}

/** What a deletion never meets. */
function aboutPorts({ code, sign }: ErrorRow): boolean {
  return code.startsWith('VPC.') || sign !== undefined;
}

interface Group {
  title: string;
  text: string;
  has: (row: ErrorRow) => boolean;
}

/** In this order, a row stands in the first that has it; so the last one has everything. */
const GROUPS: readonly Group[] = [
  {
    title: 'Throttled',
    text: 'Never a failure by itself: the run waits and goes on.',
    has: ({ effect, read }) => effect === 'throttled' || read === 'throttled',
  },
  {
    title: 'The server is busy, or in a state that passes',
    text: 'Nothing was accepted. The run waits until its deadline, and checks every guard again before it sends.',
    has: ({ effect }) => effect === 'wait-busy' || effect === 'wait-state',
  },
  {
    title: 'Credentials and permissions',
    text: 'A person has to act. Repaired in time, a run that has already sent something goes on by itself.',
    has: ({ effect, read }) => effect === 'credentials' || read === 'credentials',
  },
  {
    title: 'Gone',
    text: 'What was asked about does not exist (any more). Believed only about that very thing, and from no answer of 5xx.',
    has: ({ effect, read }) => effect === 'absent' || read === 'absent',
  },
  {
    title: 'Ports and elastic IPs',
    text: 'Met only where ports are kept, deleted, made or changed, or elastic IPs bound. Each of these calls but the one that makes a port is idempotent, and repeated while there is hope.',
    has: aboutPorts,
  },
  {
    title: 'Refused for certain',
    text: 'The same request would be refused again: something has to be changed first.',
    has: ({ effect }) => effect === 'never',
  },
  {
    title: 'Trouble in the cloud',
    text: 'Mostly passing. A deletion that met one of these may have been accepted: it is looked for, not repeated.',
    has: () => true,
  },
];

const COLUMNS = ['code', 'HTTP', 'meaning', 'met by a read, the run …', 'met by the deletion, it …', 'you'];

const INNER = { 'not-found': 'around an `itemNotFound`', conflict: 'around a conflict (409)' };

/** Rows that differ in nothing but their code, as one. */
function merged(rows: readonly ErrorRow[]): { codes: string[]; row: ErrorRow }[] {
  const lines = new Map<string, { codes: string[]; row: ErrorRow }>();
  for (const row of rows) {
    const key = JSON.stringify({ ...row, code: null });
    const line = lines.get(key);
    if (line === undefined) lines.set(key, { codes: [row.code], row });
    else line.codes.push(row.code);
  }
  return [...lines.values()].sort((a, b) => (a.codes[0] ?? '').localeCompare(b.codes[0] ?? '', 'en'));
}

function codeRow({ codes, row }: { codes: string[]; row: ErrorRow }): string[] {
  const inner = row.inner === undefined ? '' : ` ${INNER[row.inner]}`;
  return [
    codes.map(code).join(', ') + inner,
    row.http.join(', '),
    row.meaning,
    onRead(row),
    aboutPorts(row) && row.fate === 'refused' ? '–' : onDeletion(row.effect, row.fate),
    row.hint,
  ];
}

function groups(): string[] {
  const left = new Set(ERROR_TABLE);
  return GROUPS.flatMap(({ title, text, has }) => {
    const rows = [...left].filter(has);
    rows.forEach((row) => left.delete(row));
    return rows.length === 0 ? [] : [`### ${title}`, text, table(COLUMNS, merged(rows).map(codeRow))];
  });
}

/** Whether a rule ever decides about one of these calls: an earlier rule may take all of its answers. */
function decides(rule: DefaultRule, effect: boolean, operations: string[]): boolean {
  for (let http = 200; http < 600; http++) {
    for (const operation of operations) {
      for (const answered of [null, 'Some.0000']) {
        const answer = { operation, effect, http, code: answered };
        if (DEFAULT_RULES.find(({ matches }) => matches(answer)) === rule) return true;
      }
    }
  }
  return false;
}

function otherCodes(): string {
  return table(
    ['answer', ...COLUMNS.slice(2)],
    DEFAULT_RULES.map((rule) => [
      rule.when,
      rule.meaning,
      decides(rule, false, Object.keys(READS)) ? onRead(rule) : '–',
      decides(rule, true, ['deleteNics']) ? onDeletion(rule.effect, rule.fate) : '–',
      rule.hint,
    ]),
  );
}

type CallKind = Exclude<Parameters<typeof callError>[1], 'aborted'>;

/** Calls that brought no answer that can be used. `aborted` is left out: the worker gave the call up itself. */
const NO_ANSWER: Record<CallKind, string> = {
  network: 'no connection, or one that broke',
  timeout: 'no answer in time (25 s for a whole exchange)',
  unreadable: 'an answer above 1 MiB, or about something else',
  late: 'the worker had too little time left to send: a long queue, a frozen process',
  unconfirmed: 'Temporal could not be asked whether it still waits for the call; the worker’s log says why',
  invalid: 'an id that no request can be made of',
};

const NEVER_A_READ = new Set<CallKind>(['late', 'unconfirmed']);

function noAnswer(): string {
  const kinds = Object.keys(NO_ANSWER) as CallKind[];
  return table(
    ['word', ...COLUMNS.slice(2)],
    kinds.map((kind) => {
      const { action, hint } = callError('showServer', kind, 'maybe', '');
      // Only a deletion can come too late, or has to be confirmed.
      return [
        code(kind),
        NO_ANSWER[kind],
        NEVER_A_READ.has(kind) ? '–' : ON_READ[action],
        onBrokenDeletion(kind),
        hint,
      ];
    }),
  );
}

const LATER = 'backs off and sends later, until the deadline';

/** What was certainly not sent can be sent later; of the rest nobody knows the fate. */
function onBrokenDeletion(kind: CallKind): string {
  if (kind === 'invalid') return ON_REFUSED[callError('deleteNics', kind, 'no', '').action];
  if (NEVER_A_READ.has(kind)) return LATER;
  const { action, fate } = callError('deleteNics', kind, 'maybe', '');
  const whenSent = onDeletion(action, fate);
  return kind === 'unreadable' ? whenSent : `certainly not sent: ${LATER}; else ${whenSent}`;
}

export function errorsPage(): string {
  return (
    [
      ...errorsHead(),
      ...groups(),
      '### Codes that are not listed',
      'The first line that fits the answer.',
      otherCodes(),
      '### No usable answer at all',
      'The word stands in messages in the place of the HTTP status.',
      noAnswer(),
      'The words `not sent` in that place mean that there were no credentials to ask with: certainly nothing left the worker. ' +
        'What follows is as for *no permission*, or, while the source of the credentials gives no answer, as for ' +
        '`CloudUnavailable`; a deletion is sent later.',
    ].join('\n\n') + '\n'
  );
}
