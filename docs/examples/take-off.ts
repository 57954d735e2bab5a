// npx tsc --target es2022 --module commonjs take-off.ts
// node take-off.js delete <server-id> <port-id>...
// node take-off.js undo <server-id>
import {
  ApplicationFailure,
  CancelledFailure,
  Client,
  Connection,
  WithStartWorkflowOperation,
  WorkflowFailedError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';

type DeleteServerNics = (input: object) => Promise<ResultDocument>;

interface ResultDocument {
  outcome: string;
  phase: string;
  undoUntil: string | null;
  nics: { id: string; outcome: string; errorCode: string | null; message: string | null }[];
  warnings: string[];
}

/** What a failure type of the run means for its caller. */
const WHAT_TO_DO: Record<string, string> = {
  InvalidInput: 'correct the request: the cloud was not called',
  Refused: 'settle what the message names, then ask again: nothing was changed',
  CloudRefused: 'do what the message says, then ask again: nothing was changed',
  NotDeleted: 'remove the reason, then ask again for the NICs that are still attached',
  RolledBack: 'everything is back: remove the reason, then ask again for all of them',
  RestoreIncomplete: 'a person has to look: not everything could be put back',
  OutcomeUnknown: 'a person has to look before anything is repeated',
};

/** Asks again where the run goes on under a new run id, or a worker that was being replaced never saw the message. */
async function answered<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const again = ['ContinuedAsNew', 'UnprocessedUpdate'];
      if (!again.includes(failureOf(error)?.type ?? '')) throw error;
    }
  }
}

/** What the run, or an Update, has failed with. */
function failureOf(error: unknown): ApplicationFailure | null {
  const isEnd = error instanceof WorkflowFailedError || error instanceof WorkflowUpdateFailedError;
  return isEnd && error.cause instanceof ApplicationFailure ? error.cause : null;
}

function show({ outcome, phase, undoUntil, nics, warnings }: ResultDocument): void {
  console.log(`outcome ${outcome}, phase ${phase}`);
  if (undoUntil !== null) console.log(`can be undone until ${undoUntil}`);
  for (const { id, outcome, errorCode, message } of nics)
    console.log([id, outcome, errorCode, message].filter(Boolean).join(' '));
  for (const warning of warnings) console.log(`warning: ${warning}`);
}

async function takeOff(client: Client, serverId: string, ids: string[]): Promise<void> {
  const input = {
    serverId,
    nics: ids.map((id) => ({ id })),
    undoWindow: '1 hour',
    requestedBy: 'inventory',
    reason: 'T-7',
  };
  const submitted = await answered(() =>
    client.workflow.executeUpdateWithStart<DeleteServerNics, { jobId: string | null }, [object]>(
      'submitted',
      {
        // The request once more: an open run that serves another one says so.
        args: [input],
        startWorkflowOperation: new WithStartWorkflowOperation('deleteServerNics', {
          workflowId: `nics/${serverId}`,
          taskQueue: process.env.ECS_NICS_TASK_QUEUE ?? 'ecs-nics',
          args: [input],
          workflowIdConflictPolicy: 'USE_EXISTING',
        }),
      },
    ),
  );
  console.log(`submitted, job ${submitted.jobId}`);
  const run = client.workflow.getHandle<DeleteServerNics>(`nics/${serverId}`);
  const document = await answered(() =>
    run.executeUpdate<ResultDocument, [object]>('settled', { args: [input] }),
  );
  // In an open window the run goes on. Otherwise it is over, and its end tells whether it failed.
  show(document.phase === 'undo-window' ? document : await run.result());
}

async function undo(client: Client, serverId: string): Promise<void> {
  const workflowId = `nics/${serverId}`;
  const run = client.workflow.getHandle<DeleteServerNics>(workflowId);
  const who = { by: 'inventory', reason: 'the server is needed after all' };
  const { status, runId } = await run.describe();
  if (status.name === 'RUNNING') {
    show(await answered(() => run.executeUpdate<ResultDocument, [object]>('undo', { args: [who] })));
    return;
  }
  // The window is over, and the ports with it: a run of its own puts back what the last one took off, with new ports.
  const from = { workflowId, runId };
  const back = await client.workflow.start<DeleteServerNics>('restoreServerNics', {
    workflowId,
    taskQueue: process.env.ECS_NICS_TASK_QUEUE ?? 'ecs-nics',
    args: [{ serverId, from, nics: 'all', requestedBy: who.by, reason: who.reason }],
  });
  show(await back.result());
}

async function main([command, serverId, ...ids]: string[]): Promise<number> {
  if (serverId === undefined) throw new Error('delete <server-id> <port-id>... | undo <server-id>');
  const connection = await Connection.connect({ address: process.env.TEMPORAL_ADDRESS ?? 'localhost:7233' });
  try {
    const client = new Client({ connection, namespace: process.env.TEMPORAL_NAMESPACE ?? 'default' });
    if (command === 'undo') await undo(client, serverId);
    else await takeOff(client, serverId, ids);
    return 0;
  } catch (error) {
    if (error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure) {
      console.log('cancelled: the query status has the document');
      return 7;
    }
    const failure = failureOf(error);
    if (failure === null) throw error;
    console.log(`${failure.type}: ${failure.message}`);
    const [document] = failure.details ?? [];
    if (document !== undefined) show(document as ResultDocument);
    // Others are about the message: DifferentRequest, NotApplicable, Cancelled.
    console.log(WHAT_TO_DO[failure.type ?? ''] ?? 'nothing was changed by this message');
    return 3;
  } finally {
    await connection.close();
  }
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
