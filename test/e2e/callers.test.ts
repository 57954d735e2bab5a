/** The complete examples of `docs/callers.md`, as a caller has them, against a real stack; the cloud's own state is the judge. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Client, Connection } from '@temporalio/client';
import * as ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXAMPLES } from '../../dev/callers-page';
import { until } from '../../dev/ports';
import { cleanEnvironment } from '../../dev/processes';
import { root } from '../../dev/root';
import { findTemporal } from '../../dev/temporal-binary';
import type { ServerState } from '../../simulator';
import { differences } from '../../simulator';
import { TIMING, createServer, posts } from '../support/e2e';
import { expectTruth } from '../support/truth';
import type { WatchedStack } from '../support/watched-stack';
import { startStack } from '../support/watched-stack';

type Language = (typeof EXAMPLES)[number]['language'];

/** What an example asks for beside the server and its NICs. A run of the same request may have another pace. */
const REQUEST = { undoWindow: '1 hour' };

/** What is missing on this machine; `null`: nothing is. */
function missing(language: Language): string | null {
  const works = (command: string, ...args: string[]) => spawnSync(command, args).status === 0;
  if (language === 'python' && !works('python3', '-c', 'import temporalio.client'))
    return 'the Python package temporalio (pip install temporalio)';
  if (language === 'bash' && !works('bash', '-c', 'command -v jq')) return 'bash with jq';
  return null;
}

const { CI } = process.env;
let stack: WatchedStack;
let connection: Connection;
let client: Client;
let folder: string;
let cli: string;

