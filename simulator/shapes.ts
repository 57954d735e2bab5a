import type { Cloud } from './simulated-cloud';
import type { ElasticIp, Port, Server } from './world/world';
import { shownNics } from './compute/visibility';

/** The wire shapes of servers, NICs and ports (docs/cloud-api.md §3, §4.2). */

/** A zone of the region, as ports and servers show it. */
const zone = (cloud: Cloud) => `${cloud.settings.region}a`;

/**
 * `vm_state` and `power_state` of the statuses that matter here (docs/cloud-api.md §3.3); any other one is
 * shown in lower case.
 */
const VM_STATES: Record<string, readonly [string, number]> = {
  ACTIVE: ['active', 1],
  SHUTOFF: ['stopped', 4],
  BUILD: ['building', 0],
  ERROR: ['error', 0],
  REBOOT: ['active', 1],
  HARD_REBOOT: ['active', 1],
};

const time = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** A row of the NIC list: no primary flag there (docs/cloud-api.md §3.1). */
export function interfaceRow(cloud: Cloud, port: Port): Record<string, unknown> {
  return {
    port_id: port.id,
    port_state: port.attachedStatus,
    net_id: port.networkId,
    mac_addr: port.mac,
    fixed_ips: fixedIps(cloud, port),
    delete_on_termination: port.deleteOnTermination,
    driver_mode: null,
    min_rate: null,
    multiqueue_num: null,
    pci_address: null,
  };
}

/** One server, alone or as an entry of the server list. */
export function detailBody(
  cloud: Cloud,
  server: Server,
  now: number,
  as: 'detail' | 'servers',
): Record<string, unknown> {
  const { knobs, settings, world } = cloud;
  const nics = shownNics(cloud, server, 'detail', now);
  const mark = primaryMark(cloud, nics, as);
  const [vmState, powerState] = VM_STATES[server.status] ?? [server.status.toLowerCase(), 0];
  return {
    id: server.id,
    name: server.name,
    tenant_id: settings.projectId,
    status: server.status,
    fault: null,
    'OS-EXT-STS:vm_state': vmState,
    'OS-EXT-STS:task_state': server.taskState ?? (now < server.busyUntil ? knobs.taskStateDuringJob : null),
    'OS-EXT-STS:power_state': powerState,
    ...lock(cloud, server),
    created: time(server.createdAt),
    updated: time(server.createdAt),
    hostId: '',
    ...metadata(cloud, server),
    ...(knobs.detailAddresses
      ? { addresses: { [world.network.vpcId]: nics.flatMap((port) => addresses(cloud, port, mark, now)) } }
      : {}),
    ...(knobs.detailNetworkInterfaces
      ? {
          network_interfaces: nics.map((port) => ({
            port_id: port.id,
            ...mark(port),
            ip_addresses: [port.ip, ...port.furtherIps],
            ipv6_addresses: port.ipv6 === null ? [] : [port.ipv6],
            subnet_id: port.networkId,
            ...association(cloud, port, now),
          })),
        }
      : {}),
    security_groups: [{ name: 'default', id: world.network.securityGroupId }],
    tags: server.tags.map(({ key, value }) => `${key}=${value}`),
    'OS-EXT-AZ:availability_zone': zone(cloud),
    'os-extended-volumes:volumes_attached': [],
  };
}

