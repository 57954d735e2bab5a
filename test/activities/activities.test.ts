/** The activities over real HTTP, really signed, against the simulated cloud; its ledger says what was sent. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Namespace } from '../../src/activities/support/dependencies';
import type { CloudActivities } from '../../src/activities/agreement';
import { createSimulator, DEFAULTS } from '../../simulator';
import { activitiesOf, withoutLearned, NONE_BEFORE } from './support';

const simulator = createSimulator();
const RUN = { workflowId: 'nics/x', runId: 'run-1' };
let activities: CloudActivities;
let url: string;

function activitiesAt(
  origin: string,
  sk: string = DEFAULTS.sk,
  previousOpenRun: Namespace['previousOpenRun'] = NONE_BEFORE,
): CloudActivities {
  const searchAttributes = async () => ['EcsServerId'];
  return activitiesOf(simulator, origin, { searchAttributes, previousOpenRun }, { sk });
}

function call<K extends keyof CloudActivities>(
  name: K,
  input: Parameters<CloudActivities[K]>[0],
  info: object = {},
  of = activities,
): ReturnType<CloudActivities[K]> {
  const environment = new MockActivityEnvironment(
    {
      workflowExecution: RUN,
      startToCloseTimeoutMs: 60_000,
      currentAttemptScheduledTimestampMs: Date.now(),
      ...info,
    },
    { logger: new DefaultLogger('ERROR') },
  );
  const work = of[name] as (input: unknown) => Promise<object>;
  const answer = environment.run<[unknown], object, typeof work>(work, input);
  return answer.then(withoutLearned) as ReturnType<CloudActivities[K]>;
}

beforeAll(async () => {
  url = await simulator.listen({ port: 0 });
  activities = activitiesAt(url);
});
afterAll(() => simulator.close());

function createServer(settings: object = {}) {
  const server = simulator.control.createServer({ nics: 3, ...settings });
  return { id: server.id, nics: server.nics.map((nic) => nic.id) };
}

const posts = (serverId: string) =>
  simulator.ledger.forServer(serverId).requests.filter((entry) => entry.requestClass === 'delete').length;

describe('inspectServer', () => {
  it('reads server, NICs, every port, and where absent NICs are', async () => {
    const server = createServer();
    const free = simulator.control.createPort({});
    const gone = '6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e01';
    const result = await call('inspectServer', {
      serverId: server.id,
      nicIds: [server.nics[1]!, free.id, gone],
      previousRunOf: null,
    });
    if (result.kind !== 'inspection') throw new Error(result.kind);
    expect(result.server?.status).toBe('ACTIVE');
    expect(result.nics.map((nic) => nic.id)).toEqual(server.nics);
    expect(result.primary.detail).toEqual([server.nics[0]]);
    expect(result.nics[1]?.snapshot).toMatchObject({ deleteOnTermination: true, position: 1 });
    expect(result.nics[1]?.snapshot.securityGroups).toHaveLength(1);
    expect(result.absent).toEqual([
      { id: free.id, port: { state: 'free' } },
      { id: gone, port: { state: 'absent' } },
    ]);
  });
  it('carries what is known of the run before, or why nothing is', async () => {
    const { id: serverId } = createServer();
    const run = { runId: 'r', nics: [], since: '', jobId: null };
    const asked: object[] = [];
    for (const answer of [
      { run, notLooked: null },
      { run: null, notLooked: 'forbidden' },
    ]) {
      const of = activitiesAt(url, DEFAULTS.sk, async (previousRunOf) => {
        asked.push(previousRunOf);
        return answer;
      });
      const previousRunOf = { workflowId: 'nics/x', runId: 'own' };
      const input = { serverId, nicIds: [], previousRunOf };
      expect(await call('inspectServer', input, {}, of)).toMatchObject({
        previous: answer.run,
        previousNotLooked: answer.notLooked,
      });
    }
    const input = { serverId, nicIds: [], previousRunOf: null };
    expect(await call('inspectServer', input)).toMatchObject({ previous: null, previousNotLooked: null });
    expect(asked).toEqual([
      { workflowId: 'nics/x', runId: 'own' },
      { workflowId: 'nics/x', runId: 'own' },
    ]);
  });
  it('says so when there is no server', async () => {
    const serverId = '3f0b6f0e-2a53-4d59-9d1b-0a2a7e5f1c11';
    expect(await call('inspectServer', { serverId, nicIds: [], previousRunOf: null })).toMatchObject({
      server: null,
    });
  });
  it('a wrong key is CredentialsRefused, never to be retried, and shows no secret', async () => {
    const server = createServer();
    const wrong = activitiesAt(url, 'a-wrong-secret');
    const error: unknown = await call(
      'inspectServer',
      { serverId: server.id, nicIds: [], previousRunOf: null },
      {},
      wrong,
    ).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ type: 'CredentialsRefused', nonRetryable: true });
    expect(String(error)).not.toContain('a-wrong-secret');
  });
});

describe('deleteNics', () => {
  const submit = (
    server: { id: string; nics: string[] },
    info: object = {},
    originalRunId = RUN.runId,
    of = activities,
  ) => call('deleteNics', { serverId: server.id, nicIds: server.nics.slice(1), originalRunId }, info, of);

  it('accepted, with the job id and the two numbers of the polls; then busy', async () => {
    const server = createServer();
    expect(await submit(server)).toMatchObject({
      kind: 'accepted',
      firstPollMs: 10_000,
      pollIntervalMs: 10_000,
    });
    expect(await submit(server)).toMatchObject({ kind: 'refused', next: 'busy', code: 'Ecs.0603' });
  });
  it.each<[string, object, object]>([
    ['lost before acceptance', { kind: 'drop' }, { kind: 'unknown' }],
    ['lost after acceptance', { kind: 'drop', accepted: true }, { kind: 'unknown' }],
    ['204 without a body', { kind: 'no-job-id', status: 204 }, { kind: 'unknown' }],
    ['502', { kind: 'status', status: 502 }, { kind: 'unknown' }],
    ['429', { kind: 'throttled', retryAfter: 7 }, { kind: 'throttled', retryAfterMs: 7_000, look: false }],
    ['202 with an error', { kind: 'throttled', as: '202' }, { kind: 'throttled', look: true }],
  ])('%s', async (_name, what, expected) => {
    const server = createServer();
    simulator.control.addFault({ match: { class: 'delete', serverId: server.id }, what, times: 1 } as never);
    expect(await submit(server)).toMatchObject(expected);
    expect(posts(server.id)).toBe(1);
  });
  it('a locked server is a final no', async () => {
    expect(await submit(createServer({ locked: true }))).toMatchObject({
      kind: 'refused',
      next: 'never',
      code: 'Ecs.0605',
    });
  });
  it('a reset run and a late attempt send nothing', async () => {
    const server = createServer();
    expect(await submit(server, {}, 'another-run')).toEqual({ kind: 'unsent', why: 'reset' });
    const late = { currentAttemptScheduledTimestampMs: Date.now() - 45_000 };
    expect(await submit(server, late)).toEqual({ kind: 'unsent', why: 'late' });
    expect(posts(server.id)).toBe(0);
  });
  it('without a connection nothing was sent, for certain', async () => {
    const nowhere = activitiesAt('http://127.0.0.1:1');
    expect(await submit(createServer(), {}, RUN.runId, nowhere)).toEqual({
      kind: 'unsent',
      why: 'unreachable',
    });
  });
});

describe('getJobStatus and listNics', () => {
  it('a job from its acceptance to its end, and one that nobody knows', async () => {
    const server = createServer({ jobSeconds: 0 });
    const answer = await call('deleteNics', {
      serverId: server.id,
      nicIds: server.nics.slice(1),
      originalRunId: RUN.runId,
    });
    if (answer.kind !== 'accepted') throw new Error(answer.kind);
    const job = await call('getJobStatus', { jobId: answer.jobId });
    expect(job).toMatchObject({ kind: 'job', status: 'SUCCESS' });
    expect(job.kind === 'job' && job.subJobs.map((sub) => sub.nicId).sort()).toEqual(
      server.nics.slice(1).sort(),
    );
    expect(await call('getJobStatus', { jobId: 'ff80808200000000000000000000000a' })).toMatchObject({
      kind: 'gone',
    });

    const reading = await call('listNics', { serverId: server.id, ports: server.nics, server: true });
    expect(reading).toMatchObject({ kind: 'reading', serverExists: true, listed: [server.nics[0]] });
    expect(reading.kind === 'reading' && reading.ports[server.nics[1]!]).toEqual({ state: 'absent' });
  });
  it('a port that cannot be read is a witness that says nothing', async () => {
    const server = createServer();
    simulator.control.addFault({
      match: { class: 'port' },
      what: { kind: 'status', status: 500 },
      times: 1,
    } as never);
    const reading = await call('listNics', { serverId: server.id, ports: [server.nics[1]!], server: false });
    expect(reading.kind === 'reading' && reading.ports[server.nics[1]!]?.state).toBe('unknown');
  });
  it('a server that is gone is told by its detail, not by its list', async () => {
    const server = createServer();
    simulator.control.deleteServer(server.id);
    const reading = await call('listNics', { serverId: server.id, ports: [], server: false });
    expect(reading).toMatchObject({ kind: 'reading', serverExists: false, listed: [] });
  });
  it('a firewall’s page is a failed call, not a refusal', async () => {
    const server = createServer();
    const what = { kind: 'answer', status: 403, headers: { server: 'CloudWAF' }, body: '<html>no</html>' };
    simulator.control.addFault({ match: { class: 'list', serverId: server.id }, what, times: 1 } as never);
    await expect(call('listNics', { serverId: server.id, ports: [], server: false })).rejects.toMatchObject({
      type: 'CloudUnavailable',
      nonRetryable: false,
    });
  });
});
