import { describe, expect, it } from 'vitest';
import { clientAnswered, failure, JOB, NIC, SERVER } from './support';

const server = (body: unknown) => clientAnswered({ body }).cloud.showServer(SERVER);
const interfaces = (body: unknown) => clientAnswered({ body }).cloud.listInterfaces(SERVER);
const port = (body: unknown) => clientAnswered({ body }).cloud.showPort(NIC);
const job = (body: unknown) => clientAnswered({ body }).cloud.showJob(JOB);

const P1 = '11aa0000-0000-4000-8000-000000000001';
const row = (port_id: string | null, addr: string, more: object = {}) => ({
  version: '4',
  addr,
  'OS-EXT-IPS:port_id': port_id,
  'OS-EXT-IPS:type': 'fixed',
  'OS-EXT-IPS-MAC:mac_addr': port_id === P1 ? 'fa:16:3e:00:00:01' : 'fa:16:3e:00:00:02',
  ...more,
});

describe('server detail (docs/cloud-api.md §3.3)', () => {
  it('is read, with its primary NIC and elastic IPs', async () => {
    const detail = await server({
      server: {
        id: SERVER,
        name: 'web-01',
        status: 'ACTIVE',
        'OS-EXT-STS:task_state': null,
        'OS-EXT-STS:vm_state': 'active',
        locked: false,
        metadata: { charging_mode: '0', vpc_id: 'v', EcmResStatus: 'normal' },
        addresses: {
          'vpc-1': [
            row(P1, '10.0.0.5', { primary: true }),
            row(P1, 'fd00::5', { version: '6', primary: true }),
            row(NIC, '10.0.1.20', { primary: false }),
            row(NIC, '80.158.1.1', { 'OS-EXT-IPS:type': 'floating' }),
          ],
        },
        network_interfaces: [
          { port_id: P1, primary: true, association: { public_ip_address: '80.158.1.9' } },
          { port_id: NIC, primary: false },
        ],
        tags: ['env=old', 'ecs-nics-protect=true'],
        something: { new: true },
      },
    });
    expect(detail).toEqual({
      id: SERVER,
      name: 'web-01',
      status: 'ACTIVE',
      taskState: null,
      locked: false,
      frozen: false,
      primaryPortIds: [P1],
      portIds: [P1, NIC],
      addressesTold: true,
      addresses: {
        [P1]: { ips: ['10.0.0.5', 'fd00::5'], mac: 'fa:16:3e:00:00:01' },
        [NIC]: { ips: ['10.0.1.20'], mac: 'fa:16:3e:00:00:02' },
      },
      elasticIps: { [NIC]: ['80.158.1.1'], [P1]: ['80.158.1.9'] },
      tags: ['env=old', 'ecs-nics-protect=true'],
    });
  });

  it.each([[{ env: 'old' }], ['env=old'], [['env=old', 7]], [null]])(
    'tags in another form count as not told: %j',
    async (tags) => {
      expect(await server({ server: { status: 'ACTIVE', tags } })).toMatchObject({ tags: null });
    },
  );

  it('is read with the least it can have', async () => {
    expect(await server({ server: { status: 'SHUTOFF' } })).toEqual({
      id: SERVER,
      name: null,
      status: 'SHUTOFF',
      taskState: null,
      // Not told is not a no.
      locked: null,
      frozen: null,
      addressesTold: false,
      primaryPortIds: [],
      portIds: [],
      addresses: {},
      elasticIps: {},
      tags: null,
    });
  });

  it.each([
    [{ locked: true }, { locked: true }],
    [{ locked: 'true' }, { locked: true }],
    [{ locked: 'false' }, { locked: false }],
    [{ locked: null }, { locked: null }],
    [{ locked: 'perhaps' }, { locked: null }],
    [{ 'OS-EXT-STS:task_state': 'deleting' }, { taskState: 'deleting' }],
    [{ 'OS-EXT-STS:task_state': '' }, { taskState: null }],
    [{ metadata: { EcmResStatus: 'freeze' } }, { frozen: true }],
    [{ metadata: '{"EcmResStatus":"freeze"}' }, { frozen: true }],
    // So it looks on a server that nothing is wrong with.
    [{ metadata: { EcmResStatus: '' } }, { frozen: false }],
    // The vendor adds the mark once a server was frozen or unfrozen.
    [{ metadata: { charging_mode: '0' } }, { frozen: false }],
    [{ addresses: {}, network_interfaces: [] }, { addressesTold: false }],
    [
      { metadata: null, addresses: null, network_interfaces: null },
      { frozen: null, primaryPortIds: [], addressesTold: false },
    ],
    [{ addresses: { v: null, w: 'x' } }, { primaryPortIds: [] }],
    [{ addresses: { v: [row(P1, '1.1.1.1', { primary: 'true' })] } }, { primaryPortIds: [P1] }],
    [
      { addresses: { v: [row(P1, '1.1.1.1', { primary: true }), row(NIC, '1', { primary: true })] } },
      { primaryPortIds: [P1, NIC] },
    ],
    // An elastic IP whose row names no port is attributed by its MAC.
    [
      { addresses: { v: [row(NIC, '10.0.0.1'), row(null, '80.1.1.1', { 'OS-EXT-IPS:type': 'floating' })] } },
      { elasticIps: { [NIC]: ['80.1.1.1'] } },
    ],
    // Of a NIC with two MACs neither is believed.
    [
      { addresses: { v: [row(P1, '1.1.1.1'), row(P1, '::1', { 'OS-EXT-IPS-MAC:mac_addr': 'other' })] } },
      { addresses: { [P1]: { ips: ['1.1.1.1', '::1'], mac: null } } },
    ],
    [{ name: 7 }, { name: '7' }],
    [{ name: 'n'.repeat(128) }, { name: 'n'.repeat(128) }],
  ])('understands %j', async (fields, expected) => {
    expect(await server({ server: { status: 'ACTIVE', ...fields } })).toMatchObject(expected);
  });

  it.each([
    {},
    [],
    null,
    'x',
    { server: null },
    { server: {} },
    { server: { status: '' } },
    { server: { status: 1 } },
    { server: { status: 'ACTIVE', 'OS-EXT-STS:task_state': {} } },
  ])('%j is unreadable', async (body) => {
    expect(await failure(server(body))).toMatchObject({
      kind: 'unreadable',
      action: 'retry',
      httpStatus: 200,
    });
  });
});

