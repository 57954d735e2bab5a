/** The shapes of runs whose histories are kept for replay: one for every way that the workflow's code can take. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import { WithStartWorkflowOperation } from '@temporalio/client';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeleteServerNicsInput, ResultDocument } from '../src/contract/types';
import type { SimServer, Ledger } from './simulator';
import type { Stack } from './stack';

export interface Shape {
  /** Settings of the simulated server. */
  server?: Record<string, unknown>;
  faults?: { match: Record<string, unknown>; what: Record<string, unknown>; [more: string]: unknown }[];
  request?: Record<string, unknown>;
  /** Recorded while it is open: it waits for something that does not come. */
  open?: boolean;
  /** What happens to the run meanwhile; default: nothing. */
  meanwhile?: (run: Recorded) => Promise<void>;
}

export interface Recorded {
  stack: Stack;
  client: Client;
  handle: WorkflowHandle;
  serverId: string;
  input: DeleteServerNicsInput;
  /** Resolves when the cloud has got a deletion. */
  posted: () => Promise<void>;
}

const TIMING = { firstPoll: 500, pollInterval: 500, settle: 500, verifyFor: '2s', busyWait: '1s' };

const onDelete = (what: Record<string, unknown>, more: object = { times: 1 }) => ({
  match: { class: 'delete' },
  what,
  ...more,
});
const REFUSED = { kind: 'answer', status: 403, body: { error_code: 'APIGW.0302', error_msg: 'no' } };

const WHO = { by: 'recorder', reason: 'to be replayed' };

/** A second run under the same id puts back what the first has taken off. */
async function restoreAfterwards({ client, handle, stack, serverId }: Recorded): Promise<void> {
  const { workflowId } = handle;
  await handle.result();
  const { runId } = await handle.describe();
  await client.workflow.start('restoreServerNics', {
    taskQueue: stack.taskQueue,
    workflowId,
    args: [{ serverId, from: { workflowId, runId }, nics: 'all', timing: TIMING }],
  });
}

/** A second run under the same id deletes the ports that the first has kept. One of them has been changed since. */
async function releaseAfterwards({ client, handle, stack, serverId, input }: Recorded): Promise<void> {
  const { workflowId } = handle;
  await handle.result();
  const { runId } = await handle.describe();
  const [first] = input.nics as { id: string }[];
  await stack.simulator.control('PATCH', `/_sim/ports/${first?.id}`, { name: 'theirs' });
  await client.workflow.start('releasePorts', {
    taskQueue: stack.taskQueue,
    workflowId,
    args: [{ serverId, from: { workflowId, runId }, nics: 'all', timing: TIMING }],
  });
}