/** Every key of the vendor's schema of a server (`ServerDetail` of the Node SDK). */
const SERVER_KEYS = [
  ...[
    'id',
    'name',
    'description',
    'status',
    'created',
    'updated',
    'auto_terminate_time',
    'tenant_id',
    'user_id',
  ],
  ...[
    'hostId',
    'host_status',
    'addresses',
    'network_interfaces',
    'security_groups',
    'accessIPv4',
    'accessIPv6',
  ],
  ...['image', 'flavor', 'key_name', 'config_drive', 'metadata', 'tags', 'sys_tags', 'enterprise_project_id'],
  ...['progress', 'locked', 'fault', 'hypervisor', 'cpu_options', 'security_options', 'os:scheduler_hints'],
  ...[
    'OS-EXT-STS:task_state',
    'OS-EXT-STS:vm_state',
    'OS-EXT-STS:power_state',
    'OS-EXT-AZ:availability_zone',
  ],
  ...['OS-DCF:diskConfig', 'OS-SRV-USG:launched_at', 'OS-SRV-USG:terminated_at'],
  ...['os-extended-volumes:volumes_attached', 'OS-EXT-SRV-ATTR:host', 'OS-EXT-SRV-ATTR:hostname'],
  ...['OS-EXT-SRV-ATTR:instance_name', 'OS-EXT-SRV-ATTR:hypervisor_hostname', 'OS-EXT-SRV-ATTR:launch_index'],
  ...['OS-EXT-SRV-ATTR:reservation_id', 'OS-EXT-SRV-ATTR:kernel_id', 'OS-EXT-SRV-ATTR:ramdisk_id'],
  ...['OS-EXT-SRV-ATTR:root_device_name', 'OS-EXT-SRV-ATTR:user_data'],
];

/** The entry for an id that does not exist: only `id` and `fault` say something; the fault's content is assumed (docs/cloud-api.md §3.6). */
export function unknownServer(id: string, now: number): Record<string, unknown> {
  const fault = { code: 404, message: `Instance ${id} could not be found.`, created: time(now) };
  return { ...Object.fromEntries(SERVER_KEYS.map((key) => [key, null])), id, fault };
}

function lock({ knobs }: Cloud, { locked }: Server): { locked?: boolean | null } {
  if (knobs.detailLock === 'absent') return {};
  return { locked: knobs.detailLock === 'null' ? null : locked };
}

function metadata({ knobs, world }: Cloud, server: Server): { metadata?: Record<string, string> } {
  if (knobs.detailMetadata === 'absent') return {};
  const mark = { EcmResStatus: server.frozen ? 'freeze' : 'normal' };
  return {
    metadata: {
      vpc_id: world.network.vpcId,
      charging_mode: '0',
      ...(knobs.detailMetadata === 'shown' ? mark : {}),
      ...server.metadata,
    },
  };
}

type Mark = (port: Port) => { primary?: boolean };

/** How the primary NIC is marked, or how the knob has it go wrong. */
function primaryMark(cloud: Cloud, nics: readonly Port[], as: 'detail' | 'servers'): Mark {
  const { detailPrimary, serverListPrimary } = cloud.knobs;
  if (as === 'servers' && !serverListPrimary) return () => ({});
  switch (detailPrimary) {
    case 'marked':
      return (port) => ({ primary: port.primary });
    case 'omitted':
      return () => ({});
    case 'all':
      return () => ({ primary: true });
    case 'wrong': {
      const other = nics.find((port) => !port.primary);
      return (port) => ({ primary: port === other });
    }
  }
}

/** A NIC has a row per address; one for each elastic IP with the same port id (docs/cloud-api.md §3.3). */
function addresses(cloud: Cloud, port: Port, mark: Mark, now: number): Record<string, unknown>[] {
  const row = (address: string, type: string, version = '4') => ({
    version,
    addr: address,
    'OS-EXT-IPS:type': type,
    'OS-EXT-IPS-MAC:mac_addr': port.mac,
    'OS-EXT-IPS:port_id': port.id,
    ...mark(port),
  });
  return [
    ...[port.ip, ...port.furtherIps].map((ip) => row(ip, 'fixed')),
    ...(port.ipv6 === null ? [] : [row(port.ipv6, 'fixed', '6')]),
    ...shownElasticIps(cloud, port, now).map(({ address }) => row(address, 'floating')),
  ];
}

function shownElasticIps(cloud: Cloud, port: Port, now: number): ElasticIp[] {
  const lagMs = cloud.knobs.elasticIpLagSeconds * 1_000;
  return cloud.world.elasticIpsOf(port, now).filter(({ boundAt }) => now >= boundAt + lagMs);
}

/** The schema has place for one address; of several it is assumed to be the first. */
function association(cloud: Cloud, port: Port, now: number): { association?: { public_ip_address: string } } {
  const [elasticIp] = shownElasticIps(cloud, port, now);
  return elasticIp ? { association: { public_ip_address: elasticIp.address } } : {};
}

