/**
 * Every way in which a run can end, through the real starter: what it prints, and its exit code. The tables are complete by
 * type and by value: a new outcome, or a new failure type, has to come here.
 */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NicOutcome, ResultDocument, RunOutcome } from '../../src/contract';
import { FAILURE_TYPE } from '../../src/contract';
import type { Stack } from '../../dev/stack';
import { startStack } from '../support/watched-stack';
import { createServer, TIMING, untilPosted } from '../support/e2e';
import { expectTruth } from '../support/truth';

type Answer = Partial<ResultDocument> & {
  failure?: { type: string; message: string };
  error?: { type: string; message: string };
};
interface End {
  code: number | null;
  answer: Answer;
}
interface Scene {
  exit: number;
  /** Failure type of the run. */
  type?: string;
  /** What becomes of the NICs. */
  nics: NicOutcome[];
  play: () => Promise<End>;
}

let stack: Stack;
let connection: Connection;
let client: Client;
beforeAll(async () => {
  stack = await startStack({ label: 'outcomes', workerEnv: { ECS_NICS_CLOUD_RPS: '50' } });
  connection = await Connection.connect({ address: stack.temporal.address });
  client = new Client({ connection, namespace: stack.temporal.namespace });
});
afterAll(async () => {
  await connection?.close();
  await stack?.close();
});

async function starter(args: string[]): Promise<End> {
  const { code, stdout } = await stack.starter([...args, '--json']);
  return { code, answer: JSON.parse(stdout) as Answer };
}

const deletion = (id: string, nics: string[], more: string[] = []) => [
  ...['delete', id, ...nics.flatMap((nic) => ['--nic', nic]), '--yes'],
  ...['--timing', JSON.stringify(TIMING), ...more],
];

function fault(serverId: string, kind: string, what: object): Promise<unknown> {
  return stack.simulator.post('/_sim/faults', { match: { class: kind, serverId }, what });
}

/** A server, what happens to its deletion, and the starter that asks for two of its NICs. */
async function deleting(settings: object, what: object | null, more: string[] = []): Promise<End> {
  const { id, nics } = await createServer(stack.simulator, { ...settings });
  if (what !== null) await fault(id, 'delete', what);
  return starter(deletion(id, nics.slice(0, 2), more));
}

const kept = { deleteOnTermination: false };

const who = ['--by', 'ops', '--reason', 'T-9'];
const again = ['--timing', JSON.stringify(TIMING)];

/** A deletion, what happens afterwards, and the command that takes it back. */
async function takenBack(
  command: 'undo' | 'restore',
  more: string[],
  meanwhile: (nics: string[]) => Promise<unknown> = async () => undefined,
): Promise<End> {
  const { id, nics } = await createServer(stack.simulator);
  const targets = nics.slice(-2);
  expect((await starter(deletion(id, targets, more))).code).toBe(0);
  await meanwhile(targets);
  return starter([command, id, ...who, ...(command === 'restore' ? again : [])]);
}