/** By name; the file of a history is called after its shape, with a number for each further run of its chain. */
export const SHAPES: Record<string, Shape> = {
  deleted: {},
  'deleted-all': { request: { nics: 'all' } },
  detached: {
    server: { nics: [{ primary: true }, { deleteOnTermination: false }] },
    request: { nics: 'all' },
  },
  'dry-run': { request: { dryRun: true } },
  'nothing-to-do': { request: { nics: [{ id: randomUUID() }] } },
  'invalid-input': { request: { deadline: 'soon' } },
  refused: { server: { locked: true } },
  'refused-at-deadline': { server: { status: 'REBOOT' }, request: { deadline: '3s' } },
  'waited-for-server': {
    server: { status: 'REBOOT' },
    meanwhile: async ({ stack, serverId, handle }) => {
      await sleep(1_500);
      await stack.simulator.control('PATCH', `/_sim/servers/${serverId}`, { status: 'ACTIVE' });
      await handle.signal('pollNow');
    },
  },
  'cloud-refused': {
    faults: [onDelete({ ...REFUSED, body: { error: { code: 'Pdp.0001', message: 'no' } } })],
  },
  'refused-after-looks': {
    faults: [
      onDelete(
        { kind: 'answer', status: 400, body: { error: { code: 'Ecs.0085', message: 'no such NIC' } } },
        {},
      ),
    ],
  },
  'inspection-failed-first': {
    faults: [{ match: { class: 'detail' }, what: { kind: 'throttled', retryAfter: 1 }, times: 1 }],
  },
  'answer-lost-accepted': { faults: [onDelete({ kind: 'drop', accepted: true })] },
  'answer-lost-sent-again': { faults: [onDelete({ kind: 'drop' })] },
  'answers-lost-for-ever': { faults: [onDelete({ kind: 'drop' }, {})] },
  'busy-server': { faults: [onDelete({ kind: 'busy' }, { times: 2 })] },
  throttled: { faults: [onDelete({ kind: 'throttled', retryAfter: 1 })] },
  'throttled-with-success': { faults: [onDelete({ kind: 'throttled', as: '202' })] },
  'not-deleted': { faults: [onDelete({ kind: 'partial-failure', nics: [0] })] },
  'job-lies': { faults: [onDelete({ kind: 'lying-job' })] },
  'job-gone': { faults: [onDelete({ kind: 'job-gone' })] },
  'job-stuck': { faults: [onDelete({ kind: 'job-stuck' })], request: { deadline: '4s' } },
  'polls-refused': { faults: [{ match: { class: 'job' }, what: REFUSED }] },
  'polls-failed': {
    faults: [{ match: { class: 'job' }, what: { kind: 'status', status: 500 }, times: 4 }],
  },
  'lists-stale': { faults: [{ match: { class: 'list' }, what: { kind: 'stale-list' }, after: 1, times: 1 }] },
  'server-gone': {
    faults: [
      { match: { class: 'delete' }, what: { kind: 'meanwhile', afterMs: 500, deleteServer: true }, times: 1 },
    ],
    server: { jobSeconds: 2 },
  },
  'cancelled-before': {
    server: { status: 'REBOOT' },
    meanwhile: async ({ handle }) => {
      await sleep(1_500);
      await handle.cancel();
    },
  },
  'cancelled-polling': {
    server: { jobSeconds: 3 },
    meanwhile: async ({ handle, posted }) => {
      await posted();
      await handle.cancel();
    },
  },
  'poll-now': {
    request: { timing: { ...TIMING, firstPoll: '30 minutes' } },
    meanwhile: async ({ handle, posted }) => {
      await posted();
      await sleep(2_000);
      await handle.signal('pollNow');
    },
  },
  updates: {
    server: { jobSeconds: 2 },
    meanwhile: async ({ handle, input, client, stack }) => {
      const startWorkflowOperation = new WithStartWorkflowOperation('deleteServerNics', {
        taskQueue: stack.taskQueue,
        workflowId: handle.workflowId,
        args: [input],
        workflowIdConflictPolicy: 'USE_EXISTING',
      });
      const other = { ...input, nics: 'all' };
      await client.workflow.executeUpdateWithStart('submitted', { startWorkflowOperation, args: [input] });
      await handle.executeUpdate('submitted', { args: [other] }).catch(() => undefined);
      await handle.executeUpdate('settled', { args: [input] });
    },
  },
  'worker-killed': {
    server: { jobSeconds: 3 },
    meanwhile: async ({ stack, posted }) => {
      await posted();
      await stack.worker.kill();
      stack.worker.start();
    },
  },
  // The threshold of the recording server makes several runs of it, which go on in the middle of the polling.
  chain: {
    server: { jobSeconds: 30 },
    request: { timing: { ...TIMING, firstPoll: 200, pollInterval: 200 } },
  },
  'port-kept': { request: { keepPort: true } },
  'committed-at-once': { request: { onFailure: 'restore' } },
  'window-closed': { request: { undoWindow: '3s' } },
  'window-open': { request: { undoWindow: '1 day' }, open: true, meanwhile: inWindow },
  'window-cancelled': {
    request: { undoWindow: '1 day' },
    meanwhile: async (run) => {
      await inWindow(run);
      await run.handle.cancel();
    },
  },
  undone: {
    request: { undoWindow: '1 day' },
    meanwhile: async (run) => {
      await inWindow(run);
      await run.handle.executeUpdate('undo', { args: [WHO] });
    },
  },
  'undone-while-polling': {
    server: { jobSeconds: 3 },
    request: { keepPort: true },
    meanwhile: async ({ handle, posted }) => {
      await posted();
      await handle.executeUpdate('undo', { args: [WHO] });
    },
  },
  'committed-by-hand': {
    request: { undoWindow: '1 day' },
    meanwhile: async (run) => {
      await inWindow(run);
      await run.handle.executeUpdate('commit', { args: [WHO] });
    },
  },
  'rolled-back': {
    faults: [onDelete({ kind: 'partial-failure', nics: [0] })],
    request: { onFailure: 'restore' },
  },
  'rolled-back-after-lost-answers': {
    faults: [
      onDelete({ kind: 'partial-failure', nics: [0] }),
      { match: { class: 'attach' }, what: { kind: 'drop' }, times: 1 },
    ],
    request: { onFailure: 'restore' },
  },
  'cancelled-and-restored': {
    server: { jobSeconds: 3 },
    request: { onCancel: 'restore' },
    meanwhile: async ({ handle, posted }) => {
      await posted();
      await handle.cancel();
    },
  },
  'flag-refused': {
    faults: [
      {
        match: { class: 'flag' },
        what: { ...REFUSED, body: { error: { code: 'Pdp.0001', message: 'no' } } },
        after: 1,
        times: 1,
      },
    ],
    request: { keepPort: true },
  },
  // Between the reading that proves the flags and the attempt that sends the deletion.
  'flag-changed-meanwhile': {
    faults: [
      {
        match: { class: 'list' },
        what: { kind: 'meanwhile', ports: [{ nic: 1, deleteOnTermination: true }] },
        after: 1,
        times: 1,
      },
    ],
    request: { keepPort: true },
  },
  'taken-off-meanwhile': {
    faults: [onDelete({ kind: 'meanwhile', detach: [1] }), onDelete({ kind: 'busy' })],
    request: { undoWindow: '3s' },
  },
  'kept-port-changed': {
    request: { undoWindow: '3s' },
    meanwhile: async (run) => {
      await inWindow(run);
      const [first, second] = await run.handle
        .query<ResultDocument>('status')
        .then(({ nics }) => nics.map(({ id }) => id));
      await run.stack.simulator.control('PATCH', `/_sim/ports/${first}`, { name: 'theirs' });
      await run.stack.simulator.post(`/_sim/ports/${second}/attach-elsewhere`);
    },
  },
  'put-back-by-hand': {
    faults: [onDelete({ kind: 'meanwhile', afterMs: 4_000, putBack: [1] })],
    request: { undoWindow: '6s' },
  },
  // The worker is replaced by one of another region, and that one by the right one.
  'another-place': {
    server: { jobSeconds: 3 },
    meanwhile: async ({ stack, handle, posted }) => {
      await posted();
      await replaceWorker(stack, { HUAWEICLOUD_SDK_REGION_ID: 'elsewhere-1' });
      while (!((await handle.query<ResultDocument>('status')).waitingFor ?? '').includes('elsewhere-1'))
        await sleep(200);
      await replaceWorker(stack, {});
      await handle.signal('pollNow');
    },
  },
  restored: { request: { keepPort: true }, meanwhile: restoreAfterwards },
  recreated: { meanwhile: restoreAfterwards },
  released: { request: { keepPort: true }, meanwhile: releaseAfterwards },
  'predecessor-terminated': {
    server: { jobSeconds: 5 },
    meanwhile: async ({ client, handle, stack, input, posted }) => {
      await posted();
      await sleep(1_000);
      await handle.terminate('by hand');
      await sleep(1_000);
      const { taskQueue } = stack;
      await client.workflow.start('deleteServerNics', {
        taskQueue,
        workflowId: handle.workflowId,
        args: [input],
      });
    },
  },
};

