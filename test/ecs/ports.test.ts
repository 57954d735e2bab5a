/** The calls that keep, delete, make and attach ports: what is sent, and what is made of the answers. */
import { describe, expect, it } from 'vitest';
import { sign } from '../../src/ecs/signer';
import type { Canned } from './support';
import {
  clientAnswered,
  clientOf,
  failure,
  JOB,
  NETWORK,
  NIC,
  PORT,
  PROJECT,
  serve,
  SERVER,
} from './support';

const ENDPOINTS = { ecs: 'https://ecs.test', vpc: 'https://vpc.test' };

function sentTo(answers: Canned | Canned[]) {
  const { cloud, requests } = clientAnswered(answers, { endpoints: ENDPOINTS });
  const lines = () =>
    requests.map(({ method, origin, path }) => `${method} ${origin}${path.replace(`/v1/${PROJECT}/`, ' ')}`);
  const bodies = () =>
    requests.map(({ body }) => (body === null ? null : (JSON.parse(body.toString()) as unknown)));
  return { cloud, lines, bodies };
}

const created = { port: { id: NIC, device_id: '', mac_address: 'fa:16:3e:00:00:09', fixed_ips: [] } };

describe('the requests', () => {
  it('attach free ports in the order given', async () => {
    const { cloud, lines, bodies } = sentTo({ body: { job_id: JOB }, headers: { 'x-request-id': 'r' } });
    expect(await cloud.attachNics(SERVER, [NIC, 'b'])).toEqual({ jobId: JOB, requestId: 'r' });
    expect(lines()).toEqual([`POST https://ecs.test cloudservers/${SERVER}/nics`]);
    expect(bodies()).toEqual([{ nics: [{ port_id: NIC }, { port_id: 'b' }] }]);
  });

  it('set the flag that decides over a port', async () => {
    const { cloud, lines, bodies } = sentTo({ status: 204 });
    await cloud.setDeleteOnTermination(SERVER, NIC, false);
    expect(lines()).toEqual([`PUT https://ecs.test cloudservers/${SERVER}/os-interface/${NIC}`]);
    expect(bodies()).toEqual([{ interface_attachment: { delete_on_termination: false } }]);
  });

  it('make a port with all that a snapshot has, and leave out what it has not', async () => {
    const { cloud, lines, bodies } = sentTo({ status: 201, body: created });
    const port = await cloud.createPort({
      networkId: NETWORK,
      name: 'web',
      address: { subnetId: 's', ip: '10.0.1.20' },
      securityGroups: ['g2', 'g1'],
      allowedAddressPairs: [
        { ip: '10.0.1.100', mac: 'fa:16:3e:00:00:02' },
        { ip: '1.1.1.1/0', mac: null },
      ],
      dhcpOptions: [
        { name: '51', value: '24h' },
        { name: '26', value: null },
      ],
    });
    expect(port).toMatchObject({ id: NIC, mac: 'fa:16:3e:00:00:09', deviceId: '' });
    await cloud.createPort({ ...PORT, address: { subnetId: null, ip: '10.0.1.20' } });
    expect(lines()[0]).toBe('POST https://vpc.test ports');
    expect(bodies()).toEqual([
      {
        port: {
          network_id: NETWORK,
          name: 'web',
          fixed_ips: [{ subnet_id: 's', ip_address: '10.0.1.20' }],
          security_groups: ['g2', 'g1'],
          allowed_address_pairs: [
            { ip_address: '10.0.1.100', mac_address: 'fa:16:3e:00:00:02' },
            { ip_address: '1.1.1.1/0' },
          ],
          extra_dhcp_opts: [{ opt_name: '51', opt_value: '24h' }],
        },
      },
      { port: { network_id: NETWORK, name: 'n', fixed_ips: [{ ip_address: '10.0.1.20' }] } },
    ]);
  });

  it('change only what is named, and never nothing', async () => {
    const { cloud, lines, bodies } = sentTo({ body: created });
    await cloud.updatePort(NIC, { securityGroups: ['g1'], allowedAddressPairs: [] });
    expect(lines()).toEqual([`PUT https://vpc.test ports/${NIC}`]);
    expect(bodies()).toEqual([{ port: { security_groups: ['g1'], allowed_address_pairs: [] } }]);
    expect(await failure(cloud.updatePort(NIC, {}))).toMatchObject({ kind: 'invalid', sent: 'no' });
    expect(await failure(cloud.updatePort(NIC, { securityGroups: null }))).toMatchObject({ kind: 'invalid' });
    expect(lines()).toHaveLength(1);
  });

  it('delete a port without a body', async () => {
    const { cloud, lines, bodies } = sentTo({ status: 204 });
    await cloud.deletePort(NIC);
    expect(lines()).toEqual([`DELETE https://vpc.test ports/${NIC}`]);
    expect(bodies()).toEqual([null]);
  });

  it('bind an elastic IP to a port', async () => {
    const { cloud, lines, bodies } = sentTo({ body: { publicip: { id: 'eip', port_id: NIC } } });
    await cloud.bindElasticIp('eip', NIC);
    expect(lines()).toEqual(['PUT https://vpc.test publicips/eip']);
    expect(bodies()).toEqual([{ publicip: { port_id: NIC } }]);
  });

  it('sign the query as it is sent, whatever stands in it', async () => {
    const name = 'a b+c/ü&limit=1';
    const server = await serve((_request, response) => response.end('{"ports":[]}'));
    await clientOf(server.origin).listPorts({ name, networkId: NETWORK });
    const [sent] = server.received;
    const query = new URL(sent!.url, server.origin).searchParams;
    expect([query.get('name'), query.get('network_id'), query.get('limit'), query.get('marker')]).toEqual([
      name,
      NETWORK,
      '200',
      null,
    ]);
    const names = ['host', 'x-project-id', 'x-sdk-date'];
    const headers = Object.fromEntries(names.map((each) => [each, String(sent!.headers[each])]));
    expect(sent!.headers.authorization).toBe(
      sign({ method: 'GET', path: sent!.url, headers, body: null }, 'TESTAK', 'TESTSK'),
    );
  });
});

