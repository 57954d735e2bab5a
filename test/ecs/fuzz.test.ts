import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Cloud } from '../../src/ecs/cloud';
import { CloudError } from '../../src/ecs/errors';
import { clientAnswered, JOB, NETWORK, NIC, PORT, SERVER } from './support';

const CALLS: Record<string, (cloud: Cloud) => Promise<unknown>> = {
  showServer: (cloud) => cloud.showServer(SERVER),
  listInterfaces: (cloud) => cloud.listInterfaces(SERVER),
  showPort: (cloud) => cloud.showPort(NIC),
  showJob: (cloud) => cloud.showJob(JOB),
  deleteNics: (cloud) => cloud.deleteNics(SERVER, [NIC]),
  attachNics: (cloud) => cloud.attachNics(SERVER, [NIC]),
  setDeleteOnTermination: (cloud) => cloud.setDeleteOnTermination(SERVER, NIC, false),
  listPorts: (cloud) => cloud.listPorts({ networkId: NETWORK }),
  createPort: (cloud) => cloud.createPort(PORT),
  updatePort: (cloud) => cloud.updatePort(NIC, { name: 'n' }),
  deletePort: (cloud) => cloud.deletePort(NIC),
  listElasticIps: (cloud) => cloud.listElasticIps(),
  bindElasticIp: (cloud) => cloud.bindElasticIp('eip', NIC),
};
const SUBMISSIONS = ['deleteNics', 'attachNics'];
const EFFECTS = [...SUBMISSIONS, 'createPort'];
/** Calls that answer nothing. */
const DONE = ['setDeleteOnTermination', 'updatePort', 'deletePort', 'bindElasticIp'];

/** One good answer for each call, to be mutated, and errors in all shapes. */
const SEEDS: unknown[] = [
  {
    server: {
      id: SERVER,
      name: 'n',
      status: 'ACTIVE',
      'OS-EXT-STS:task_state': null,
      locked: false,
      metadata: { EcmResStatus: 'normal' },
      addresses: {
        v: [{ addr: '1.1.1.1', 'OS-EXT-IPS:port_id': NIC, 'OS-EXT-IPS:type': 'floating', primary: true }],
      },
      network_interfaces: [{ port_id: NIC, primary: true, association: { public_ip_address: '2.2.2.2' } }],
    },
  },
  {
    interfaceAttachments: [
      { port_id: NIC, fixed_ips: [{ ip_address: '1.1.1.1' }], delete_on_termination: true },
    ],
  },
  { port: { id: NIC, device_id: '', fixed_ips: [], 'binding:vif_details': { primary_interface: true } } },
  { ports: [{ id: NIC, network_id: NETWORK, device_id: '', fixed_ips: [{ ip_address: '1.1.1.1' }] }] },
  { publicips: [{ id: 'eip', status: 'DOWN', public_ip_address: '2.2.2.2', port_id: '' }] },
  {
    job_id: JOB,
    status: 'FAIL',
    end_time: '',
    entities: { sub_jobs: [{ status: 'FAIL', entities: { nic_id: NIC } }] },
  },
  {
    error: {
      code: 'Ecs.1000',
      message: '{"badRequest":{"message":"m","code":400}}',
      details: [{ code: 'a' }],
    },
  },
  { error_code: 'APIGW.0308', error_msg: 'limit:200,time:5 minute', request_id: 'r' },
  { error_msg: '{"NeutronError":{"type":"PortNotFound","message":"m"}}' },
  { code: 'Common.0011', message: 'm' },
];

function paths(value: unknown, at: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, each]) => paths(each, [...at, key]))];
}

/** The seed with one place replaced, or removed. */
function mutate(seed: unknown, path: string[], value: unknown): unknown {
  if (path.length === 0) return value;
  type Tree = Record<string, unknown>;
  const copy = structuredClone(seed) as Tree;
  const parent = path.slice(0, -1).reduce((each, key) => each[key] as Tree, copy);
  if (value === undefined) delete parent[path.at(-1)!];
  else parent[path.at(-1)!] = value;
  return copy;
}

const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown[]>(undefined, '', ' ', '{', '[]', '{}', 'true', 1e308, -0, [[]], [null], {
    __proto__: null,
  }),
  fc
    .constantFrom('constructor', '__proto__', 'toString', 'hasOwnProperty')
    .map((key) => JSON.parse(`{"${key}":1}`) as unknown),
  fc.string({ unit: 'binary', maxLength: 50 }),
);
const mutated = fc
  .constantFrom(...SEEDS)
  .chain((seed) => fc.tuple(fc.constant(seed), fc.constantFrom(...paths(seed)), odd))
  .map(([seed, path, value]) => JSON.stringify(mutate(seed, path, value)) ?? '');