describe('the NIC list (docs/cloud-api.md §3.1)', () => {
  it('is read', async () => {
    expect(
      await interfaces({
        attachableQuantity: { free_nic: 9 },
        interfaceAttachments: [
          {
            port_id: P1,
            port_state: 'ACTIVE',
            net_id: 'net',
            mac_addr: 'fa:16:3e:00:00:01',
            fixed_ips: [{ subnet_id: 'sub', ip_address: '10.0.0.5' }, { ip_address: 'fd00::5' }],
            delete_on_termination: true,
            driver_mode: null,
          },
          { port_id: NIC },
        ],
      }),
    ).toEqual([
      {
        portId: P1,
        portState: 'ACTIVE',
        networkId: 'net',
        mac: 'fa:16:3e:00:00:01',
        fixedIps: [
          { subnetId: 'sub', ip: '10.0.0.5' },
          { subnetId: null, ip: 'fd00::5' },
        ],
        deleteOnTermination: true,
      },
      { portId: NIC, portState: null, networkId: null, mac: null, fixedIps: [], deleteOnTermination: null },
    ]);
    expect(await interfaces({ interfaceAttachments: [] })).toEqual([]);
  });

  it.each([
    {},
    { interfaceAttachments: null },
    { interfaceAttachments: {} },
    { interfaceAttachments: '[]' },
    { interfaceAttachments: [null] },
    { interfaceAttachments: [{ port_id: P1 }, { port_state: 'ACTIVE' }] },
    { interfaceAttachments: [{ port_id: '' }] },
    [],
  ])('%j is unreadable, never an empty or shorter list', async (body) => {
    expect(await failure(interfaces(body))).toMatchObject({ kind: 'unreadable', action: 'retry' });
  });
});

