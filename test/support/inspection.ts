/** An inspection of a healthy server with three NICs, the first one primary, to be changed by each test. */
import type { InspectedNic, Inspection, PortState } from '../../src/activities/agreement';
import type { CheckedRequest } from '../../src/contract/input';
import { checkDeleteInput } from '../../src/contract/input';

export const SERVER = '3f0b6f0e-2a53-4d59-9d1b-0a2a7e5f1c11';
export const ELSEWHERE = '3f0b6f0e-2a53-4d59-9d1b-0a2a7e5f1c99';
export const id = (n: number) => `6b1f7a52-5d1e-4a10-8c57-${String(n).padStart(12, '0')}`;
export const here: PortState = { state: 'attached', deviceId: SERVER };

export const nic = (n: number, more: Partial<InspectedNic> = {}): InspectedNic => ({
  id: id(n),
  ips: [`10.0.0.${n}`, `fd00::${n}`],
  mac: `fa:16:3e:00:00:0${n}`,
  elasticIp: null,
  port: here,
  snapshot: {
    networkId: null,
    fixedIps: [],
    mac: null,
    deleteOnTermination: true,
    name: null,
    securityGroups: null,
    allowedAddressPairs: null,
    dhcpOptions: null,
    portSecurityEnabled: null,
    elasticIp: null,
    position: n,
  },
  ...more,
});

export const inspection = (more: Partial<Inspection> = {}): Inspection => ({
  kind: 'inspection',
  projectId: 'p',
  region: 'r',
  endpoints: { ecs: 'https://ecs.test', vpc: 'https://vpc.test' },

  previous: null,
  previousNotLooked: null,
  server: { name: 'web', status: 'ACTIVE', taskState: null, locked: false, frozen: false },
  nics: [nic(0), nic(1), nic(2)],
  primary: { detail: [id(0)], ports: [id(0)], portsDeny: [id(1), id(2)] },
  absent: [],
  longJobMs: null,
  ...more,
});
export const server = (more: object): Partial<Inspection> => ({
  server: { ...inspection().server!, ...more },
});

export function request(more: object = {}): CheckedRequest {
  const { request: checked, problems } = checkDeleteInput({
    serverId: SERVER,
    nics: [{ id: id(1) }],
    ...more,
  });
  if (checked === null) throw new Error(problems.join());
  return checked;
}