describe('an answer without content', () => {
  const calls = [
    ['flag', (answer: Canned) => clientAnswered(answer).cloud.setDeleteOnTermination(SERVER, NIC, true)],
    ['update', (answer: Canned) => clientAnswered(answer).cloud.updatePort(NIC, { name: 'n' })],
    ['delete', (answer: Canned) => clientAnswered(answer).cloud.deletePort(NIC)],
    ['bind', (answer: Canned) => clientAnswered(answer).cloud.bindElasticIp('eip', NIC)],
  ] as const;

  it.each(calls)('%s: nothing, or what was changed, is success with any 2xx', async (_name, call) => {
    for (const answer of [{ status: 204 }, { status: 200, body: '{}' }, { status: 202, body: created }]) {
      await expect(call(answer)).resolves.toBeUndefined();
    }
  });

  it.each(calls)('%s: an error or a page is none, though it be a 2xx', async (_name, call) => {
    const said = { status: 202, body: { error: { code: 'Common.0024', message: 'too many' } } };
    expect(await failure(call(said))).toMatchObject({ action: 'throttled' });
    for (const body of ['<html>ok</html>', 'true', '[]', '""']) {
      expect(await failure(call({ status: 200, body }))).toMatchObject({
        kind: 'unreadable',
        action: 'retry',
      });
    }
  });
});

describe('a created port', () => {
  it.each([
    ['', 200],
    ['{}', 201],
    ['{"port":{}}', 201],
    ['{"port":{"id":" ","device_id":""}}', 200],
    ['<html>', 200],
  ])('%j: without its id nobody knows what was made', async (body, status) => {
    const { cloud } = clientAnswered({ body, status });
    expect(await failure(cloud.createPort(PORT))).toMatchObject({ fate: 'unknown', action: 'observe' });
  });
  it.each([200, 201, 202])('HTTP %i with a port in it is one', async (status) => {
    const body = { port: { id: NIC, fixed_ips: [{ ip_address: '10.0.1.20' }] } };
    const port = await clientAnswered({ status, body }).cloud.createPort(PORT);
    expect(port).toMatchObject({ id: NIC, fixedIps: [{ ip: '10.0.1.20' }], deviceId: '' });
  });
});

