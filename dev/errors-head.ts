/** The hand-written part of `docs/errors.md`: ends of runs, exit codes, and how to read the tables. */
import { ACTIVITY_FAILURE } from '../src/activities/agreement';
import {
  CONTINUED_AS_NEW,
  DIFFERENT_REQUEST,
  FAILURE_TYPE,
  NOT_APPLICABLE,
  UNPROCESSED,
} from '../src/contract/names';
import type { FailureType } from '../src/contract/names';
import { code, table } from './markdown';

interface RunFailure {
  exitCode: number;
  says: string;
  todo: string;
}

/** In the order in which an operator meets them. Every type has its row: a new one does not compile without. */
const RUN_FAILURES: Record<FailureType, RunFailure> = {
  InvalidInput: {
    exitCode: 2,
    says: 'The request, or the way it was started, is not valid. The cloud was not called.',
    todo: 'The message names every problem with its remedy: correct them, start again.',
  },
  Refused: {
    exitCode: 4,
    says: 'A guard of ecs-nics refused the request (primary NIC, elastic IP, other IP or MAC than expected, attached elsewhere, server locked, frozen or gone), or nothing could be sent until the deadline. **Nothing was changed.**',
    todo: 'Settle what the message names; `--dry-run` checks again and changes nothing.',
  },
  CloudRefused: {
    exitCode: 4,
    says: 'The cloud refused the request for certain. **Nothing was changed.**',
    todo: 'Look the code up below and do what its line says; then `--dry-run`.',
  },
  NotDeleted: {
    exitCode: 3,
    says: 'The run has ended, and some NIC is proven to be still attached. The others are off the server; each row says how. Of a release: some port was left, and others were deleted, or a NIC is on the server again.',
    todo: 'Remove the reason (`errorCode` and `message` of the row), then ask again for these NICs: the starter prints the command.',
  },
  OutcomeUnknown: {
    exitCode: 6,
    says: 'What became of some NIC is not known: the job still ran at the deadline, an answer was lost and no end is known, or the witnesses can’t be read or contradict each other.',
    todo: 'Don’t repeat the deletion before you have looked. `--dry-run` reads what is there now. A new run on the server waits by itself, until its own deadline, for the job that `jobs` names (where none is known, two `settle`), and only then inspects and sends.',
  },
  RestoreIncomplete: {
    exitCode: 6,
    says: 'NICs were to be put back, or a flag set back, and not all of it could be done within 30 minutes. Each row says what is missing.',
    todo: 'Remove the cause, then `ecs-nics restore`: it looks first and does only what is missing. Or by hand: `remedy` of each row is the call.',
  },
  RolledBack: {
    exitCode: 5,
    says: 'Some NIC was not deleted, and `onFailure` is `restore`: the others are back. `differences` of a row names what is not as it was.',
    todo: 'Remove the reason (`errorCode` and `message` of the NIC that stayed), then ask again for all of them.',
  },
};

const OTHER_ENDS = [
  [
    'Cancelled',
    '7 (5 when put back, 6 with an `unknown` NIC)',
    'Stopped on request. The run first followed what it had sent to its end; the totals are in the memo `result`.',
    'What is still there can be asked for again.',
  ],
  [
    'Terminated, timed out',
    '6',
    'Ended from outside, so the run could not report. The memo `open`, when there is one, names the NICs of a submission that was under way.',
    'Start a run again: it waits until nothing more can come of that submission before it sends anything. Prefer `cancel` next time.',
  ],
  [
    'open, but its workflow task fails',
    '–',
    'A defect, or a worker of another version. The run loses nothing and goes on with a worker that can read it.',
    'Roll the worker back or forward ([upgrades](upgrades.md)). Don’t terminate. Don’t reset either: a run that was reset never sends.',
  ],
];

const EXIT_CODES = [
  ['0', 'done, or nothing to do; also a dry run shown, or `--no-wait` started'],
  ['1', 'the starter itself failed: Temporal not reachable, or no worker. The run, if there is one, goes on'],
  ['2', '`InvalidInput`, a bad command line or environment; nothing was started'],
  ['3', '`NotDeleted`'],
  ['4', '`Refused`, `CloudRefused`, or another run is open on the server'],
  ['5', '`RolledBack`'],
  ['6', '`OutcomeUnknown`, `RestoreIncomplete`, ended from outside: **needs a person**'],
  ['7', 'cancelled'],
  ['130', 'Ctrl-C while waiting; the run goes on'],
];

const WORKER_EXIT_CODES = [
  ['0', 'drained after a signal'],
  ['1', 'fatal: the last log line says what'],
  ['2', 'configuration; every wrong variable is named at once'],
  ['3', 'Temporal was not reachable for 60 s'],
];

/** What happens inside a run, as the Web UI shows it on an activity. */
const ACTIVITY_FAILURES: [type: string, says: string, then: string][] = [
  [
    ACTIVITY_FAILURE.unavailable,
    'No usable answer: network, 5xx, a firewall’s page, an unreadable body.',
    'Three attempts, then again on a timer: 5 s, doubling, up to a minute. Ten failed polls in a row: the NIC list is read instead.',
  ],
  [ACTIVITY_FAILURE.credentials, '401, or 403 with a code of the cloud.', 'See *no permission* below.'],
  [ACTIVITY_FAILURE.refused, 'The cloud refused a read for certain.', 'See *refused* below.'],
  [
    ACTIVITY_FAILURE.wrongPlace,
    'The worker that took the call serves another project, region or endpoint than the run is meant for.',
    'The run asks again, every 5 s up to a minute, until a worker of the right place takes the call; its deadline moves on meanwhile. `status` names both places. Give each project a queue of its own (`ECS_NICS_TASK_QUEUE`).',
  ],
];