beforeAll(async () => {
  stack = await startStack({ label: 'callers', workerEnv: { ECS_NICS_CLOUD_RPS: '50' } });
  connection = await Connection.connect({ address: stack.temporal.address });
  client = new Client({ connection, namespace: stack.temporal.namespace });
  folder = mkdtempSync(join(tmpdir(), 'ecs-nics-callers-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir');
  const found = await findTemporal({ ...process.env, TEMPORAL_ADDRESS: undefined }, () => {});
  if (found.kind !== 'binary') throw new Error('there is no temporal CLI');
  cli = found.path;
  // Under the name by which the example calls it, whatever the file is called here.
  symlinkSync(cli, join(folder, 'temporal'));
});
afterAll(async () => {
  await connection?.close();
  await stack?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** The example as it stands on the page. */
function onPage(language: Language): string {
  const page = readFileSync(join(root, 'docs/callers.md'), 'utf8');
  const [, source] = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'm').exec(page) ?? [];
  if (source === undefined) throw new Error(`docs/callers.md has no example in ${language}`);
  return source;
}

/** The command that runs the program of that language. */
function programOf(language: Language, file: string): [command: string, ...args: string[]] {
  const path = join(folder, basename(file));
  if (language === 'ts') {
    const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
    const { outputText } = ts.transpileModule(onPage(language), { compilerOptions });
    const compiled = path.replace(/\.ts$/, '.js');
    writeFileSync(compiled, outputText);
    return [process.execPath, compiled];
  }
  writeFileSync(path, onPage(language));
  return [language === 'python' ? 'python3' : 'bash', path];
}

describe.each(EXAMPLES)('the example in $title', { timeout: 240_000 }, ({ language, file }) => {
  const lacks = missing(language);
  if (lacks !== null && !CI)
    process.stderr.write(`test/e2e/callers.test.ts: ${file} is left out: ${lacks} is missing\n`);
  const example = it.skipIf(lacks !== null && !CI);

  async function run(
    ...words: string[]
  ): Promise<{ code: number | string | null; lines: string[]; stderr: string }> {
    expect(lacks, 'missing on this machine').toBeNull();
    const [command, ...args] = programOf(language, file);
    const env = cleanEnvironment(process.env, {
      ...stack.temporal.env,
      ECS_NICS_TASK_QUEUE: stack.taskQueue,
      PATH: `${folder}${delimiter}${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`,
    });
    const child = spawn(command, [...args, ...words], { cwd: folder, env });
    const [stdout, stderr, [code, signal]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null, string | null]>,
    ]);
    stack.extra.texts[`an example in ${language}: ${words[0]} ${words[1]}`] = stdout + stderr;
    return { code: code ?? signal, lines: stdout.trim().split('\n'), stderr };
  }

  const state = (id: string) => stack.simulator.get<ServerState>(`/_sim/servers/${id}/state`);
  const documentOf = (id: string) => client.workflow.getHandle(`nics/${id}`).query<{ nics: [] }>('status');

  /** Starts the example's own request at the pace of tests: the example joins this run. */
  async function begin(serverId: string, ids: string[], more: object = {}): Promise<void> {
    const input = { serverId, nics: ids.map((id) => ({ id })), ...REQUEST, timing: TIMING, ...more };
    await client.workflow.start('deleteServerNics', {
      workflowId: `nics/${serverId}`,
      taskQueue: stack.taskQueue,
      args: [input],
    });
  }

  example('takes NICs off, tells so while they can still be put back, and puts them back', async () => {
    // All but the primary one go: the others would move up, and keep their new places.
    const { id, nics } = await createServer(stack.simulator, { nics: 3 });
    const before = await state(id);
    const [first = '', second = ''] = nics;
    const { code, lines, stderr } = await run('delete', id, first, second);
    expect([stderr, code]).toEqual(['', 0]);
    expect(lines[0]).toMatch(/^submitted, job [0-9a-f]+$/);
    expect(lines.slice(1)).toEqual([
      'outcome detached, phase undo-window',
      expect.stringMatching(/^can be undone until 20/),
      `${first} detached`,
      `${second} detached`,
    ]);
    expect(await posts(stack.simulator, id)).toBe(1);
    expect((await state(id)).nics).toHaveLength(1);
    await expectTruth(stack.simulator, { serverId: id, ...(await documentOf(id)) });

    // Again, it joins the run, which sends nothing more.
    expect(await run('delete', id, second, first)).toMatchObject({
      code: 0,
      lines: expect.arrayContaining([`${first} detached`]),
    });
    // Another request does not.
    const other = await run('delete', id, first);
    expect([other.code, other.lines[0]]).toEqual([3, expect.stringMatching(/^DifferentRequest: /)]);
    expect(await posts(stack.simulator, id)).toBe(1);

    const undone = await run('undo', id);
    expect([undone.stderr, undone.code, undone.lines]).toEqual([
      ...['', 0],
      ['outcome undone, phase done', `${first} restored`, `${second} restored`],
    ]);
    expect(differences(before, await state(id))).toEqual([]);
  });

  example('puts NICs back with new ports where the run has ended', async () => {
    const { id, nics } = await createServer(stack.simulator, { nics: 2, jobSeconds: 1 });
    const [nic = ''] = nics;
    await begin(id, [nic], { undoWindow: '0s' });
    await client.workflow.result(`nics/${id}`);
    expect((await state(id)).nics).toHaveLength(1);
    const { code, lines, stderr } = await run('undo', id);
    expect([stderr, code, lines]).toEqual(['', 0, ['outcome recreated, phase done', `${nic} recreated`]]);
    expect((await state(id)).nics).toHaveLength(2);
  });

  example('Refused: says why and what to do, with the document of the failure', async () => {
    const { id, primary } = await createServer(stack.simulator);
    const { code, lines } = await run('delete', id, primary);
    expect([code, await posts(stack.simulator, id)]).toEqual([3, 0]);
    expect(lines).toEqual([
      expect.stringMatching(/^Refused: .*primary/),
      'outcome refused, phase done',
      expect.stringMatching(`^${primary} untouched`),
      'settle what the message names, then ask again: nothing was changed',
    ]);
  });

  example('CloudRefused: the cloud’s own code is told', async () => {
    const { id, nics } = await createServer(stack.simulator);
    const body = { code: 'Pdp.0001', message: 'no such right' };
    const fault = { match: { class: 'delete', serverId: id }, what: { kind: 'answer', status: 403, body } };
    await stack.simulator.post('/_sim/faults', fault);
    const { code, lines } = await run('delete', id, ...nics);
    expect([code, lines[0], lines.at(-1)]).toEqual([
      3,
      expect.stringMatching(/^CloudRefused: .*Pdp\.0001/),
      'do what the message says, then ask again: nothing was changed',
    ]);
    expect((await state(id)).nics).toHaveLength(4);
  });

  example('NotDeleted: the NIC that is still there, with its reason', async () => {
    const { id, nics } = await createServer(stack.simulator, { jobSeconds: 5 });
    const [nic = ''] = nics;
    await stack.simulator.post('/_sim/faults', {
      match: { class: 'delete', serverId: id },
      what: { kind: 'partial-failure', nics: [0], code: 'Ecs.0507' },
      times: 1,
    });
    await begin(id, [nic]);
    const { code, lines } = await run('delete', id, nic);
    expect([code, lines.slice(1)]).toEqual([
      3,
      [
        expect.stringMatching(/^NotDeleted: /),
        'outcome not-deleted, phase done',
        expect.stringMatching(`^${nic} still-attached Ecs\\.0507 `),
        'remove the reason, then ask again for the NICs that are still attached',
      ],
    ]);
    await expectTruth(stack.simulator, { serverId: id, ...(await documentOf(id)) });
  });

  example('OutcomeUnknown: a person has to look', async () => {
    const { id, nics } = await createServer(stack.simulator, { jobSeconds: 60 });
    const [nic = ''] = nics;
    await begin(id, [nic], { deadline: '8s' });
    const { code, lines } = await run('delete', id, nic);
    expect([code, lines.find((line) => line.startsWith('OutcomeUnknown: ')), lines.at(-1)]).toEqual([
      3,
      expect.any(String),
      'a person has to look before anything is repeated',
    ]);
  });

  example('RestoreIncomplete: what could not be put back', async () => {
    const { id, nics } = await createServer(stack.simulator);
    const [nic = '', other = ''] = nics;
    await begin(id, [nic, other]);
    const handle = client.workflow.getHandle(`nics/${id}`);
    await handle.executeUpdate('settled');
    await stack.simulator.post(`/_sim/ports/${nic}/attach-elsewhere`);
    const { code, lines } = await run('undo', id);
    expect([code, lines[0], lines.at(-1)]).toEqual([
      3,
      expect.stringMatching(/^RestoreIncomplete: /),
      'a person has to look: not everything could be put back',
    ]);
    expect(lines).toEqual(expect.arrayContaining([expect.stringMatching(`^${other} restored`)]));
  });

  example('InvalidInput: the request is to be corrected, nothing was called', async () => {
    const { id } = await createServer(stack.simulator);
    const { code, lines } = await run('delete', id, 'eth1');
    expect([code, lines[0], lines.at(-1)]).toEqual([
      3,
      expect.stringMatching(/^InvalidInput: .*eth1/),
      'correct the request: the cloud was not called',
    ]);
    expect((await state(id)).nics).toHaveLength(4);
  });

  example('cancelled: is told so', async () => {
    const { id, nics } = await createServer(stack.simulator, { jobSeconds: 5 });
    const [nic = ''] = nics;
    await begin(id, [nic]);
    const running = run('delete', id, nic);
    expect(await until(async () => (await posts(stack.simulator, id)) > 0, 60_000)).toBe(true);
    await client.workflow.getHandle(`nics/${id}`).cancel();
    const { code, lines } = await running;
    expect([code, lines.at(-1)]).toEqual([7, 'cancelled: the query status has the document']);
  });
});
