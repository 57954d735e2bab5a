/** `setup` against a server that says no; what a real one does is tested end to end. */
import { describe, expect, it } from 'vitest';
import { prepare, retentionWarning } from '../../src/cli/commands/setup';
import type { Temporal } from '../../src/client/connect';

const DAY_MS = 86_400_000;

function server(
  attributes: Record<string, number>,
  add: (wanted: Record<string, number>) => void,
  address = 'localhost:7233',
): Temporal {
  const operatorService = {
    listSearchAttributes: () => Promise.resolve({ customAttributes: { ...attributes } }),
    addSearchAttributes: async (request: { searchAttributes: Record<string, number> }) =>
      add(request.searchAttributes),
  };
  const workflowService = {
    describeNamespace: () => Promise.reject(new Error('permission denied')),
  };
  return {
    address,
    namespace: 'prod',
    client: { workflowService, connection: { operatorService } },
    call: (_ms: number, fn: () => Promise<unknown>) => fn(),
  } as unknown as Temporal;
}
const refuse = () => {
  throw new Error('Request unauthorized.');
};

describe('setup', () => {
  it('not permitted: what is missing, why, and the command for somebody who may', async () => {
    const { attributes, problems, retentionMs } = await prepare(server({ EcsServerId: 2 }, refuse));
    expect(attributes.map(({ state }) => state)).toEqual(['present', 'missing', 'missing', 'missing']);
    expect(problems).toEqual([
      'NicsPhase, NicsOutcome, DecommissionRun could not be added: Request unauthorized. Runs work without them. ' +
        'A person with the permission can add them:\n  temporal operator search-attribute create --namespace prod --type Keyword ' +
        '--name NicsPhase --name NicsOutcome --name DecommissionRun',
    ]);
    expect(retentionMs).toBeNull();
  });

  it('adds what fits, those first that matter most, and tells how to make room for the rest', async () => {
    const attributes: Record<string, number> = Object.fromEntries(
      Array.from({ length: 8 }, (_, n) => [`Other${n}`, 2]),
    );
    const room = (more: Record<string, number>) => {
      if (Object.keys({ ...attributes, ...more }).length > 10)
        throw new Error('cannot have more than 10 search attribute of type Keyword.');
      Object.assign(attributes, more);
    };
    const { attributes: told, problems } = await prepare(server(attributes, room));
    expect(told.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'EcsServerId added',
      'NicsPhase added',
      'NicsOutcome missing',
      'DecommissionRun missing',
    ]);
    expect(problems).toEqual([
      'NicsOutcome, DecommissionRun could not be added: cannot have more than 10 search attribute of type Keyword. ' +
        'Runs work without them. The namespace has no room for them: remove one that nothing uses, then run setup again:\n' +
        '  temporal operator search-attribute remove --namespace prod --name <name>',
    ]);
  });

  it('in Temporal Cloud the command is another one', async () => {
    const { problems } = await prepare(server({}, refuse, 'prod.a1b2c.tmprl.cloud:7233'));
    expect(problems[0]).toContain(
      'tcld namespace search-attributes add --namespace prod --search-attribute EcsServerId=Keyword',
    );
  });

  it('adds what is missing even where another one has the wrong type, and names that', async () => {
    const attributes: Record<string, number> = { NicsPhase: 1, EcsServerId: 2, DecommissionRun: 2 };
    const wanted: Record<string, number>[] = [];
    const outcome = await prepare(
      server(attributes, (more) => {
        wanted.push(more);
        Object.assign(attributes, more);
      }),
    );
    expect(wanted).toEqual([{ NicsOutcome: 2 }]);
    expect(outcome.attributes).toEqual([
      { name: 'EcsServerId', state: 'present', type: 'Keyword' },
      { name: 'NicsPhase', state: 'wrong-type', type: 'Text' },
      { name: 'NicsOutcome', state: 'added', type: 'Keyword' },
      { name: 'DecommissionRun', state: 'present', type: 'Keyword' },
    ]);
    expect(outcome.problems).toEqual([
      "NicsPhase: the type can't be changed. If nothing else uses the name, have it removed, then run setup again:\n" +
        '  temporal operator search-attribute remove --namespace prod --name NicsPhase',
    ]);
  });

  it('a yes of the server is not believed', async () => {
    const { attributes, problems } = await prepare(server({}, () => {}));
    expect(attributes.every(({ state }) => state === 'missing')).toBe(true);
    expect(problems[0]).toContain('could not be added.');
  });
});

