/** A real Temporal server, the real worker process, the real starter, and the simulated cloud's ledger as the judge. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ResultDocument } from '../../src/contract';
import type { Stack } from '../../dev/stack';
import { startStack } from '../support/watched-stack';
import type { ServerView } from '../support/e2e';
import { createServer, posts, TIMING, untilPosted } from '../support/e2e';
import { expectTruth } from '../support/truth';

type Answer = Partial<ResultDocument> & {
  workflowId: string;
  runId: string;
  url: string;
  failure?: { type: string; message: string };
};

const timing = () => JSON.stringify(TIMING);

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ label: 'test', workerEnv: { ECS_NICS_CLOUD_RPS: '50' } });
});
afterAll(async () => {
  await stack?.close();
});
afterEach(async () => {
  await stack.simulator.control('DELETE', '/_sim/faults');
});

function fault(
  serverId: string,
  kind: string,
  what: Record<string, unknown>,
  times?: number,
): Promise<unknown> {
  return stack.simulator.post('/_sim/faults', {
    match: { class: kind, serverId },
    what,
    ...(times === undefined ? {} : { times }),
  });
}

const deleteArgs = (serverId: string, nics: string[]) => [
  'delete',
  serverId,
  ...nics.flatMap((id) => ['--nic', id]),
  '--yes',
  '--json',
  '--timing',
  timing(),
];

async function deleteNics(
  serverId: string,
  nics: string[],
  more: string[] = [],
): Promise<{ code: number | null; answer: Answer; stderr: string }> {
  const args = [...deleteArgs(serverId, nics), ...more];
  const { code, stdout, stderr } = await stack.starter(args);
  return { code, answer: JSON.parse(stdout || '{}') as Answer, stderr };
}

const outcomes = (answer: Answer) => answer.nics?.map((nic) => nic.outcome);

describe('deleting NICs of one server', { timeout: 240_000 }, () => {
  it('deletes, verifies and reports; a second run finds nothing to do', async () => {
    const server = await createServer(stack.simulator);
    const { code, answer, stderr } = await deleteNics(server.id, server.nics);
    expect(code, stderr).toBe(0);
    expect(answer.outcome).toBe('deleted');
    expect(answer.phase).toBe('done');
    expect(outcomes(answer)).toEqual(['deleted', 'deleted', 'deleted']);
    expect(answer.nics?.[0]?.evidence).toEqual({
      job: 'SUCCESS',
      subJob: 'SUCCESS',
      list: 'absent',
      port: 'absent',
    });
    expect(answer.nics?.[0]?.snapshot?.securityGroups).toHaveLength(1);
    expect(answer.jobs).toHaveLength(1);
    expect(answer.submissions).toBe(1);
    expect(answer.workflowId).toBe(`nics/${server.id}`);
    await expectTruth(stack.simulator, answer);

    const again = await deleteNics(server.id, server.nics);
    expect(again.code).toBe(0);
    expect(again.answer.outcome).toBe('nothing-to-do');
    expect(outcomes(again.answer)).toEqual(['already-absent', 'already-absent', 'already-absent']);
    expect(await posts(stack.simulator, server.id)).toBe(1);
  });

  it('"all" leaves exactly the primary NIC', async () => {
    const server = await createServer(stack.simulator);
    const { stdout, code } = await stack.starter([
      'delete',
      server.id,
      '--all',
      '--yes',
      '--json',
      '--timing',
      timing(),
    ]);
    expect(code).toBe(0);
    await expectTruth(stack.simulator, JSON.parse(stdout) as Answer);
    const { nics } = await stack.simulator.get<ServerView>(`/_sim/servers/${server.id}`);
    expect(nics.map((nic) => nic.id)).toEqual([server.primary]);
  });

  it('a dry run changes nothing', async () => {
    const server = await createServer(stack.simulator);
    const { code, answer } = await deleteNics(server.id, server.nics, ['--dry-run']);
    expect([code, answer.outcome]).toEqual([0, 'planned']);
    expect(outcomes(answer)).toEqual(['untouched', 'untouched', 'untouched']);
    expect(answer.nics?.map((nic) => nic.restore)).toEqual(['new-mac', 'new-mac', 'new-mac']);
    expect(await posts(stack.simulator, server.id)).toBe(0);
  });

  it('refuses the whole run for one NIC that may not be touched, and names every violation', async () => {
    const server = await createServer(stack.simulator, { locked: true });
    const { code, answer } = await deleteNics(server.id, [server.primary, server.nics[0] ?? '']);
    expect(code).toBe(4);
    expect(answer.outcome).toBe('refused');
    expect(answer.failure?.type).toBe('Refused');
    expect(answer.failure?.message).toMatch(/primary NIC/);
    expect(answer.failure?.message).toMatch(/locked/);
    expect(outcomes(answer)).toEqual(['untouched', 'untouched']);
    expect(await posts(stack.simulator, server.id)).toBe(0);
  });

  it('finds out the truth when the answer to an accepted submission is lost', async () => {
    const server = await createServer(stack.simulator);
    await fault(server.id, 'delete', { kind: 'drop', accepted: true }, 1);
    const { code, answer } = await deleteNics(server.id, server.nics.slice(0, 2));
    expect([code, answer.outcome]).toEqual([0, 'deleted']);
    expect(await posts(stack.simulator, server.id)).toBe(1);
    expect(answer.submissions).toBe(1);
    expect(answer.jobs).toEqual([]);
    await expectTruth(stack.simulator, answer);
  });

  it('sends again what is provably still there', async () => {
    const server = await createServer(stack.simulator);
    await fault(server.id, 'delete', { kind: 'drop', accepted: false }, 1);
    const { code, answer } = await deleteNics(server.id, server.nics.slice(0, 2));
    expect([code, answer.outcome]).toEqual([0, 'deleted']);
    expect(await posts(stack.simulator, server.id)).toBe(2);
    expect(answer.submissions).toBe(2);
    await expectTruth(stack.simulator, answer);
  });

  it.each([
    ['a 502 after acceptance', { kind: 'status', status: 502, accepted: true }],
    ['a 2xx without a job id', { kind: 'no-job-id', status: 200 }],
    ['204 without a body', { kind: 'no-job-id', status: 204 }],
  ])('%s counts as unknown, and is observed', async (_name, what) => {
    const server = await createServer(stack.simulator);
    await fault(server.id, 'delete', what, 1);
    const { code, answer } = await deleteNics(server.id, server.nics.slice(0, 1));
    expect([code, answer.outcome]).toEqual([0, 'deleted']);
    expect(await posts(stack.simulator, server.id)).toBe(1);
    await expectTruth(stack.simulator, answer);
  });

  it.each([
    ['a busy server', { kind: 'busy' }],
    ['throttling by 429', { kind: 'throttled', retryAfter: 1 }],
    ['throttling by 202', { kind: 'throttled', as: '202', retryAfter: 1 }],
  ])('%s is waited for and does not count as a submission', async (_name, what) => {
    const server = await createServer(stack.simulator);
    await fault(server.id, 'delete', what, 1);
    const { code, answer } = await deleteNics(server.id, server.nics.slice(0, 1));
    expect([code, answer.outcome]).toEqual([0, 'deleted']);
    expect(answer.submissions).toBe(1);
    await expectTruth(stack.simulator, answer);
  });

  it('a partial failure ends as NotDeleted with the cloud code of each NIC', async () => {
    const server = await createServer(stack.simulator);
    await fault(server.id, 'delete', { kind: 'partial-failure', nics: [1] }, 1);
    const { code, answer } = await deleteNics(server.id, server.nics.slice(0, 2));
    expect(code).toBe(3);
    expect(answer.failure?.type).toBe('NotDeleted');
    expect(outcomes(answer)).toEqual(['deleted', 'still-attached']);
    expect(answer.nics?.[1]?.errorCode).toBe('Ecs.0507');
    await expectTruth(stack.simulator, answer);
  });

  it.each([
    ['a job that claims success for a NIC that stays', { kind: 'lying-job' }, 3, 'still-attached'],
    ['a job that claims failure for a NIC that goes', { kind: 'false-failure' }, 0, 'deleted'],
    ['a job that is gone', { kind: 'job-gone' }, 0, 'deleted'],
  ])('%s is not believed', async (_name, what, exit, outcome) => {
    const server = await createServer(stack.simulator);
    await fault(server.id, 'delete', what, 1);
    const { code, answer } = await deleteNics(server.id, server.nics.slice(0, 1));
    expect(code).toBe(exit);
    expect(outcomes(answer)).toEqual([outcome]);
    await expectTruth(stack.simulator, answer);
  });

  it('a job that never ends makes the run end as OutcomeUnknown at its deadline', async () => {
    const server = await createServer(stack.simulator);
    await fault(server.id, 'delete', { kind: 'job-stuck' }, 1);
    const { code, answer } = await deleteNics(server.id, server.nics.slice(0, 1), ['--deadline', '6s']);
    expect(code).toBe(6);
    expect(answer.failure?.type).toBe('OutcomeUnknown');
    expect(outcomes(answer)).toEqual(['unknown']);
  });

  it('failing polls do not end the run', async () => {
    const server = await createServer(stack.simulator, { jobSeconds: 3 });
    await fault(server.id, 'delete', { kind: 'delay', ms: 1 });
    await stack.simulator.post('/_sim/faults', {
      match: { class: 'job' },
      what: { kind: 'status', status: 500 },
      times: 4,
    });
    const { code, answer } = await deleteNics(server.id, server.nics.slice(0, 1));
    expect([code, answer.outcome]).toEqual([0, 'deleted']);
    await expectTruth(stack.simulator, answer);
  });

  it('refused credentials end the run at once, before anything is sent', async () => {
    const server = await createServer(stack.simulator);
    await fault(server.id, 'detail', {
      kind: 'answer',
      status: 401,
      body: {
        error_code: 'APIGW.0301',
        error_msg: 'Incorrect IAM authentication information: verify aksk signature fail',
      },
    });
    const { code, answer } = await deleteNics(server.id, server.nics.slice(0, 1));
    expect(code).toBe(4);
    expect(answer.failure?.type).toBe('CloudRefused');
    expect(answer.failure?.message).toMatch(/APIGW\.0301/);
  });

  it('kill -9 while polling changes nothing but the time', async () => {
    const server = await createServer(stack.simulator, { jobSeconds: 6 });
    const starter = stack.startStarter(deleteArgs(server.id, server.nics.slice(0, 1)));
    await untilPosted(stack.simulator, server.id);
    await stack.worker.kill();
    stack.worker.start();
    const { code, stdout, stderr } = await starter.finished;
    expect(code, stderr).toBe(0);
    const answer = JSON.parse(stdout) as Answer;
    expect(answer.outcome).toBe('deleted');
    expect(await posts(stack.simulator, server.id)).toBe(1);
    await expectTruth(stack.simulator, answer);
  });

  it('kill -9 between POST and answer: the truth is found, nothing is sent twice', async () => {
    const server = await createServer(stack.simulator);
    await fault(server.id, 'delete', { kind: 'hang', accepted: true }, 1);
    const starter = stack.startStarter(deleteArgs(server.id, server.nics.slice(0, 1)));
    await untilPosted(stack.simulator, server.id);
    await stack.worker.kill();
    stack.worker.start();
    const { code, stdout, stderr } = await starter.finished;
    expect(code, stderr).toBe(0);
    const answer = JSON.parse(stdout) as Answer;
    expect(answer.outcome).toBe('deleted');
    expect(answer.submissions).toBe(1);
    expect(await posts(stack.simulator, server.id)).toBe(1);
    await expectTruth(stack.simulator, answer);
  });

  it('cancel during the job: observed to the end, then cancelled', async () => {
    const server = await createServer(stack.simulator, { jobSeconds: 4 });
    const starter = stack.startStarter(deleteArgs(server.id, server.nics.slice(0, 1)));
    await untilPosted(stack.simulator, server.id);
    const cancel = await stack.starter(['cancel', server.id]);
    expect(cancel.code, cancel.stderr).toBe(0);
    const { code, stdout } = await starter.finished;
    expect(code).toBe(7);
    const answer = JSON.parse(stdout) as Answer;
    expect(answer.outcome).toBe('cancelled');
    expect(outcomes(answer)).toEqual(['deleted']);
    await expectTruth(stack.simulator, answer);
  });

  it('attaches to an identical open run and refuses a different one', async () => {
    const server = await createServer(stack.simulator, { jobSeconds: 5 });
    const first = stack.startStarter(deleteArgs(server.id, server.nics.slice(0, 1)));
    await untilPosted(stack.simulator, server.id);
    const [same, other] = await Promise.all([
      deleteNics(server.id, server.nics.slice(0, 1)),
      stack.starter(['delete', server.id, '--nic', server.nics[1] ?? '', '--yes', '--json']),
    ]);
    const { stdout } = await first.finished;
    const { runId } = JSON.parse(stdout) as Answer;
    expect([same.code, same.answer.runId]).toEqual([0, runId]);
    expect(other.code).toBe(4);
    expect(other.stderr + other.stdout).toContain(runId);
    expect(await posts(stack.simulator, server.id)).toBe(1);
  });

  it('breaks none of the cloud’s rules in all of this', async () => {
    const { violations } = await stack.simulator.get<{ violations: unknown[] }>('/_sim/invariants');
    expect(violations).toEqual([]);
  });
});
