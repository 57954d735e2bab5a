/** When requests are answered together, and by which call. */
import { describe, expect, it } from 'vitest';
import { detail, door, port, settle, Stage } from './support';

const ids = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => `s${from + n}`);

function stageWith(count: number): Stage {
  const stage = new Stage();
  for (const id of ids(1, count)) stage.servers.set(id, detail(id));
  return stage;
}
const ask = (stage: Stage, id: string, signal?: AbortSignal) =>
  stage.sets.server(id, stage.alone(id), { signal });

describe('a request for a server', () => {
  it('goes alone and at once when nothing else waits', async () => {
    const stage = stageWith(1);
    expect(await ask(stage, 's1')).toEqual(detail('s1'));
    expect(stage.told).toEqual(['alone s1']);
  });

  it('goes with all others that come while a call is under way, and each gets its own answer', async () => {
    const stage = stageWith(5);
    const answers = await Promise.all(ids(1, 5).map((id) => ask(stage, id)));
    expect(stage.told).toEqual(['alone s1', 'listServers s2 s3 s4 s5']);
    expect(answers).toEqual(ids(1, 5).map((id) => detail(id)));
  });

  it('is never answered by a call that began before it', async () => {
    const stage = stageWith(3);
    const { shut, open } = door();
    stage.latency = shut;
    const first = [ask(stage, 's1'), ask(stage, 's2')];
    await stage.pass(200);
    // The set has left, with the state of that moment.
    expect(stage.told).toEqual(['alone s1', 'listServers s2']);
    stage.servers.set('s2', { ...detail('s2'), status: 'SHUTOFF' });
    const second = ask(stage, 's2');
    open();
    expect(await first[1]).toMatchObject({ status: 'ACTIVE' });
    expect(await second).toMatchObject({ status: 'SHUTOFF' });
    expect(stage.told).toEqual(['alone s1', 'listServers s2', 'listServers s2']);
  });

  it('keeps nothing: the same question again is another call', async () => {
    const stage = stageWith(1);
    await ask(stage, 's1');
    await ask(stage, 's1');
    expect(stage.told).toEqual(['alone s1', 'alone s1']);
  });

  it('waits for a slow call for 200 ms at most', async () => {
    const stage = stageWith(3);
    stage.latency = new Promise(() => {});
    void ask(stage, 's1');
    void ask(stage, 's2');
    await stage.pass(199);
    void ask(stage, 's3');
    expect(stage.told).toEqual(['alone s1']);
    await stage.pass(1);
    expect(stage.told).toEqual(['alone s1', 'listServers s2 s3']);
  });

  it('joins the next call as long as that waits for the rate limit', async () => {
    const stage = stageWith(4);
    const { shut, open } = door();
    stage.gate = shut;
    const answers = [ask(stage, 's1'), ask(stage, 's2')];
    await stage.pass(200);
    answers.push(ask(stage, 's3'));
    await stage.pass(5_000);
    answers.push(ask(stage, 's4'));
    open();
    await Promise.all(answers);
    expect(stage.told).toEqual(['alone s1', 'listServers s2 s3 s4']);
  });

  it('waits for further ones the longer the more come, and no longer than 4 s', async () => {
    const stage = stageWith(40);
    const all = [ask(stage, 's1'), ...ids(2, 6).map((id) => ask(stage, id))];
    await settle();
    // Five of them have gathered: the next ones gather five times as long.
    all.push(ask(stage, 's7'));
    await stage.pass(999);
    all.push(...ids(8, 30).map((id) => ask(stage, id)));
    expect(stage.told).toEqual(['alone s1', 'listServers s2 s3 s4 s5 s6']);
    await stage.pass(1);
    expect(stage.calls.at(-1)?.ids).toHaveLength(24);
    all.push(ask(stage, 's31'));
    await stage.pass(3_999);
    expect(stage.calls).toHaveLength(3);
    await stage.pass(1);
    // One alone has come meanwhile: the crowd is over.
    expect(stage.told.at(-1)).toBe('listServers s31');
    await stage.pass(200);
    all.push(ask(stage, 's32'));
    await settle();
    expect(stage.told.at(-1)).toBe('alone s32');
    await Promise.all(all);
  });

  it('that finds no room in a crowd goes with the next call; a full one waits for nobody', async () => {
    const stage = stageWith(300);
    const all = ids(1, 12).map((id) => ask(stage, id));
    await settle();
    all.push(...ids(13, 112).map((id) => ask(stage, id)));
    await settle();
    expect(stage.calls.map((call) => call.ids.length)).toEqual([1, 11]);
    all.push(...ids(113, 130).map((id) => ask(stage, id)));
    await settle();
    expect(stage.calls.map((call) => call.ids.length)).toEqual([1, 11, 100]);
    await stage.awaited(Promise.all(all));
    expect(stage.calls.map((call) => call.ids.length)).toEqual([1, 11, 100, 18]);
  });

  it('is one of 100 at most', async () => {
    const stage = stageWith(206);
    await stage.awaited(Promise.all(ids(1, 206).map((id) => ask(stage, id))));
    expect(stage.calls.map((call) => call.ids.length)).toEqual([1, 100, 100, 5]);
    expect(stage.sizes).toEqual([100, 100, 5]);
  });

  it('that is given up takes nothing from the others, and is not asked for', async () => {
    const stage = stageWith(4);
    const given = new AbortController();
    const first = ask(stage, 's1');
    const givenUp = ask(stage, 's2', given.signal);
    const stays = ask(stage, 's3');
    given.abort(new Error('given up'));
    await expect(givenUp).rejects.toMatchObject({ kind: 'aborted', sent: 'no' });
    expect(await Promise.all([first, stays])).toEqual([detail('s1'), detail('s3')]);
    expect(stage.told).toEqual(['alone s1', 'listServers s3']);
  });

  it('that is given up on its way leaves the call to the others', async () => {
    const stage = stageWith(3);
    const { shut, open } = door();
    stage.latency = shut;
    const given = new AbortController();
    const first = ask(stage, 's1');
    const givenUp = ask(stage, 's2', given.signal);
    const stays = ask(stage, 's3');
    await stage.pass(200);
    given.abort(new Error('given up'));
    await expect(givenUp).rejects.toMatchObject({ kind: 'aborted', sent: 'no' });
    open();
    expect(await Promise.all([first, stays])).toEqual([detail('s1'), detail('s3')]);
    expect(stage.told).toEqual(['alone s1', 'listServers s2 s3']);
  });
});

