/** Whole runs whose credentials are refused (docs/contract.md §6.5), on virtual time, with real signatures and tokens. */
import { describe, expect, it } from 'vitest';
import type { ResultDocument } from '../../../src/contract';
import type { CloudActivities } from '../../../src/activities/agreement';
import type { CredentialProvider } from '../../../src/ecs/credentials';
import { accessKeys, guarded, passwordLogin, serverAgency } from '../../../src/ecs/credentials';
import { DEFAULTS } from '../../../simulator';
import { PLACES } from '../../../chaos/judge/rows';
import type { Played } from '../engine/schedule';
import { play } from '../engine/play';
import type { CredentialsOf, World } from '../engine/world';
import { createWorld } from '../engine/world';

const MINUTE = 60_000;

const withKeys =
  (sk: string = DEFAULTS.sk): CredentialsOf =>
  ({ clock }) =>
    guarded(accessKeys({ ak: DEFAULTS.ak, sk }), clock);

const withPassword =
  (password: string = DEFAULTS.password): CredentialsOf =>
  ({ clock, transport, projectId }) => {
    const { domain, user } = DEFAULTS;
    const endpoint = 'http://cloud.test';
    return guarded(
      passwordLogin({ endpoint, projectId, domain, user, password, transport, clock, userAgent: 'test' }),
      clock,
    );
  };

const withAgency: CredentialsOf = ({ clock, transport }) =>
  guarded(serverAgency({ endpoint: 'http://cloud.test', transport, clock }), clock);

type Step = (name: keyof CloudActivities, n: number) => void | Promise<void>;

/** Runs one deletion; `before` is told of each activity, counted by its name from 1, just before it works. */
async function run(
  world: World,
  {
    before = () => {},
    request = {},
    server: settings = {},
  }: { before?: Step; request?: object; server?: object } = {},
) {
  const { simulator, activities, clock, restarted } = world;
  const server = simulator.control.createServer({ nics: 4, jobSeconds: 12, ...settings });
  const nics = server.nics.filter(({ primary }) => !primary).map(({ id }) => ({ id }));
  const counts = new Map<string, number>();
  const watched = Object.fromEntries(
    Object.entries(activities).map(([name, work]) => [
      name,
      async (input: never) => {
        counts.set(name, (counts.get(name) ?? 0) + 1);
        await before(name as keyof CloudActivities, counts.get(name) ?? 0);
        return (work as (input: never) => Promise<unknown>)(input);
      },
    ]),
  ) as unknown as CloudActivities;
  const input = { serverId: server.id, nics, ...request };
  const played = await play(
    { input, serverId: server.id, seed: 1 },
    { clock, activities: watched, restarted },
  );
  const told = played.status as ResultDocument;
  const truth = simulator.control.truth(server.id).nics;
  for (const { id, outcome } of told.nics) {
    const place = truth.find((nic) => nic.id === id)?.state;
    if (outcome !== 'unknown') expect(PLACES[outcome], `${id} was reported as ${outcome}`).toContain(place);
  }
  expect(simulator.control.invariants()).toEqual([]);
  return { played, told, serverId: server.id };
}

const expectAll = ({ nics }: ResultDocument, is: string) =>
  expect(nics.map(({ outcome }) => outcome)).toEqual(Array(3).fill(is));
const refusals = ({ simulator }: World, serverId?: string) =>
  simulator.ledger.requests.filter(
    (entry) => entry.status === 401 && (serverId === undefined || entry.serverId === serverId),
  );
const messageOf = ({ end }: Played) => (end.kind === 'failed' ? `${end.type}: ${end.message}` : end.kind);
const requestsOf = ({ simulator }: World) => simulator.ledger.summary().requests;

/** Waits of a minute at least between all but the first two. */
function expectNoStorm(world: World): void {
  const times = refusals(world).map(({ at }) => at);
  for (let i = 2; i < times.length; i++) {
    expect(times[i]! - times[i - 1]!, `between refusals ${i} and ${i + 1}`).toBeGreaterThanOrEqual(MINUTE);
  }
}