const truncated = fc
  .tuple(fc.constantFrom(...SEEDS), fc.nat(400))
  .map(([seed, at]) => JSON.stringify(seed).slice(0, at));
const arbitrary = fc.oneof(
  mutated,
  truncated,
  fc.json({ maxDepth: 6 }),
  fc.string({ unit: 'binary' }),
  fc.constant(''),
);
const status = fc.oneof(
  fc.constantFrom(200, 202, 204, 400, 401, 403, 404, 409, 429, 500, 501, 502, 503),
  fc.integer({ min: 200, max: 599 }),
);
const header = fc.oneof(fc.string(), fc.constantFrom('7', 'Thu, 01 Jan 2026 00:00:30 GMT'));

async function outcome(
  name: string,
  answer: { status: number; body: string; headers?: Record<string, string> },
) {
  try {
    return { value: await CALLS[name]!(clientAnswered(answer).cloud) };
  } catch (error) {
    expect(error, inspectBody(answer.body)).toBeInstanceOf(CloudError);
    const failed = error as CloudError;
    expect(failed.message.length).toBeLessThan(1_000);
    expect(failed.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/); // eslint-disable-line no-control-regex
    expect(JSON.stringify(failed).length).toBeLessThan(3_000);
    return { error: failed };
  }
}
const everyHas = (list: unknown, field: string): boolean =>
  (list as Record<string, unknown>[]).every((each) => typeof each[field] === 'string' && each['id'] !== '');
const inspectBody = (body: string): string => `for the body ${body.slice(0, 300)}`;

describe.each(Object.keys(CALLS))('%s: whatever the cloud answers', (name) => {
  it('is a value of the right shape, or a CloudError', async () => {
    await fc.assert(
      fc.asyncProperty(status, arbitrary, header, async (http, body, value) => {
        const { error, value: result } = await outcome(name, {
          status: http,
          body,
          headers: { 'x-request-id': value, 'retry-after': value },
        });
        if (error === undefined) {
          expect(http).toBeLessThan(300);
          if (name === 'listInterfaces')
            expect(JSON.parse(body.replace(/^\uFEFF/, '')).interfaceAttachments).toHaveLength(
              (result as []).length,
            );
          if (SUBMISSIONS.includes(name)) expect((result as { jobId: string }).jobId).toMatch(/^[\w-]+$/);
          if (name === 'createPort') expect((result as { id: string }).id).toMatch(/\S/);
          if (name === 'listPorts') expect(everyHas(result, 'deviceId')).toBe(true);
          if (name === 'listElasticIps') expect(everyHas(result, 'portId')).toBe(true);
          // Nothing at all, or an object: never a page.
          if (DONE.includes(name)) expect(body.trim() === '' || /^\s*(\{|null|")/.test(body)).toBe(true);
        } else if (EFFECTS.includes(name) && http >= 500 && error.code === null) {
          expect(error.fate).toBe('unknown');
        }
      }),
      { numRuns: 400 },
    );
  });

  it('stays quick for huge and deeply nested bodies', async () => {
    const size = 1024 * 1024;
    const bodies = [
      '['.repeat(size),
      '['.repeat(size / 2) + ']'.repeat(size / 2),
      '{"a":'.repeat(size / 8) + '1' + '}'.repeat(size / 8),
      `{"error":{"code":"Ecs.1000","message":${JSON.stringify('{"a":'.repeat(size / 8))}}}`,
      JSON.stringify({ code: 'A'.repeat(size), message: 'B '.repeat(size / 4) }),
      JSON.stringify({ error_code: 'X.1', error_msg: 'limit:'.repeat(size / 8) }),
      JSON.stringify({ interfaceAttachments: Array.from({ length: 20_000 }, () => ({ port_id: NIC })) }),
      JSON.stringify({
        server: {
          status: 'ACTIVE',
          addresses: {
            v: Array.from({ length: 5_000 }, (_, i) => ({ addr: `${i}`, 'OS-EXT-IPS:type': 'floating' })),
          },
        },
      }),
      JSON.stringify({ ports: Array.from({ length: 20_000 }, (_, i) => ({ id: `${i}`, device_id: '' })) }),
      JSON.stringify({ publicips: Array.from({ length: 20_000 }, (_, i) => ({ id: `${i}` })) }),
      JSON.stringify({ status: 'FAIL', entities: { sub_jobs: Array.from({ length: 20_000 }, () => ({})) } }),
      `"${' '.repeat(size)}`,
    ];
    for (const body of bodies) {
      for (const http of [200, 400]) {
        // Of the processor, not of the clock: a busy machine must not fail it.
        const before = process.cpuUsage();
        await outcome(name, { status: http, body });
        expect(process.cpuUsage(before).user / 1_000, inspectBody(body)).toBeLessThan(2_000);
      }
    }
  });
});