async function replaceWorker(
  { worker, temporal, taskQueue }: Stack,
  env: Record<string, string>,
): Promise<void> {
  await worker.terminate();
  worker.start(env);
  await worker.ready(temporal, taskQueue);
}

/** Resolves when the run is in this phase. */
async function inPhase(handle: WorkflowHandle, phase: string): Promise<void> {
  while ((await handle.query<{ phase: string }>('status')).phase !== phase) await sleep(200);
}

async function inWindow({ handle }: Recorded): Promise<void> {
  await inPhase(handle, 'undo-window');
}

/** Starts the run of a shape and plays its part until it is over. */
export async function play(shape: Shape, stack: Stack, client: Client): Promise<string> {
  const { simulator, taskQueue } = stack;
  await simulator.control('DELETE', '/_sim/faults');
  const settings = { name: 'web-01', nics: 4, jobSeconds: 1, ...shape.server };
  const server = await simulator.post<SimServer>('/_sim/servers', settings);
  for (const fault of shape.faults ?? []) {
    await simulator.post('/_sim/faults', { ...fault, match: { ...fault.match, serverId: server.id } });
  }
  const nics = server.nics.filter((nic) => !nic.primary).slice(0, 2);
  const input = {
    serverId: server.id,
    nics: nics.map(({ id }) => ({ id })),
    timing: TIMING,
    ...shape.request,
  } as DeleteServerNicsInput;
  const workflowId = `nics/${server.id}`;
  await client.workflow.start('deleteServerNics', { taskQueue, workflowId, args: [input] });
  const handle = client.workflow.getHandle(workflowId);
  const posted = async () => {
    const sent = async () =>
      (await simulator.get<Ledger>(`/_sim/ledger?serverId=${server.id}`)).requests.some(
        (request) => request.class === 'delete',
      );
    while (!(await sent())) await sleep(100);
  };
  await shape.meanwhile?.({ stack, client, handle, serverId: server.id, input, posted });
  if (shape.open === true) return workflowId;
  // How it ends is its shape: no end is a failure here.
  await client.workflow
    .getHandle(workflowId)
    .result()
    .catch(() => undefined);
  return workflowId;
}