const OUTCOMES: Record<RunOutcome, Scene> = {
  running: {
    exit: 0,
    nics: ['unknown'],
    play: async () => {
      const { id, nics } = await createServer(stack.simulator, { jobSeconds: 4 });
      await starter(deletion(id, nics.slice(0, 1), ['--no-wait']));
      await untilPosted(stack.simulator, id);
      return starter(['status', id]);
    },
  },
  deleted: { exit: 0, nics: ['deleted', 'deleted'], play: () => deleting({}, null) },
  detached: {
    exit: 0,
    nics: ['detached', 'detached'],
    play: () => deleting({ nics: [{ primary: true }, kept, kept] }, null),
  },
  'nothing-to-do': {
    exit: 0,
    nics: ['already-absent'],
    play: async () => {
      const { id, nics } = await createServer(stack.simulator);
      await stack.simulator.control('DELETE', `/_sim/servers/${id}/nics/${nics[0]}`);
      return starter(deletion(id, nics.slice(0, 1)));
    },
  },
  planned: { exit: 0, nics: ['untouched', 'untouched'], play: () => deleting({}, null, ['--dry-run']) },
  undone: {
    exit: 0,
    nics: ['restored', 'restored'],
    play: () => takenBack('undo', ['--undo-window', '1 hour']),
  },
  restored: {
    exit: 0,
    nics: ['restored', 'restored'],
    play: () => takenBack('restore', ['--keep-port']),
  },
  recreated: { exit: 0, nics: ['recreated', 'recreated'], play: () => takenBack('restore', []) },
  'invalid-input': {
    exit: 2,
    type: FAILURE_TYPE.invalidInput,
    nics: ['untouched'],
    // The starter refuses such an input itself: somebody else has started it.
    play: async () => {
      const { id, nics } = await createServer(stack.simulator);
      const input = { serverId: id, nics: [{ id: nics[0] }], dryrun: true };
      const workflowId = `nics/${id}`;
      await client.workflow.start('deleteServerNics', {
        ...{ workflowId, taskQueue: stack.taskQueue, args: [input] },
      });
      return starter(['watch', id]);
    },
  },
  refused: {
    exit: 4,
    type: FAILURE_TYPE.refused,
    nics: ['untouched', 'untouched'],
    play: () => deleting({ locked: true }, null),
  },
  'cloud-refused': {
    exit: 4,
    type: FAILURE_TYPE.cloudRefused,
    nics: ['untouched', 'untouched'],
    play: () => {
      const body = { error: { code: 'Ecs.0003', message: 'no such right' } };
      return deleting({}, { kind: 'answer', status: 403, body });
    },
  },
  'not-deleted': {
    exit: 3,
    type: FAILURE_TYPE.notDeleted,
    nics: ['deleted', 'still-attached'],
    play: () => deleting({}, { kind: 'partial-failure', nics: [1] }),
  },
  'rolled-back': {
    exit: 5,
    type: FAILURE_TYPE.rolledBack,
    nics: ['restored', 'still-attached'],
    play: () => deleting({}, { kind: 'partial-failure', nics: [1] }, ['--on-failure', 'restore']),
  },
  'restore-incomplete': {
    exit: 6,
    type: FAILURE_TYPE.restoreIncomplete,
    nics: ['detached', 'restored'],
    play: () =>
      takenBack('undo', ['--undo-window', '1 hour'], ([first]) =>
        stack.simulator.post(`/_sim/ports/${first}/attach-elsewhere`),
      ),
  },
  'outcome-unknown': {
    exit: 6,
    type: FAILURE_TYPE.outcomeUnknown,
    nics: ['unknown', 'unknown'],
    play: () => deleting({}, { kind: 'job-stuck' }, ['--deadline', '4s']),
  },
  cancelled: {
    exit: 7,
    nics: ['deleted'],
    play: () => cancelling({ jobSeconds: 40 }, null, []),
  },
};

async function cancelling(settings: object, what: object | null, more: string[]): Promise<End> {
  const { id, nics } = await createServer(stack.simulator, { ...settings });
  if (what !== null) await fault(id, 'delete', what);
  const waiting = starter(deletion(id, nics.slice(0, 1), more));
  await untilPosted(stack.simulator, id);
  expect((await starter(['cancel', id])).code).toBe(0);
  return waiting;
}

const scenes = Object.entries(OUTCOMES) as [RunOutcome, Scene][];

describe('the outcome', { timeout: 240_000 }, () => {
  it.concurrent.each(scenes)('%s', async (outcome, { exit, type, nics, play }) => {
    const { code, answer } = await play();
    expect([code, answer.outcome, answer.failure?.type]).toEqual([exit, outcome, type]);
    expect(answer.nics?.map((nic) => nic.outcome)).toEqual(nics);
    if (outcome !== 'running' && !nics.includes('unknown')) await expectTruth(stack.simulator, answer);
  });

  it.concurrent('cancelled, with a NIC of unknown fate: 6', async () => {
    const { code, answer } = await cancelling({}, { kind: 'job-stuck' }, ['--deadline', '40s']);
    expect([code, answer.outcome, answer.nics?.[0]?.outcome]).toEqual([6, 'cancelled', 'unknown']);
  });

  it.concurrent('none, for a run that was terminated: 6', async () => {
    const { id, nics } = await createServer(stack.simulator, { jobSeconds: 5 });
    const waiting = starter(deletion(id, nics.slice(0, 1)));
    await untilPosted(stack.simulator, id);
    await client.workflow.getHandle(`nics/${id}`).terminate('test');
    const { code, answer } = await waiting;
    expect([code, answer.failure?.type]).toEqual([6, 'Terminated']);
  });

  it.concurrent('of somebody else’s run is not ours: DifferentRequest, 4', async () => {
    const { id, nics } = await createServer(stack.simulator, { jobSeconds: 4 });
    await starter(deletion(id, nics.slice(0, 1), ['--no-wait']));
    const { code, answer } = await starter(deletion(id, nics.slice(1, 2)));
    expect([code, answer.error?.type]).toEqual([4, 'DifferentRequest']);
  });
});

describe('these tables', () => {
  it('have every failure type', () => {
    const types = scenes.flatMap(([, { type }]) => type ?? []);
    expect(types.sort()).toEqual(Object.values(FAILURE_TYPE).sort());
  });

  it('have every outcome of a NIC', () => {
    const wanted: Record<NicOutcome, true> = {
      deleted: true,
      detached: true,
      'already-absent': true,
      'still-attached': true,
      restored: true,
      recreated: true,
      untouched: true,
      unknown: true,
    };
    const met = new Set(scenes.flatMap(([, { nics }]) => nics));
    expect([...met].sort()).toEqual(Object.keys(wanted).sort());
  });
});
