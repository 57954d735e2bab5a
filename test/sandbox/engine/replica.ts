/**
 * A run of the real workflow bundle in the real sandbox. Its worker may be lost at any time: the next task then finds a
 * new sandbox, to which the whole history is replayed first, and which must come to the same commands.
 */
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { defaultPayloadConverter } from '@temporalio/common';
import { coresdk } from '@temporalio/proto';
import { parseWorkflowCode } from '@temporalio/worker/lib/worker';
import { ReusableVMWorkflowCreator } from '@temporalio/worker/lib/workflow/reusable-vm';
import { globalHandlers } from '@temporalio/worker/lib/workflow/vm-shared';
import type { Workflow } from '@temporalio/worker/lib/workflow/interface';

export type Job = coresdk.workflow_activation.IWorkflowActivationJob;
export type Command = coresdk.workflow_commands.IWorkflowCommand;
export type Info = Parameters<ReusableVMWorkflowCreator['createWorkflow']>[0]['info'];
export type Sandbox = ReusableVMWorkflowCreator;

/** What was recorded: name, value, tags. */
export interface Metric {
  name: string;
  value: number;
  tags: Record<string, unknown>;
}

/** What a workflow task brings. */
export interface TaskInput {
  now: number;
  jobs: Job[];
  historyLength: number;
  continueAsNewSuggested: boolean;
}

interface Recorded extends TaskInput {
  commands: Command[];
}

/** From the sources at `workflowsPath`: a bundle on the disk may be older than they are. */
export async function bundle(workflowsPath: string): Promise<string> {
  const bundled = await bundleWorkflowCode({
    workflowsPath,
    payloadConverterPath: join(dirname(workflowsPath), 'run', 'payload-converter.ts'),
    logger: new DefaultLogger('WARN'),
  });
  return bundled.code;
}

export async function openSandbox(code: string): Promise<Sandbox> {
  // Without its own time limit, which starts a thread for each call; a test has one.
  const sandbox = await ReusableVMWorkflowCreator.create(
    parseWorkflowCode(code),
    undefined as never,
    new Set(),
  );
  // Stack traces for a query that nobody asks here: they would slow down every promise of this process.
  (globalHandlers as unknown as { stopPromiseHook: () => void }).stopPromiseHook();
  globalHandlers.promiseHookInstalled = false;
  return sandbox;
}

export class Replica {
  readonly tasks: Recorded[] = [];
  private workflow: Workflow | null = null;
  /** Of another run's history, when this one is the product of a reset. */
  private inherited = 0;

  constructor(
    private readonly sandbox: Sandbox,
    private readonly info: Info,
    private readonly seed: number,
    private readonly metrics: Metric[],
  ) {}

  /** Begins with the first `count` tasks of another run. */
  inherit(other: Replica, count: number): void {
    this.tasks.push(...other.tasks.slice(0, count));
    this.inherited = this.tasks.length;
  }

  /** Nothing of it is left in any worker's memory. */
  async lose(): Promise<void> {
    await this.workflow?.dispose();
    this.workflow = null;
  }

  /** @param lost the worker dies before it has reported: as if there had been no such task */
  async carryOut(task: TaskInput, lost = false): Promise<Command[]> {
    const workflow = await this.alive();
    const commands = await activate(workflow, this.info.runId, task, false);
    const sinkCalls = await workflow.getAndResetSinkCalls();
    if (lost) {
      await this.lose();
      return [];
    }
    for (const { ifaceName, args } of sinkCalls) {
      if (ifaceName !== '__temporal_metrics') continue;
      const numbers = args.filter((arg): arg is number => typeof arg === 'number');
      const tags = (args.at(-1) ?? {}) as Record<string, unknown>;
      this.metrics.push({ name: String(args[0]), value: numbers.at(-1) ?? NaN, tags });
    }
    this.record(task, commands);
    return commands;
  }

