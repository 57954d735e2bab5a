/** What counts as an answer: presence always, absence only in a whole one; and what happens where sets are not answered. */
import { describe, expect, it } from 'vitest';
import { answered, detail, port, Stage, unanswered } from './support';
import { callError } from '../../../src/ecs/errors';
import { failure } from '../support';

/** Ports of a server whose primary NIC is `p`. */
function stageOf(...existing: string[]): Stage {
  const stage = new Stage();
  for (const id of existing) stage.ports.set(id, port(id));
  return stage;
}
const portsOf = async (stage: Stage, wanted: string[], known = ['p']) =>
  Object.fromEntries(await stage.sets.ports({ wanted, known }, {}));

describe('ports', () => {
  it('are one call; a missing one is absent where the known one is there, in the middle', async () => {
    const stage = stageOf('p', 'n1');
    expect(await portsOf(stage, ['n1', 'n2', 'n3'])).toEqual({ n1: port('n1'), n2: null, n3: null });
    expect(stage.told).toEqual(['listPorts n1 n2 p n3']);
    expect(stage.fallbacks).toBe(0);
  });

  it.each([
    ['first', (ids: readonly string[]) => ids.slice(0, 1)],
    ['last', (ids: readonly string[]) => ids.slice(-1)],
  ])('where only the %s of several ids is honoured, nothing is absent', async (_, honours) => {
    for (const count of [2, 3, 11]) {
      const nics = Array.from({ length: count }, (__, n) => `n${n + 1}`);
      const stage = stageOf('p', ...nics);
      stage.honours = honours;
      const found = await portsOf(stage, nics);
      expect(Object.values(found)).not.toContain(null);
      expect(Object.keys(found)).toHaveLength(1);
      expect(stage.fallbacks).toBe(1);
    }
  });

  it('a single one goes alone: beside it the known one would come first or last', async () => {
    const stage = stageOf('p');
    expect(await portsOf(stage, ['n1'])).toEqual({});
    expect(stage.told).toEqual([]);
  });

  it('a single one among the known ones of others is not absent either', async () => {
    const stage = stageOf('p', 'q', 'x');
    const other = stage.sets.ports({ wanted: ['x', 'q'], known: ['x', 'q'] }, {});
    const mine = portsOf(stage, ['n1']);
    await other;
    expect(await mine).toEqual({});
    expect(stage.fallbacks).toBe(0);
  });

  it('without a known one nothing is absent', async () => {
    const stage = stageOf('n1');
    expect(await portsOf(stage, ['n1', 'n2', 'n3'], [])).toEqual({ n1: port('n1') });
  });

  it('a known one that was deleted meanwhile costs a call of its own, and the other servers nothing', async () => {
    const stage = stageOf('p', 'n1', 'n2');
    const gone = stage.sets.ports({ wanted: ['g1', 'g2'], known: ['gone'] }, {});
    const mine = portsOf(stage, ['n1', 'n2', 'n3']);
    expect(Object.fromEntries(await gone)).toEqual({ g1: null, g2: null });
    expect(await mine).toEqual({ n1: port('n1'), n2: port('n2'), n3: null });
    expect(stage.told).toEqual(['listPorts g1 g2 n1 gone p n2 n3', 'showPort gone']);
    expect(stage.fallbacks).toBe(0);
  });

  it.each([
    ['first', (ids: readonly string[]) => ids.slice(0, 1)],
    ['last', (ids: readonly string[]) => ids.slice(-1)],
  ])('whose only known one is gone prove nothing, where only the %s id is honoured', async (_, honours) => {
    const stage = stageOf('n1', 'n2', 'n3');
    stage.honours = honours;
    const found = await portsOf(stage, ['n1', 'n2', 'n3']);
    expect(Object.values(found)).not.toContain(null);
  });

  it('nothing is asked for where nothing is wanted', async () => {
    const stage = stageOf('p', 'q', 'x');
    const other = stage.sets.ports({ wanted: ['x', 'q'], known: ['q'] }, {});
    expect(await portsOf(stage, [])).toEqual({});
    await other;
    expect(stage.told).toEqual(['listPorts x q']);
  });

  it('a known one that can’t be read alone is no trouble of the others', async () => {
    const stage = stageOf('p', 'n1', 'n2');
    stage.unreadable = 'odd';
    const odd = stage.sets.ports({ wanted: ['o1', 'o2'], known: ['odd'] }, {});
    expect(await portsOf(stage, ['n1', 'n2', 'n3'])).toEqual({ n1: port('n1'), n2: port('n2') });
    expect(Object.fromEntries(await odd)).toEqual({});
  });

  it('many known ones that are missing are no accident: a few of them tell, no call for each', async () => {
    const stage = stageOf('a', 'b', 'c', 'd', 'e');
    stage.honours = () => [];
    const known = ['a', 'b', 'c', 'd', 'e'];
    expect(await portsOf(stage, known, known)).toEqual({ a: port('a'), b: port('b'), c: port('c') });
    expect(stage.told).toEqual(['listPorts a b c d e', 'showPort a', 'showPort b', 'showPort c']);
    expect(stage.fallbacks).toBe(1);
  });

  it('many known ones that are gone by now, as after a repeated deletion, are no fault of the answer', async () => {
    const stage = stageOf('p', 'n1', 'n2');
    const known = ['a', 'b', 'c', 'd', 'e'];
    const gone = stage.sets.ports({ wanted: known, known }, {});
    expect(await portsOf(stage, ['n1', 'n2', 'n3'])).toEqual({ n1: port('n1'), n2: port('n2'), n3: null });
    expect(Object.fromEntries(await gone)).toEqual({});
    expect(stage.fallbacks).toBe(0);
  });
});

