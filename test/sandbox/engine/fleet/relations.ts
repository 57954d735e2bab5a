/** What workflows do to each other: they start others, and send them signals. */
import { defaultPayloadConverter } from '@temporalio/common';
import type { coresdk } from '@temporalio/proto';
import type { Job } from '../replica';
import type { Execution } from './execution';
import { signalCancelled, signalNotDelivered } from './failures';
import type { FleetRecord } from './record';
import type { Request } from './options';
import type { Timeline } from './timeline';
import type { Delayed } from './trouble';

type StartCommand = coresdk.workflow_commands.IStartChildWorkflowExecution;
type SignalCommand = coresdk.workflow_commands.ISignalExternalWorkflowExecution;

/** The server, as far as it stands between workflows. */
export interface Between {
  readonly now: number;
  readonly timeline: Timeline;
  readonly record: FleetRecord;
  delay: (of: Delayed) => number;
  /** The run that is open under this id. */
  find: (workflowId: string) => Execution | undefined;
  tell: (run: Execution, job: Job) => void;
  start: (request: Request, by: { execution: Execution; seq: number }) => Execution | null;
}

const ABANDON = 2;
const ALREADY_EXISTS = 1;

export function startChild(between: Between, parent: Execution, command: StartCommand): void {
  const { timeline } = between;
  const { input, parentClosePolicy } = command;
  const [seq, workflowId, workflowType] = [
    command.seq ?? 0,
    command.workflowId ?? '',
    command.workflowType ?? '',
  ];
  if (Number(parentClosePolicy) !== ABANDON)
    throw new Error(`${workflowId} would end together with what has started it`);
  timeline.put(between.now + between.delay('start'), () => {
    const request = { workflowId, type: workflowType, input: input ?? [] };
    const child = between.start(request, { execution: parent, seq });
    const toldAt = between.now + between.delay('message');
    if (child?.parent) child.parent.toldAt = toldAt;
    const result =
      child === null
        ? { failed: { workflowId, workflowType, cause: ALREADY_EXISTS } }
        : { succeeded: { runId: child.info.runId } };
    const told = () => between.tell(parent, { resolveChildWorkflowExecutionStart: { seq, ...result } });
    timeline.put(toldAt, told);
  });
}

/** By workflow id, to whichever run of the chain is open when it arrives. */
export function signal(between: Between, from: Execution, command: SignalCommand): void {
  const { timeline } = between;
  const { workflowExecution, args } = command;
  const [seq, signalName] = [command.seq ?? 0, command.signalName ?? ''];
  const to = workflowExecution?.workflowId ?? '';
  if (workflowExecution?.runId) throw new Error(`a signal to ${to} would miss the next run of its chain`);
  const record = {
    ...{ sentAt: between.now, arrivedAt: null as number | null, from: from.info.workflowId, to },
    name: signalName,
    argument: args?.[0] === undefined ? undefined : defaultPayloadConverter.fromPayload(args[0]),
  };
  between.record.signals.push(record);
  const arrive = () => {
    from.sending.delete(seq);
    const run = between.find(to);
    if (run !== undefined) {
      record.arrivedAt = between.now;
      between.tell(run, { signalWorkflow: { signalName, input: args ?? [] } });
    }
    const failure = run === undefined ? { failure: signalNotDelivered } : {};
    const told = () => between.tell(from, { resolveSignalExternalWorkflow: { seq, ...failure } });
    timeline.put(between.now + between.delay('message'), told);
  };
  from.sending.set(seq, timeline.put(between.now + between.delay('message'), arrive));
}

/** Its sender does not want it any more. */
export function recall(between: Between, run: Execution, seq: number): void {
  const entry = run.sending.get(seq);
  if (entry === undefined) return;
  entry.dropped = true;
  run.sending.delete(seq);
  between.tell(run, { resolveSignalExternalWorkflow: { seq, failure: signalCancelled } });
}