describe('a wrong key', () => {
  it('ends a run at once, after one signed request', async () => {
    const world = createWorld(1, withKeys('wrong'));
    const { played, told } = await run(world);
    expect(messageOf(played)).toMatch(
      /^CloudRefused: nothing was changed: showServer: HTTP 401 APIGW.0301, .*verify aksk signature fail.*Set the right access keys/,
    );
    expectAll(told, 'untouched');
    expect(requestsOf(world)).toEqual({ detail: 1 });
  });

  it('costs twenty runs in a row one signed request together, and is not locked', async () => {
    const world = createWorld(1, withKeys('wrong'));
    for (let i = 0; i < 20; i++) {
      const { played } = await run(world);
      expect(messageOf(played)).toMatch(/^CloudRefused: nothing was changed: showServer: .*APIGW.0301/);
    }
    expect(requestsOf(world)).toEqual({ detail: 1 });
    expect(world.simulator.control.keys()).toMatchObject([{ failures: 1, locks: 0 }]);
  });

  it('that others found out about ends a run whose deletion was next: nothing was sent', async () => {
    let credentials: CredentialProvider | undefined;
    const world = createWorld(1, (given) => (credentials = withKeys()(given)));
    const unknown = { cloudMessage: null, requestId: null };
    const refusal = { code: 'APIGW.0301', meaning: 'wrong', hint: 'Repair it.', ...unknown };
    const refusedElsewhere: Step = async (name) => {
      if (name !== 'deleteNics') return;
      for (let call = 0; call < 2; call++) {
        const request = { method: 'GET', path: '/', headers: { host: 'h' }, body: null };
        const headers = await credentials!.authorize(request, world.clock.now());
        credentials!.settle?.(headers, { refused: refusal });
      }
    };
    const { played, told } = await run(world, { before: refusedElsewhere });
    expect(messageOf(played)).toMatch(
      /^CloudRefused: nothing was changed: deleteNics: not sent \(APIGW.0301\).*Repair it/,
    );
    expectAll(told, 'untouched');
    expect(requestsOf(world)).not.toHaveProperty('delete');
  });

  it('between inspection and deletion ends the run, and after one more try others fail unsent', async () => {
    const world = createWorld(1, withKeys());
    const { played, told } = await run(world, {
      before: (name) => {
        if (name === 'deleteNics') world.simulator.control.putKey({ ak: DEFAULTS.ak, sk: 'new' });
      },
    });
    expect(messageOf(played)).toMatch(/^CloudRefused: nothing was changed: deleteNics: HTTP 401/);
    expect(told.submissions).toBe(0);
    const second = await run(world);
    expect(messageOf(second.played)).toMatch(/^CloudRefused: .*showServer: HTTP 401/);
    const third = await run(world);
    expect(messageOf(third.played)).toMatch(/^CloudRefused: .*showServer: not sent \(APIGW.0301\)/);
    expect(refusals(world)).toHaveLength(2);
  });

  const turnsWrong = (world: World, repairAfterMs: number): Step => {
    let since: number | null = null;
    let repaired = false;
    return (name) => {
      const now = world.clock.now();
      if (since === null && name === 'getJobStatus') {
        since = now;
        world.simulator.control.putKey({ ak: DEFAULTS.ak, sk: 'another' });
      } else if (since !== null && !repaired && now >= since + repairAfterMs) {
        repaired = true;
        world.simulator.control.putKey({ ak: DEFAULTS.ak, sk: DEFAULTS.sk });
      }
    };
  };

  it.each([1.5, 5, 15])(
    'after the submission is waited for: repaired after %d minutes, the verdicts stand',
    async (minutes) => {
      const world = createWorld(1, withKeys());
      const { played, told, serverId } = await run(world, { before: turnsWrong(world, minutes * MINUTE) });
      expect(messageOf(played)).toBe('completed');
      expectAll(told, 'deleted');
      expect(told.submissions).toBe(1);
      expectNoStorm(world);
      expect(refusals(world).length).toBeLessThanOrEqual(2 + minutes + 5);
      expect(world.simulator.ledger.forServer(serverId).jobs).toHaveLength(1);
    },
  );

  it('after the submission that stays wrong makes the outcome unknown at the deadline', async () => {
    const world = createWorld(1, withKeys());
    const { played, told } = await run(world, {
      before: turnsWrong(world, Infinity),
      request: { deadline: '20 minutes' },
    });
    expect(messageOf(played)).toMatch(/^OutcomeUnknown: 3 of 3 NICs unknown/);
    expectAll(told, 'unknown');
    expectNoStorm(world);
    expect(refusals(world).length).toBeLessThanOrEqual(2 + 25);
    expect(played.virtualMs).toBeLessThan(25 * MINUTE);
  });
});

