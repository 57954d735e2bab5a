/**
 * The events of a run's life, as the worker's log tells them and `ECS_NICS_AUDIT_LOG` keeps them. One table: levels, sentences and
 * docs/log.md come from it. In a sentence `{field}` is a field's value, and a part in brackets is left out where a field of it has none.
 */

export interface EventRow {
  /** `warn`: a person should look. */
  level: 'info' | 'warn';
  /** It changes something, or decides about a change: it goes to the audit stream as well. */
  audit: boolean;
  says: string;
}

export const EVENTS = {
  'run.started': {
    level: 'info',
    audit: true,
    says: '{type} begins[ for {nics} NICs][, asked for by {requestedBy}][: {reason}]',
  },
  'run.waiting': { level: 'info', audit: false, says: 'the run waits in phase {phase}: {why}' },
  'run.cancel-requested': { level: 'info', audit: true, says: 'somebody has cancelled the run' },
  'run.decided': { level: 'info', audit: true, says: '{by} decides: {what}, since {reason}' },
  'window.opened': {
    level: 'info',
    audit: false,
    says: 'the ports of {nics} NICs are kept until {until}; until then `undo` puts the NICs back exactly',
  },
  'submission.accepted': {
    level: 'info',
    audit: true,
    says: 'the cloud has accepted the {what} of {nics} NICs as job {job}',
  },
  'submission.not-accepted': {
    level: 'info',
    audit: true,
    says: 'the cloud has not accepted the {what} of {nics} NICs: {why}',
  },
  'submission.unknown': {
    level: 'warn',
    audit: true,
    says: 'the {what}[ of {nics} NICs] got no usable answer, and may have been accepted: {why}',
  },
  'submission.not-sent': {
    level: 'info',
    audit: false,
    says: 'the {what} of {nics} NICs was not sent: {why}',
  },
  'flags.set': {
    level: 'info',
    audit: true,
    says: 'the cloud is asked to set delete_on_termination of {nics} NICs to {value}',
  },
  'job.ended': { level: 'info', audit: false, says: 'job {job} has ended as {status}, after {polls} polls' },
  'port.created': { level: 'info', audit: true, says: 'port {nic} was created' },
  'port.not-created': { level: 'warn', audit: true, says: 'a port was not created: {why}' },
  'port.unknown': {
    level: 'warn',
    audit: true,
    says: 'it is not known whether a port was created; it is looked for by its name: {why}',
  },
  'port.changed': {
    level: 'info',
    audit: true,
    says: 'the cloud is asked to give port {nic} back its {what}',
  },
  'port.deleted': { level: 'info', audit: true, says: 'port {nic} is deleted' },
  'elastic-ip.bound': { level: 'info', audit: true, says: 'elastic IP {address} was bound to port {nic}' },
  'nic.verdict': { level: 'info', audit: false, says: 'NIC {nic} is {outcome}[: {message}]' },
  'run.ended': { level: 'info', audit: true, says: 'the run has ended: {outcome}[, {counts}][; {message}]' },
  'run.needs-person': {
    level: 'warn',
    audit: true,
    says: 'the run has ended, and needs a person: {outcome}[, {counts}][; {message}]',
  },
  'cloud.throttled': {
    level: 'warn',
    audit: false,
    says: 'the cloud throttles this worker[ ({code})]: no call for {seconds} s, then fewer',
  },
  'fleet.started': {
    level: 'info',
    audit: true,
    says: 'decommission run {fleet} begins[, asked for by {requestedBy}][: {reason}]',
  },
  'fleet.phase': {
    level: 'info',
    audit: false,
    says: 'decommission run {fleet} is in phase {phase}[: {why}]',
  },
  'fleet.stopped': { level: 'warn', audit: false, says: 'decommission run {fleet} is {phase}: {why}' },
  'fleet.decided': { level: 'info', audit: true, says: '{by} decides: {what}, since {reason}' },
  'fleet.ended': {
    level: 'info',
    audit: true,
    says: 'decommission run {fleet} has ended: {outcome}, {counts}',
  },
} as const satisfies Record<string, EventRow>;

export type EventName = keyof typeof EVENTS;

/** The keys of a line, in their order, and what each holds. Every line of a run has the first ones. */
export const EVENT_FIELDS = {
  time: 'RFC 3339, UTC',
  level: '`trace`, `debug`, `info`, `warn`, `error`',
  event: 'the name in the table',
  server: 'the id of the server',
  workflowId: 'the id of the workflow',
  runId: 'the id of its run',
  fleet: 'the name of the decommission run',
  type: 'the workflow type',
  job: 'the id of the cloud’s job',
  nic: 'the id of the NIC, which is that of its port',
  nics: 'how many NICs',
  requestId: 'the cloud’s id of a request, for its support',
  requestedBy: 'who has asked for the run',
  by: 'who has sent a message',
  reason: 'why, in that person’s words',
  what: 'a message, a submission or a change',
  outcome: 'an outcome, as in the result document',
  counts: 'how many NICs (of a decommission run: servers) have which outcome',
  phase: 'a phase, as in the result document',
  why: 'what the run or the worker knows of the cause',
  message: 'the cloud’s or the run’s words about a failure',
  code: 'the cloud’s code of an error',
  status: 'the cloud’s word for the state of a job',
  polls: 'how often the job was looked at',
  until: 'RFC 3339, UTC',
  seconds: 'a time in seconds',
  value: 'a flag',
  address: 'an IP address',
} as const;

export type EventFields = {
  [field in Exclude<keyof typeof EVENT_FIELDS, 'time' | 'level' | 'event'>]?:
    string | number | boolean | null;
};

/** What the event says of these fields, as one sentence. */
export function sentenceOf(name: EventName, fields: EventFields): string {
  const valueOf = (field: string) => fields[field as keyof EventFields] ?? null;
  const isTold = (part: string) =>
    [...part.matchAll(/\{(\w+)\}/g)].every(([, field = '']) => valueOf(field) !== null);
  return EVENTS[name].says
    .replace(/\[([^\]]*)\]/g, (_, part: string) => (isTold(part) ? part : ''))
    .replace(/\{(\w+)\}(?: (NIC|poll)s)?/g, (_, field: string, what?: string) => {
      const value = valueOf(field);
      const things = what === undefined ? '' : ` ${what}${value === 1 ? '' : 's'}`;
      return `${value ?? '–'}${things}`;
    });
}