describe('lists of ports', () => {
  const id = (n: number) => `p-${String(n).padStart(5, '0')}`;
  const page = (from: number, count: number, more: object = {}): Canned => ({
    body: {
      ports: Array.from({ length: count }, (_, n) => ({
        id: id(from + n),
        network_id: NETWORK,
        device_id: '',
        ...more,
      })),
    },
  });
  const list = (answers: Canned | Canned[]) => {
    const { cloud, lines } = sentTo(answers);
    return { ports: cloud.listPorts({ networkId: NETWORK }), lines };
  };
  const query = `network_id=${NETWORK}&limit=200`;

  it('come whole, page by page, by the last id of the page before', async () => {
    const { ports, lines } = list([page(0, 200), page(200, 200), page(400, 3)]);
    expect((await ports).map((port) => port.id)).toEqual(Array.from({ length: 403 }, (_, n) => id(n)));
    expect(lines()).toEqual([
      `GET https://vpc.test ports?${query}`,
      `GET https://vpc.test ports?${query}&marker=${id(199)}`,
      `GET https://vpc.test ports?${query}&marker=${id(399)}`,
    ]);
  });

  it('end with a page that is not full, or empty', async () => {
    expect(await list(page(0, 0)).ports).toEqual([]);
    const full = list([page(0, 200), page(0, 0)]);
    expect(await full.ports).toHaveLength(200);
    expect(full.lines()).toHaveLength(2);
  });

  it('that repeat a page are unreadable: what is missing must not look absent', async () => {
    const { ports, lines } = list(page(0, 200));
    expect(await failure(ports)).toMatchObject({ kind: 'unreadable', action: 'retry' });
    expect(lines()).toHaveLength(2);
  });

  it('without end are given up', async () => {
    let asked = 0;
    const transport = async () => {
      const { body } = page(200 * asked++, 200);
      return { status: 200, headers: {}, body: Buffer.from(JSON.stringify(body)) };
    };
    const { cloud } = clientAnswered({}, { transport });
    expect(await failure(cloud.listPorts({ networkId: NETWORK }))).toMatchObject({ kind: 'unreadable' });
    expect(asked).toBe(100);
  });

  it('with a port that can’t be read are unreadable', async () => {
    const nameless = { body: { ports: [{ device_id: '' }] } };
    const ownerless = { body: { ports: [{ id: 'p' }] } };
    for (const answer of [nameless, ownerless, { body: {} }, { body: '' }]) {
      expect(await failure(list(answer).ports)).toMatchObject({ kind: 'unreadable' });
    }
  });

  it('hold no strangers, whether the cloud filters or not', async () => {
    const ports = [
      { id: 'a', name: 'n', network_id: NETWORK, device_id: SERVER },
      { id: 'b', name: 'm', network_id: NETWORK, device_id: '' },
      { id: 'c', name: 'n', network_id: 'other', device_id: SERVER },
    ];
    const { cloud } = clientAnswered({ body: { ports } });
    const ids = async (filter: object) => (await cloud.listPorts(filter)).map((port) => port.id);
    expect(await ids({ name: 'n' })).toEqual(['a', 'c']);
    expect(await ids({ name: 'n', networkId: NETWORK })).toEqual(['a']);
    expect(await ids({ deviceId: SERVER })).toEqual(['a', 'c']);
  });

  it.each([{}, { name: '' }, { networkId: NETWORK, name: '' }, { deviceId: '' }])(
    'are not asked for by %j, which would be all of the project',
    async (filter) => {
      const { cloud, lines } = sentTo(page(0, 0));
      expect(await failure(cloud.listPorts(filter))).toMatchObject({ kind: 'invalid', sent: 'no' });
      expect(lines()).toEqual([]);
    },
  );
});

describe('elastic IPs', () => {
  it('are bound or not, however that is written', async () => {
    const publicips = [
      { id: 'a', status: 'ACTIVE', public_ip_address: '203.0.113.1', port_id: NIC },
      { id: 'b', status: 'DOWN', public_ip_address: '203.0.113.2', port_id: '' },
      { id: 'c', status: 'DOWN', public_ip_address: '203.0.113.3' },
      { id: 'd', public_ipv6_address: '2001:db8::1', port_id: null },
      { id: 'e', status: 'ERROR' },
    ];
    const { cloud, lines } = sentTo({ body: { publicips } });
    expect(await cloud.listElasticIps()).toEqual([
      { id: 'a', status: 'ACTIVE', address: '203.0.113.1', portId: NIC },
      { id: 'b', status: 'DOWN', address: '203.0.113.2', portId: '' },
      { id: 'c', status: 'DOWN', address: '203.0.113.3', portId: '' },
      { id: 'd', status: null, address: '2001:db8::1', portId: '' },
      { id: 'e', status: 'ERROR', address: null, portId: '' },
    ]);
    expect(lines()).toEqual(['GET https://vpc.test publicips?limit=200']);
  });
});
