/** `docs/log.md`: the lines of the worker's log about runs, told from the one table that writes them. */
import { EVENT_FIELDS, EVENTS } from '../src/contract/events';
import type { EventRow } from '../src/contract/events';
import { code, table } from './markdown';

const HEAD = `# The worker's log

One line is one event. \`ECS_NICS_LOG_FORMAT=json\` (the default where standard output is no terminal) writes JSON lines, \`pretty\` the same
for people; \`ECS_NICS_LOG_LEVEL\` is \`trace\`, \`debug\`, \`info\` (default), \`warn\` or \`error\`. Lines about a run have an \`event\` and keys that never change:
\`jq 'select(.server == "<id>")'\` is a server's story. Other lines are about the worker itself and its connections; of those that Temporal's SDK writes, each kind comes
once a minute at most. A run that ends as its caller may expect is \`info\`, also when it is refused; \`warn\` is for what a person should look at.

\`ECS_NICS_AUDIT_LOG\` names a file, or is \`stdout\`: the events marked below go there as well, as JSON lines (with the sentence as \`sentence\`) that are only ever appended, each
before the run goes on. The file is opened for each line, so it can be moved away at any time; only its owner may read it. A worker that can't open it does not start; where a line
can't be written later, the log says so once a minute, and the work goes on.

A line says that something was about to happen or has happened, and is written at least once: a task or an attempt that a worker did not finish is repeated, and so are
its lines. What a workflow tells is written a moment late, with the right \`time\`: sort by it. What is true in the end is in the result document. Credentials are in no line.
`;

export function logPage(): string {
  const events = Object.entries<EventRow>(EVENTS).map(([name, { level, audit, says }]) => [
    code(name),
    level,
    audit ? 'yes' : '',
    says,
  ]);
  const fields = Object.entries(EVENT_FIELDS).map(([name, holds]) => [code(name), holds]);
  return [
    HEAD,
    '## Events\n',
    'In a sentence `{field}` is the value of a field; a part in brackets is left out where a field of it has none.\n',
    table(['event', 'level', 'audit', 'says'], events),
    '\n## Fields\n',
    'A line has those of its sentence, and what else is known: the server, the workflow, the job, the request id.\n',
    table(['field', 'holds'], fields),
    '',
  ].join('\n');
}