describe('a port (docs/cloud-api.md §4.2)', () => {
  it('is read', async () => {
    expect(
      await port({
        port: {
          id: NIC,
          name: '',
          network_id: 'net',
          admin_state_up: 'true',
          mac_address: 'fa:16:3e:00:00:02',
          fixed_ips: [{ subnet_id: 'sub', ip_address: '10.0.1.20' }],
          device_id: SERVER,
          status: 'ACTIVE',
          security_groups: ['sg'],
          allowed_address_pairs: [
            { ip_address: '10.0.1.100', mac_address: 'm' },
            { ip_address: '1.1.1.1/0' },
          ],
          extra_dhcp_opts: [{ opt_name: '51', opt_value: '24h' }],
          'binding:vif_details': { primary_interface: false, port_filter: true },
          port_security_enabled: true,
        },
      }),
    ).toEqual({
      id: NIC,
      name: null,
      networkId: 'net',
      mac: 'fa:16:3e:00:00:02',
      fixedIps: [{ subnetId: 'sub', ip: '10.0.1.20' }],
      deviceId: SERVER,
      status: 'ACTIVE',
      securityGroups: ['sg'],
      allowedAddressPairs: [
        { ip: '10.0.1.100', mac: 'm' },
        { ip: '1.1.1.1/0', mac: null },
      ],
      dhcpOptions: [{ name: '51', value: '24h' }],
      portSecurityEnabled: true,
      primaryInterface: false,
    });
  });

  it.each([
    [{ device_id: '' }, { deviceId: '', primaryInterface: null, securityGroups: null, dhcpOptions: null }],
    [{ device_id: null }, { deviceId: '' }],
    [{ device_id: '', admin_state_up: true }, { deviceId: '' }],
    [{ device_id: '', 'binding:vif_details': '{"primary_interface":"true"}' }, { primaryInterface: true }],
    [{ device_id: '', 'binding:vif_details': null }, { primaryInterface: null }],
    [{ device_id: '', security_groups: 'x' }, { securityGroups: null }],
    [{ device_id: '', id: NIC.toUpperCase() }, { id: NIC }],
  ])('understands %j', async (fields, expected) => {
    expect(await port({ port: fields })).toMatchObject({ id: NIC, ...expected });
  });

  it.each([{}, { port: null }, { port: {} }, { port: { device_id: 7 } }, { ports: [] }])(
    '%j is unreadable, never a free port',
    async (body) => {
      expect(await failure(port(body))).toMatchObject({ kind: 'unreadable', action: 'retry' });
    },
  );
});