  /** An Update that its validator turned away leaves no trace in the history. */
  private record(task: TaskInput, commands: Command[]): void {
    const answers = commands.flatMap(({ updateResponse }) => updateResponse ?? []);
    const accepted = new Set(answers.filter((it) => it.accepted).map((it) => it.protocolInstanceId));
    const rejected = new Set(
      task.jobs
        .flatMap(({ doUpdate }) => doUpdate?.protocolInstanceId ?? [])
        .filter((id) => !accepted.has(id)),
    );
    const jobs = task.jobs.filter(({ doUpdate }) => !rejected.has(doUpdate?.protocolInstanceId ?? ''));
    if (jobs.length === 0) return;
    const kept = commands.filter(
      ({ updateResponse }) => !rejected.has(updateResponse?.protocolInstanceId ?? ''),
    );
    this.tasks.push({ ...task, jobs, commands: kept });
  }

  async query(queryType: string): Promise<unknown> {
    const workflow = await this.alive();
    const completion = await workflow.activate(
      coresdk.workflow_activation.WorkflowActivation.fromObject({
        runId: this.info.runId,
        jobs: [{ queryWorkflow: { queryId: 'query', queryType, arguments: [] } }],
      }),
    );
    const answer = completion.successful?.commands?.[0]?.respondToQuery?.succeeded?.response;
    if (!answer) throw new Error(`the query \`${queryType}\` has no answer`);
    return defaultPayloadConverter.fromPayload(answer);
  }

  private async alive(): Promise<Workflow> {
    if (this.workflow !== null) return this.workflow;
    const workflow = await this.sandbox.createWorkflow({
      info: this.info,
      randomnessSeed: [this.seed],
      now: this.info.runStartTime.getTime(),
      showStackTraceSources: false,
    });
    for (const [index, task] of this.tasks.entries()) {
      const commands = await activate(workflow, this.info.runId, { ...task, jobs: withPatches(task) }, true);
      await workflow.getAndResetSinkCalls();
      // What a reset run knows of itself differs; the server, too, compares no more than kinds.
      const [again, before] =
        index < this.inherited ? [kinds(commands), kinds(task.commands)] : [commands, task.commands];
      if (!isDeepStrictEqual(again, before)) {
        throw new Error(
          `not deterministic: replayed, task ${index + 1} of ${this.tasks.length} came to other commands:\n` +
            `${JSON.stringify(kinds(commands))} instead of ${JSON.stringify(kinds(task.commands))}`,
        );
      }
    }
    this.workflow = workflow;
    return workflow;
  }
}

/** A replay is told of each patch whose marker is in the history, in the task that has left it there. */
function withPatches({ jobs, commands }: Recorded): Job[] {
  const patches = commands.flatMap(({ setPatchMarker }) =>
    setPatchMarker ? [{ notifyHasPatch: { patchId: setPatchMarker.patchId } }] : [],
  );
  const [first] = jobs;
  return first?.initializeWorkflow ? [first, ...patches, ...jobs.slice(1)] : [...patches, ...jobs];
}

function kinds(commands: Command[]): string[] {
  return commands.map((command) => {
    const [kind = ''] = Object.keys(command).filter((name) => name !== 'userMetadata');
    return `${kind} ${command.scheduleActivity?.activityType ?? ''}`.trim();
  });
}

/** The server tells a replaying worker which of the SDK's flags a history was made with: all that are on by default. */
const FLAGS = [1, 2, 3, 4, 5, 6];

async function activate(
  workflow: Workflow,
  runId: string,
  { now, jobs, historyLength, continueAsNewSuggested }: TaskInput,
  isReplaying: boolean,
): Promise<Command[]> {
  const completion = await workflow.activate(
    coresdk.workflow_activation.WorkflowActivation.fromObject({
      runId,
      timestamp: { seconds: Math.floor(now / 1_000), nanos: (now % 1_000) * 1_000_000 },
      historyLength,
      continueAsNewSuggested,
      isReplaying,
      availableInternalFlags: FLAGS,
      // What was accepted once is not asked again whether it is acceptable.
      jobs: isReplaying
        ? jobs.map((job) => (job.doUpdate ? { doUpdate: { ...job.doUpdate, runValidator: false } } : job))
        : jobs,
    }),
  );
  if (completion.failed) throw new Error(`workflow task failed: ${completion.failed.failure?.message ?? ''}`);
  return completion.successful?.commands ?? [];
}