/**
 * Their `subnet_id` is the Neutron subnet's, not the network's; each IP version has its own (docs/cloud-api.md §3.4).
 */
function fixedIps(cloud: Cloud, port: Port): Record<string, unknown>[] {
  const v4 = [port.ip, ...port.furtherIps].map((ip) => ({ subnet_id: port.subnetId, ip_address: ip }));
  if (port.ipv6 === null) return v4;
  const subnet = cloud.world.network.subnet(port.networkId);
  return [...v4, { subnet_id: subnet?.subnetIdV6, ip_address: port.ipv6 }];
}

/** A port as VPC shows it (docs/cloud-api.md §4.2). `device`: the server it is shown on, or empty. */
export function portBody(
  cloud: Cloud,
  port: Port,
  device: string,
  as: 'single' | 'list' = 'single',
): Record<string, unknown> {
  const { knobs, settings } = cloud;
  const attached = device !== '';
  return {
    id: port.id,
    name: port.name,
    network_id: port.networkId,
    admin_state_up: knobs.adminStateAsText ? 'true' : true,
    mac_address: port.mac,
    fixed_ips: fixedIps(cloud, port),
    device_id: device,
    device_owner: attached ? `compute:${zone(cloud)}` : '',
    tenant_id: settings.projectId,
    status: attached ? port.attachedStatus : 'DOWN',
    security_groups: port.securityGroups,
    allowed_address_pairs: port.allowedAddressPairs,
    extra_dhcp_opts: port.extraDhcpOpts,
    'binding:vnic_type': 'normal',
    'binding:vif_details': vifDetails(cloud, port, as),
    'binding:profile': {},
    instance_id: '',
    instance_type: '',
    port_security_enabled: port.portSecurity,
    zone_id: zone(cloud),
    ipv6_bandwidth_id: '',
    dns_name: '',
    dns_assignment: [],
  };
}

const ONLY_V1 = ['fixed_ips', 'network_id', 'dns_name', 'dns_assignment', 'ipv6_bandwidth_id'];

/** A port as version 3 of the VPC lists it: other names, no `fixed_ips` (schema: `Port` of the Node SDK). */
export function portBodyV3(cloud: Cloud, port: Port, device: string): Record<string, unknown> {
  const same = Object.entries(portBody(cloud, port, device, 'list')).filter(
    ([key]) => !ONLY_V1.includes(key),
  );
  return {
    ...Object.fromEntries(same),
    admin_state_up: true,
    private_ips: fixedIps(cloud, port).map(({ subnet_id, ip_address }) => ({
      subnet_cidr_id: subnet_id,
      ip_address,
    })),
    virsubnet_id: port.networkId,
    vpc_id: cloud.world.network.vpcId,
    project_id: cloud.settings.projectId,
    tags: [],
  };
}

/** An elastic IP (docs/cloud-api.md §4.3); bound to nothing it is DOWN. */
export function elasticIpBody(cloud: Cloud, elasticIp: ElasticIp): Record<string, unknown> {
  const port = cloud.world.livePort(elasticIp.portId);
  const absent = !port && cloud.knobs.unboundElasticIp === 'absent';
  return {
    id: elasticIp.id,
    status: port ? 'ACTIVE' : 'DOWN',
    type: '5_bgp',
    public_ip_address: elasticIp.address,
    ...(absent ? {} : { port_id: elasticIp.portId, private_ip_address: port?.ip ?? '' }),
    tenant_id: cloud.settings.projectId,
  };
}

function vifDetails(cloud: Cloud, port: Port, as: 'single' | 'list'): Record<string, unknown> {
  const told = as === 'single' || cloud.knobs.portListPrimary;
  return { ...(told ? primaryInterface(cloud, port) : {}), port_filter: true, ovs_hybrid_plug: true };
}

function primaryInterface(cloud: Cloud, port: Port): { primary_interface?: boolean } {
  switch (cloud.knobs.portPrimary) {
    case 'marked':
      return { primary_interface: port.primary };
    case 'omitted':
      return {};
    case 'denied':
      return { primary_interface: false };
    case 'wrong':
      return { primary_interface: !port.primary };
  }
}