/** Servers that come while another one is read, and long after all else. */
async function serversOf(stage: Stage, ...wanted: string[]) {
  await stage.pass(2_000);
  void stage.sets.server('busy', stage.alone('busy'), {}).catch(() => undefined);
  return Promise.allSettled(wanted.map((id) => stage.sets.server(id, stage.alone(id), {})));
}

describe('servers', () => {
  it('that the answer leaves out, or that the cloud does not know, are asked for alone', async () => {
    const stage = new Stage();
    for (const id of ['a', 'b']) stage.servers.set(id, detail(id));
    stage.honours = (ids) => ids.filter((id) => id !== 'b');
    const [a, b, unknown] = await serversOf(stage, 'a', 'b', 'unknown');
    expect(a).toMatchObject({ status: 'fulfilled', value: detail('a') });
    expect(b).toMatchObject({ status: 'fulfilled', value: detail('b') });
    expect(unknown).toMatchObject({ status: 'rejected', reason: { action: 'absent' } });
    expect(stage.told).toEqual(['alone busy', 'listServers a b unknown', 'alone b', 'alone unknown']);
    expect(stage.fallbacks).toBe(1);
  });

  it.each([
    ['no primary NIC', { primaryPortIds: [] }],
    ['not every NIC', { portIds: null }],
    ['no lock', { locked: null }],
    ['no freeze', { frozen: null }],
  ])('whose entry tells %s are asked for alone', async (_, less) => {
    const stage = new Stage();
    stage.servers.set('a', { ...detail('a'), ...less });
    stage.servers.set('b', detail('b'));
    await serversOf(stage, 'a', 'b');
    expect(stage.told).toEqual(['alone busy', 'listServers a b', 'alone a']);
    expect(stage.fallbacks).toBe(1);
  });

  it('in the form that the cloud understands: the other one is tried after an answer that falls short', async () => {
    const stage = new Stage();
    stage.forms = ['repeated'];
    for (const id of ['a', 'b']) stage.servers.set(id, detail(id));
    await serversOf(stage, 'a', 'b');
    await serversOf(stage, 'a', 'b');
    expect(stage.told.slice(-2)).toEqual(['alone busy', 'listServers a b']);
    expect(stage.fallbacks).toBe(1);
  });

  it('is tried once for all sets that were on their way in the same form', async () => {
    const stage = new Stage();
    stage.forms = ['repeated'];
    const urgencies = [2, 3, 4];
    const all = (urgency: number) =>
      ['busy', 'a', 'b'].map((id) => stage.sets.server(id, stage.alone(id), { urgency }));
    for (const id of ['busy', 'a', 'b']) stage.servers.set(id, detail(id));
    await Promise.all(urgencies.flatMap(all));
    const { length } = stage.calls;
    await stage.pass(2_000);
    await Promise.all(urgencies.flatMap(all));
    // No set of the second round falls short.
    expect(stage.told.slice(length).filter((call) => call === 'alone a')).toEqual([]);
  });

  it('of which one has a thin entry are read by sets all the same', async () => {
    const stage = new Stage();
    for (const id of ['a', 'b', 'c']) stage.servers.set(id, detail(id));
    stage.servers.set('thin', { ...detail('thin'), locked: null });
    for (let n = 0; n < 4; n++) await serversOf(stage, 'a', 'b', 'c', 'thin');
    expect(stage.told.slice(-3)).toEqual(['alone busy', 'listServers a b c thin', 'alone thin']);
    expect(stage.warned).toEqual([]);
    expect(stage.fallbacks).toBe(4);
  });

  it('of which one has an id that fits in no request are asked for alone', async () => {
    const stage = new Stage();
    stage.servers.set('a', detail('a'));
    stage.fails = (operation) => callError(operation, 'invalid', 'no', 'an odd id');
    const [a] = await serversOf(stage, 'a', 'b b');
    expect(a).toMatchObject({ status: 'fulfilled' });
    expect(stage.fallbacks).toBe(0);
  });
});