describe('urgent requests', () => {
  it('share no call with others, which may wait for long', async () => {
    const stage = stageWith(6);
    const answers = ids(1, 6).map((id, n) =>
      stage.sets.server(id, stage.alone(id), { urgency: n % 2 === 0 ? 4 : 2 }),
    );
    await Promise.all(answers);
    expect([...stage.told].sort()).toEqual([
      'alone s1',
      'alone s2',
      'listServers s3 s5',
      'listServers s4 s6',
    ]);
  });
});

describe('the list of elastic IPs', () => {
  it('is read once for all that wait when it is read, and anew for whoever comes later', async () => {
    const stage = new Stage();
    const { shut, open } = door();
    stage.latency = shut;
    const first = [stage.sets.elasticIps({}), stage.sets.elasticIps({})];
    await settle();
    stage.elasticIps = [{ id: 'e', address: '192.0.2.1', portId: '', status: 'DOWN' }];
    const later = stage.sets.elasticIps({});
    open();
    expect(await Promise.all(first)).toEqual([[], []]);
    expect(await stage.awaited(later)).toEqual(stage.elasticIps);
    expect(stage.told).toEqual(['listElasticIps', 'listElasticIps']);
  });
});

describe('requests for ports', () => {
  it('of several servers share a call, and none gets the ports of another', async () => {
    const stage = new Stage();
    for (const id of ['a1', 'a2', 'b1', 'b2', 'c1', 'c2']) stage.ports.set(id, port(id));
    const asked = ['a', 'b', 'c'].map((server) =>
      stage.sets.ports({ wanted: [`${server}1`, `${server}2`], known: [`${server}1`] }, {}),
    );
    const found = await Promise.all(asked);
    expect(found.map((each) => [...each.keys()])).toEqual([
      ['a1', 'a2'],
      ['b1', 'b2'],
      ['c1', 'c2'],
    ]);
    expect(stage.calls.map(({ what }) => what)).toEqual(['listPorts']);
  });
});