describe('setup where search attributes can’t be listed', () => {
  const NAMES = ['EcsServerId', 'NicsPhase', 'NicsOutcome', 'DecommissionRun'];
  const denied = () => Promise.reject(Object.assign(new Error('not permitted'), { code: 7 }));
  /** @param counted answers a query */
  function unlisting(
    counted: (query: string) => Promise<unknown>,
    add: (wanted: Record<string, number>) => void = refuse,
    address = 'prod.a1b2c.tmprl.cloud:7233',
  ): Temporal {
    const temporal = server({}, add, address);
    temporal.client.connection.operatorService.listSearchAttributes = denied as never;
    temporal.client.workflowService.countWorkflowExecutions = (({ query }: { query: string }) =>
      counted(query)) as never;
    return temporal;
  }
  const knows = (names: readonly string[]) => async (query: string) => {
    const named = [...query.matchAll(/(\w+) STARTS_WITH/g)].map(([, name = '']) => name);
    if (!named.every((name) => names.includes(name))) throw Object.assign(new Error('invalid'), { code: 3 });
    return { count: 0 };
  };

  it('and all are there: nothing is to be done but to tell the workers', async () => {
    const { attributes, problems, note } = await prepare(unlisting(knows(NAMES)));
    expect(attributes.map(({ state }) => state)).toEqual(NAMES.map(() => 'present'));
    expect(problems).toEqual([]);
    expect(note).toBe(
      'The namespace does not let its search attributes be listed (not permitted). Say to the workers which there are: ' +
        'ECS_NICS_SEARCH_ATTRIBUTES=all, none, or names.',
    );
  });

  it('and some are missing: the command of Temporal Cloud, for those alone', async () => {
    const { problems } = await prepare(unlisting(knows(NAMES.slice(0, 2))));
    expect(problems).toEqual([
      'NicsOutcome, DecommissionRun could not be added: Request unauthorized. Runs work without them. ' +
        'A person with the permission can add them:\n' +
        '  tcld namespace search-attributes add --namespace prod --search-attribute NicsOutcome=Keyword --search-attribute DecommissionRun=Keyword',
    ]);
  });

  it('and no query is answered: the command for all of them, and nothing is added blindly', async () => {
    const { attributes, problems } = await prepare(unlisting(denied, () => expect.fail('added')));
    expect(attributes.map(({ state }) => state)).toEqual(NAMES.map(() => 'unknown'));
    expect(problems).toEqual([
      `${NAMES.join(', ')}: the namespace does not say whether they exist. Runs work without them. A person with the permission can add them:\n` +
        `  tcld namespace search-attributes add --namespace prod ${NAMES.map((name) => `--search-attribute ${name}=Keyword`).join(' ')}`,
    ]);
  });

  it('an outage is no refusal', async () => {
    const temporal = unlisting(knows(NAMES));
    temporal.client.connection.operatorService.listSearchAttributes = (() =>
      Promise.reject(Object.assign(new Error('gone'), { code: 14 }))) as never;
    await expect(prepare(temporal)).rejects.toThrow('gone');
  });
});

describe('the warning about closed runs', () => {
  const at = { namespace: 'prod', address: 'localhost:7233' };
  it.each([
    [null, null],
    [7 * DAY_MS, null],
    [3 * DAY_MS, 'kept for 3 days only'],
    [DAY_MS, 'kept for 1 day only'],
    [DAY_MS / 2, 'kept for 12 h only'],
  ])('of %d ms: %s', (ms, text) => {
    const warning = retentionWarning(at, ms);
    if (text === null) expect(warning).toBeNull();
    else expect(warning?.text).toContain(text);
  });
  it('names the command', () => {
    expect(retentionWarning(at, DAY_MS)?.command).toBe(
      'temporal operator namespace update --namespace prod --retention 168h',
    );
    expect(retentionWarning({ ...at, address: 'x.tmprl.cloud:7233' }, DAY_MS)?.command).toContain('tcld');
  });
});