describe('a cloud that does not answer sets', () => {
  it('is asked one by one for an hour after three answers in a row, and the log says so once', async () => {
    const stage = stageOf('p', 'n1', 'n2');
    stage.honours = (ids) => ids.slice(0, 1);
    for (let n = 0; n < 5; n++) await portsOf(stage, ['n1', 'n2']);
    const sets = () => stage.calls.filter(({ what }) => what === 'listPorts').length;
    expect(sets()).toBe(3);
    expect(stage.fallbacks).toBe(3);
    expect(stage.warned).toHaveLength(1);
    expect(stage.warned[0]).toMatch(/read one by one for 60 minutes/);
    await stage.pass(3_599_999);
    await portsOf(stage, ['n1', 'n2']);
    expect(sets()).toBe(3);
    stage.honours = (ids) => ids;
    await stage.pass(1);
    expect(await portsOf(stage, ['n1', 'n2', 'n3'])).toMatchObject({ n3: null });
    expect(sets()).toBe(4);
  });

  it('a whole answer between them begins the count anew', async () => {
    const stage = stageOf('p', 'n1', 'n2');
    for (let n = 0; n < 6; n++) {
      stage.honours = (ids) => (n % 3 === 2 ? ids : ids.slice(0, 1));
      await portsOf(stage, ['n1', 'n2']);
    }
    expect(stage.warned).toEqual([]);
  });

  it.each([
    ['refuses them', () => answered('listPorts', 400, 'VPC.0002')],
    ['has no such call', () => answered('listPorts', 404, 'APIGW.0101')],
    ['permits single reads alone', () => answered('listPorts', 403, 'VPC.0010')],
  ])('and %s: the things are asked for alone', async (_, error) => {
    const stage = stageOf('p', 'n1', 'n2');
    stage.fails = error;
    expect(await portsOf(stage, ['n1', 'n2'])).toEqual({});
    expect(stage.fallbacks).toBe(1);
  });

  it('and is throttling: one call, and each that waited is told how long to wait', async () => {
    const stage = stageOf('p');
    stage.fails = (operation) => answered(operation, 429, 'APIGW.0308');
    const waiting = ['a', 'b', 'c'].map((id) =>
      failure(stage.sets.ports({ wanted: [id, `${id}2`], known: ['p'] }, {})),
    );
    for (const error of await Promise.all(waiting))
      expect(error).toMatchObject({ action: 'throttled', retryAfterMs: 3_000 });
    expect(stage.calls).toHaveLength(1);
    expect(stage.fallbacks).toBe(0);
  });

  it.each(['timeout', 'network'] as const)(
    'and fails again and again at them (%s): it is asked one by one for five minutes',
    async (kind) => {
      const stage = stageOf('p', 'n1', 'n2');
      stage.fails = unanswered(kind);
      for (let n = 0; n < 5; n++) expect(await failure(portsOf(stage, ['n1', 'n2']))).toMatchObject({ kind });
      expect(await portsOf(stage, ['n1', 'n2'])).toEqual({});
      expect(stage.calls).toHaveLength(5);
      expect(stage.warned).toHaveLength(1);
      stage.fails = null;
      await stage.pass(5 * 60_000);
      expect(await portsOf(stage, ['n1', 'n2', 'n3'])).toMatchObject({ n3: null });
    },
  );

  it('and refuses the credentials: one refusal, and no single read after it', async () => {
    const stage = stageOf('p', 'n1');
    stage.fails = (operation) => answered(operation, 401, 'APIGW.0301');
    expect(await failure(portsOf(stage, ['n1', 'n2']))).toMatchObject({ action: 'credentials' });
    expect(stage.calls).toHaveLength(1);
  });
});