it('a missing permission is no wrong key: what may be read is read, and nothing is withheld', async () => {
  const world = createWorld(1, withKeys());
  world.simulator.control.setKnobs({ deniedActions: ['ecs:cloudServers:showJob'] });
  const { told } = await run(world);
  expectAll(told, 'deleted');
  expect(refusals(world)).toEqual([]);
  world.simulator.control.setKnobs({ deniedActions: ['ecs:cloudServers:showServer'] });
  for (let i = 0; i < 3; i++) {
    const { played } = await run(world);
    expect(messageOf(played)).toMatch(/^CloudRefused: .*HTTP 403 Pdp.0001.*ecs:cloudServers:showServer/);
  }
});

it('a clock that is off is what the run says', async () => {
  const world = createWorld(1, withKeys());
  world.simulator.control.setKnobs({ clockSkewSeconds: 25 * 60 });
  const { played } = await run(world);
  expect(messageOf(played)).toMatch(
    /^CloudRefused: .*APIGW.0303, the worker’s clock is 25 minutes behind the cloud’s.*\(NTP\)/,
  );
});

describe('a password login', () => {
  it('serves runs with one token, renews a revoked one once, and repeats the call', async () => {
    const world = createWorld(1, withPassword());
    await run(world);
    const revoke: Step = (name, n) => {
      if ((name === 'deleteNics' || name === 'listNics') && n === 1) world.simulator.control.revokeToken();
    };
    const { told } = await run(world, { before: revoke });
    expectAll(told, 'deleted');
    expect(told.submissions).toBe(1);
    expect(requestsOf(world)['iam']).toBe(3);
    expect(refusals(world).map(({ requestClass }) => requestClass)).toEqual(['delete', 'list']);
  });

  it('that IAM cannot give now is no refusal: the deletion is sent later, once', async () => {
    const world = createWorld(1, withPassword());
    const { told } = await run(world, {
      before: (name, n) => {
        if (name !== 'deleteNics' || n > 1) return;
        world.simulator.control.revokeToken();
        const what = { kind: 'status', status: 503 } as const;
        world.simulator.control.addFault({ match: { class: 'iam' }, what, times: 3 });
      },
    });
    expect(told).toMatchObject({ outcome: 'deleted', submissions: 1 });
    expect(requestsOf(world)).toMatchObject({ iam: 5, delete: 2 });
  });

  it('with a wrong password ends runs at once, after one login for all of them', async () => {
    const world = createWorld(1, withPassword('wrong'));
    for (let i = 0; i < 5; i++) {
      const { played } = await run(world);
      expect(messageOf(played)).toMatch(
        /^CloudRefused: nothing was changed: showServer: not sent, IAM refused the worker’s login \(HTTP 401\).*HW_USER_PASSWORD/,
      );
    }
    expect(requestsOf(world)).toEqual({ iam: 1 });
    expect(world.simulator.control.users()).toMatchObject([{ failures: 1, locked: false }]);
  });

  it('that is refused in the midst of a run waits, without locking the user out', async () => {
    const world = createWorld(1, withPassword());
    const user = { domain: DEFAULTS.domain, name: DEFAULTS.user };
    let since = 0;
    const { told } = await run(world, {
      request: { deadline: '40 minutes' },
      before: (name, n) => {
        if (name === 'getJobStatus' && n === 1) {
          since = world.clock.now();
          world.simulator.control.putUser({ ...user, password: 'changed' });
        } else if (since > 0 && world.clock.now() > since + 3 * MINUTE) {
          world.simulator.control.putUser({ ...user, password: DEFAULTS.password });
          since = 0;
        }
      },
    });
    expectAll(told, 'deleted');
    // The first, the refused one, and the one five minutes later.
    expect(requestsOf(world)['iam']).toBe(3);
  });
});

describe('the agency of the server', () => {
  it('serves a run that is longer than the life of its keys, without one refusal', async () => {
    const world = createWorld(1, withAgency);
    world.simulator.control.setKnobs({ agencyKeySeconds: 2 * 3_600, agencyKeyMarginSeconds: 3_600 });
    const long = { request: { deadline: '8 hours' }, server: { jobSeconds: 6 * 3_600 } };
    const { told } = await run(world, long);
    expectAll(told, 'deleted');
    expect(refusals(world)).toEqual([]);
    expect(world.simulator.control.keys().filter(({ temporary }) => temporary).length).toBeGreaterThanOrEqual(
      4,
    );
  });

  it('that there is none is what a run says', async () => {
    const world = createWorld(1, withAgency);
    world.simulator.control.setKnobs({ agency: false });
    const { played } = await run(world);
    expect(messageOf(played)).toMatch(
      /^CloudRefused: .*not sent, the server has no agency.*HUAWEICLOUD_SDK_AK/,
    );
    expect(requestsOf(world)).toEqual({ metadata: 2 });
  });
});