describe('a job (docs/cloud-api.md §2.1)', () => {
  const child = (status: string, nic_id?: string, more: object = {}) => ({
    job_id: 'c',
    status,
    entities: { server_id: SERVER, ...(nic_id === undefined ? {} : { nic_id }) },
    ...more,
  });

  it('that runs has no end and no error keys', async () => {
    expect(
      await job({
        job_id: JOB,
        job_type: 'x',
        status: 'RUNNING',
        begin_time: '2026-01-05T10:00:03.120Z',
        end_time: '',
        entities: { sub_jobs_total: 2, sub_jobs: [child('RUNNING', NIC, { end_time: '' })] },
      }),
    ).toEqual({
      id: JOB,
      status: 'RUNNING',
      beginAt: '2026-01-05T10:00:03.120Z',
      endAt: null,
      errorCode: null,
      failReason: null,
      subJobs: [{ nicId: NIC, status: 'RUNNING', errorCode: null, failReason: null }],
    });
  });

  it('that failed in part names what failed', async () => {
    expect(
      await job({
        job_id: JOB,
        status: 'FAIL',
        begin_time: '2026-01-05T10:00:03Z',
        end_time: '2026-01-05T10:00:24.010Z',
        error_code: 'Ecs.0507',
        fail_reason: 'delete\nnic failed',
        entities: {
          sub_jobs: [
            child('SUCCESS', P1, { error_code: null, fail_reason: null }),
            child('FAIL', NIC, { error_code: 507, entities: { nic_id: NIC, errorcode_message: 'why' } }),
          ],
        },
      }),
    ).toMatchObject({
      status: 'FAIL',
      beginAt: '2026-01-05T10:00:03.000Z',
      endAt: '2026-01-05T10:00:24.010Z',
      errorCode: 'Ecs.0507',
      failReason: 'delete nic failed',
      subJobs: [
        { nicId: P1, status: 'SUCCESS', errorCode: null, failReason: null },
        { nicId: NIC, status: 'FAIL', errorCode: '507', failReason: 'why' },
      ],
    });
  });

  it.each<[string, unknown, string | null]>([
    ['JSON with a code', '{"error_code":"Ecs.0319","error_msg":"The NIC is in use"}', 'The NIC is in use'],
    ['an object', { NeutronError: { type: 'PortInUse', message: 'port in use' } }, 'port in use'],
    [
      'JSON inside JSON',
      JSON.stringify({ error: { code: 'x', message: JSON.stringify({ message: 'the innermost' }) } }),
      'the innermost',
    ],
    [
      'JSON behind words',
      'Call Neutron error: {"NeutronError":{"type":"PortInUse","message":"port in use"}}',
      'Call Neutron error: port in use',
    ],
    ['braces that are no JSON', 'no {such} thing', 'no {such} thing'],
    ['an object that says nothing', {}, null],
  ])('unwraps the reason of a failure: %s', async (_name, told, expected) => {
    const read = await job({ job_id: JOB, status: 'FAIL', fail_reason: told });
    expect(read).toMatchObject({ failReason: expected });
    const sub = child('FAIL', NIC, { error_code: null, fail_reason: told });
    expect(await job({ job_id: JOB, status: 'FAIL', entities: { sub_jobs: [sub] } })).toMatchObject({
      subJobs: [{ failReason: expected }],
    });
  });

  it('takes the code of a failure from its reason where it stands nowhere else', async () => {
    const told = '{"error_code":"Ecs.0319","error_msg":"The NIC is in use"}';
    expect(await job({ job_id: JOB, status: 'FAIL', fail_reason: told })).toMatchObject({
      errorCode: 'Ecs.0319',
    });
    expect(await job({ job_id: JOB, status: 'FAIL', error_code: 'E', fail_reason: told })).toMatchObject({
      errorCode: 'E',
    });
  });

  it.each([
    [{ status: 'INIT' }, { status: 'INIT', id: JOB, subJobs: [], endAt: null }],
    [{ status: 'SOMETHING_NEW' }, { status: 'SOMETHING_NEW' }],
    [{ status: 'SUCCESS', error_code: null, entities: null }, { subJobs: [] }],
    [{ status: 'SUCCESS', entities: {} }, { subJobs: [] }],
    [{ status: 'SUCCESS', entities: { sub_jobs: null, sub_jobs_total: 1 } }, { subJobs: [] }],
    [{ status: 'SUCCESS', entities: { nic_id: NIC } }, { subJobs: [{ nicId: NIC, status: 'SUCCESS' }] }],
    [
      { status: 'FAIL', error_code: 'E', entities: { nic_id: NIC, sub_jobs: [] } },
      { subJobs: [{ nicId: NIC, status: 'FAIL', errorCode: 'E' }] },
    ],
    [
      { status: 'SUCCESS', entities: { sub_jobs: [child('SUCCESS')] } },
      { subJobs: [{ nicId: null, status: 'SUCCESS' }] },
    ],
    [
      { status: 'SUCCESS', entities: { sub_jobs: [null, 7, {}, child('FAIL', NIC)] } },
      {
        subJobs: [
          { nicId: null, status: 'UNKNOWN' },
          { nicId: NIC, status: 'FAIL' },
        ],
      },
    ],
    [{ status: 'SUCCESS', entities: JSON.stringify({ nic_id: NIC }) }, { subJobs: [{ nicId: NIC }] }],
    [
      { status: 'SUCCESS', end_time: 'soon', begin_time: '2026-01-05T10:00:03' },
      { endAt: null, beginAt: null },
    ],
    [{ status: 'SUCCESS', end_time: '2026-01-05T12:00:03+02:00' }, { endAt: '2026-01-05T10:00:03.000Z' }],
    // A job that says its status is a job, whatever else it says.
    [
      { status: 'FAIL', code: 'Ecs.0001', message: 'x', error_code: 5 },
      { status: 'FAIL', errorCode: '5' },
    ],
    [JSON.stringify(JSON.stringify({ status: 'RUNNING' })), { status: 'RUNNING' }],
  ])('understands %j', async (body, expected) => {
    expect(await job(body)).toMatchObject(expected);
  });

  it('without a status but with a code is an error, even with 200', async () => {
    const body = { code: 'Common.0011', message: 'Failed to query system tasks.' };
    expect(await failure(job(body))).toMatchObject({ code: 'Common.0011', action: 'absent', kind: 'answer' });
  });

  it.each([{}, { status: null }, { status: ' ' }, { job_id: JOB }, { status: 7 }, null])(
    '%j is unreadable',
    async (body) => {
      expect(await failure(job(body))).toMatchObject({ kind: 'unreadable', action: 'retry' });
    },
  );
});

describe('what is longer than anything real', () => {
  const long = 'x'.repeat(201);
  it.each<[string, () => Promise<unknown>]>([
    ['a state of a server', () => server({ server: { status: long } })],
    ['a state of a job', () => job({ job_id: JOB, status: long })],
    ['the id of a NIC', () => interfaces({ interfaceAttachments: [{ port_id: long }] })],
    ['the owner of a port', () => port({ port: { id: NIC, device_id: long } })],
    ['a list of NICs', () => interfaces({ interfaceAttachments: Array(201).fill({ port_id: NIC }) })],
  ])('%s is unreadable: it would come into a history', async (_name, call) => {
    expect((await failure(call())).kind).toBe('unreadable');
  });

  it('decoration is left out', async () => {
    const port_ = await port({
      port: { id: NIC, device_id: '', security_groups: [long], fixed_ips: [{ ip_address: long }] },
    });
    expect(port_).toMatchObject({ securityGroups: null, fixedIps: [] });
    const children = Array(501).fill({ status: 'FAIL', entities: { nic_id: NIC } });
    expect(await job({ job_id: JOB, status: 'FAIL', entities: { sub_jobs: children } })).toMatchObject({
      subJobs: [],
    });
  });
});