const REJECTED: [type: string, says: string][] = [
  [DIFFERENT_REQUEST, 'the open run on this server serves another request: wait for its end'],
  [
    FAILURE_TYPE.invalidInput,
    'the request in the argument is not valid, or can’t be read: the message names every problem',
  ],
  [CONTINUED_AS_NEW, 'the run goes on under a new run id: ask again, by its workflow id'],
  [
    UNPROCESSED,
    'Temporal’s own: a worker that was being replaced never saw it; send it again (the programs of ecs-nics do)',
  ],
  [NOT_APPLICABLE, '`undo` or `commit` of a run that keeps no ports, or whose fate is decided already'],
];

export function errorsHead(): string[] {
  const failures = Object.values(FAILURE_TYPE)
    .map((type) => ({ type, ...RUN_FAILURES[type] }))
    .sort((a, b) => order.indexOf(a.type) - order.indexOf(b.type));
  return [
    '<!-- Generated: change dev/errors-head.ts or src/ecs/error-table.ts, then `npm run docs`. -->',
    '# Errors',
    'First of all: `ecs-nics status <server-id>` only reads. It shows how the run ended or where it is, every NIC with its ' +
      'evidence, and what can be done next. A message about the cloud reads',
    '```\ndeleteNics: HTTP 400 Ecs.0605, the server is locked: “ECS locked.” (request 7f0c…)\n```',
    'that is: the call, the status, the **code to search this page for**, what it means, the cloud’s own words, and the ' +
      'request id that the cloud’s support asks for.',
    'Two rules. Never delete by hand what an open run is working on. After any end but `OutcomeUnknown` a ' +
      'new run may be started at once: it inspects everything anew, and sends nothing for a NIC that is gone.',
    '## How a run ends',
    table(
      ['failure type', 'exit code', 'says', 'you'],
      failures.map(({ type, exitCode, says, todo }) => [code(type), String(exitCode), says, todo]),
    ),
    table(['other ends', 'exit code', 'says', 'you'], OTHER_ENDS),
    'A failed run carries its result document in the failure (`details[0]`); `ecs-nics status` shows it without a worker, too.',
    '## Options of a start',
    table(['start option', 'the run'], START_OPTIONS),
    '## Exit codes',
    table(['starter', 'meaning'], EXIT_CODES),
    table(['worker', 'meaning'], WORKER_EXIT_CODES),
    '## Inside a run',
    'A failed activity does not end a run by itself. Its type, in the Web UI and in logs:',
    table(
      ['activity failure', 'says', 'the run then'],
      ACTIVITY_FAILURES.map(([type, ...rest]) => [code(type), ...rest]),
    ),
    'An activity that timed out met a worker that died or hung: a read is made again, a deletion is of unknown fate and is ' +
      '*looked* for. A message (Update) that was rejected changed nothing:',
    table(
      ['rejected message', 'says'],
      REJECTED.map(([type, says]) => [code(type), says]),
    ),
    '## Codes of the cloud',
    'Codes decide, not statuses (but for 401 and 429, which always mean credentials and throttling). `APIG.` stands for ' +
      '`APIGW.` too: search for the number. A code in the row of a NIC (`errorCode`) may come from the cloud’s job: that ' +
      'job has ended, so only the meaning matters. In the tables',
    LEGEND,
  ];
}

const START_OPTIONS = [
  [
    'execution or run time-out',
    '`InvalidInput` when it is shorter than deadline + undo window + 1 hour: it would end the run unobserved.',
  ],
  [
    'retry policy',
    'Without effect: every failure is final. Only a run that has hit its run time-out is started again; it first waits until nothing more can come of what was sent.',
  ],
  ['cron schedule', '`InvalidInput`, each time anew: `temporal workflow terminate` ends it.'],
  ['a Temporal schedule', '`InvalidInput`: it gives the workflow an id of its own, and the id is the lock.'],
  ['workflow task time-out, start delay', 'As for any workflow; the deadline counts from the first task on.'],
  [
    'an input, or a message’s argument, that can’t be read (another’s encryption, say)',
    '`InvalidInput`: send plain JSON. The argument of a signal is not looked at, a memo is left alone.',
  ],
  ['an unknown workflow type', '`InvalidInput`, with the types there are.'],
];

const order = Object.keys(RUN_FAILURES);

const LEGEND = [
  '- *no permission* and *refused* mean: before anything was sent the run ends as `CloudRefused`, at once. After that it ' +
    'reads the NIC list instead of the job, at most one try a minute; when nothing can be read until the deadline, the ' +
    'NICs are `unknown`.',
  '- *looks twice* means: waits `settle` (30 s), reads the NIC list, waits, reads again. What is gone is done. What is ' +
    'provably still there on an idle server is sent again, at most three submissions in all.',
  '- *sends again once* means: when the cloud refuses a second time and every NIC is still there, the refusal is final: ' +
    '`CloudRefused`.',
  '- *ends: `CloudRefused`* holds for a run that has sent nothing else. After an earlier submission of unknown fate the ' +
    'run sends nothing more, and the NICs decide.',
  '- while NICs are verified, a port that can’t be read counts as a witness that says nothing.',
].join('\n');
