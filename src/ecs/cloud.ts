/** The part of Huawei Cloud that this product calls, as plain objects. Wire formats stay inside `src/ecs`. */

export interface ServerDetail {
  id: string;
  name: string | null;
  status: string;
  taskState: string | null;
  /** `null`: the cloud does not say. */
  locked: boolean | null;
  frozen: boolean | null;
  /** `false`: the detail has neither addresses nor interfaces, so it says nothing about primary NIC and elastic IPs. */
  addressesTold: boolean;
  /** Port ids that the detail names as primary (`addresses[].primary`, `network_interfaces[].primary`). */
  primaryPortIds: string[];
  /** Every NIC that the detail names; `null`: some row of it names none, so that a NIC may be missing. */
  portIds: string[] | null;
  /** Fixed IPs and MAC by port id. A NIC of which the detail tells neither has no entry. */
  addresses: Record<string, NicAddress>;
  /** Elastic IPs by port id. */
  elasticIps: Record<string, string[]>;
  /** As the cloud writes them, such as `key=value`; `null`: it does not say. */
  tags: string[] | null;
}

export interface NicAddress {
  ips: string[];
  /** `null`: the detail does not tell, or tells two. */
  mac: string | null;
}

export interface ServerInterface {
  portId: string;
  portState: string | null;
  networkId: string | null;
  mac: string | null;
  fixedIps: { subnetId: string | null; ip: string }[];
  deleteOnTermination: boolean | null;
}

export interface Port {
  id: string;
  name: string | null;
  networkId: string | null;
  mac: string | null;
  fixedIps: { subnetId: string | null; ip: string }[];
  /** Empty: free. */
  deviceId: string;
  status: string | null;
  securityGroups: string[] | null;
  allowedAddressPairs: { ip: string; mac: string | null }[] | null;
  dhcpOptions: { name: string; value: string | null }[] | null;
  portSecurityEnabled: boolean | null;
  /** `null`: the port does not say. */
  primaryInterface: boolean | null;
}

/** A port to create. At most one fixed IP: the cloud takes no more (docs/cloud-api.md §4.2). */
export interface PortSpec {
  networkId: string;
  name: string;
  /** `null`: the cloud chooses. */
  address: { subnetId: string | null; ip: string } | null;
  /** `null`: the cloud's default. */
  securityGroups: string[] | null;
  allowedAddressPairs: Port['allowedAddressPairs'];
  dhcpOptions: Port['dhcpOptions'];
}

/** Fields that are left out stay as they are. */
export type PortChanges = Partial<
  Pick<PortSpec, 'name' | 'securityGroups' | 'allowedAddressPairs' | 'dhcpOptions'>
>;

export interface PortFilter {
  name?: string;
  networkId?: string;
  /** Id of the server. */
  deviceId?: string;
}

export interface ElasticIp {
  id: string;
  /** `null`: the cloud does not say. */
  address: string | null;
  /** Empty: bound to no port. */
  portId: string;
  /** `DOWN`: unbound; `ACTIVE`, …: the cloud's own word. */
  status: string | null;
}

export interface Job {
  id: string | null;
  status: string;
  beginAt: string | null;
  /** `null` while it runs (the wire has `""`) or when unreadable. */
  endAt: string | null;
  errorCode: string | null;
  failReason: string | null;
  subJobs: { nicId: string | null; status: string; errorCode: string | null; failReason: string | null }[];
}

/** How several server ids stand in one query: `a,b`, or a parameter each (docs/cloud-api.md §3.6). */
export type IdForm = 'comma' | 'repeated';

/** Called when the request is about to leave, after the wait for the rate limit: it can take along what came meanwhile. */
export type Ids = () => readonly string[];

export interface Accepted {
  jobId: string;
  requestId: string | null;
}

export interface CallOptions {
  signal?: AbortSignal;
  /**
   * Epoch ms after which the request must not be written any more (checked after waiting for the rate limit, just
   * before the bytes leave). Of equally urgent calls the one that ends first goes first.
   */
  notAfter?: number;
  /**
   * Called just before a write is sent. `false` or a rejection stops it; the error has the rejection's message. Reads
   * do not call it.
   */
  confirm?: () => Promise<boolean>;
  /** Called when a request is about to leave, after the wait for the rate limit. */
  begins?: () => void;
  /** Of the calls that wait for the rate limit the one with the lowest number goes first. */
  urgency?: number;
  /** Equally urgent calls that come up to so many ms later may go first: a call for a set takes along what comes meanwhile. */
  yieldsMs?: number;
}

/** Every method throws {@link import('./errors').CloudError}, and nothing else, when there is no usable answer. */
export interface Cloud {
  readonly projectId: string;
  readonly region: string;
  /** Base addresses in the form in which they are called. */
  readonly endpoints: { readonly ecs: string; readonly vpc: string };
  showServer(serverId: string, options?: CallOptions): Promise<ServerDetail>;
  /** By id in lower case. `null`: the cloud does not know the server. Whatever the answer leaves out has no entry. */
  showServers(ids: Ids, form: IdForm, options?: CallOptions): Promise<Map<string, ServerDetail | null>>;
  /**
   * A page of the project's servers, in an order of the cloud's own. `after`: the last one of the page before.
   * `last`: the last one of this page; `null`: there are no more.
   */
  listServers(
    page: { after: string | null; limit: number },
    options?: CallOptions,
  ): Promise<{ servers: ServerDetail[]; last: string | null }>;
  listInterfaces(serverId: string, options?: CallOptions): Promise<ServerInterface[]>;
  showPort(portId: string, options?: CallOptions): Promise<Port>;
  /** By id in lower case, in one call. Ports that do not exist have no entry, nor has whatever the answer leaves out. */
  showPorts(ids: Ids, options?: CallOptions): Promise<Map<string, Port>>;
  showJob(jobId: string, options?: CallOptions): Promise<Job>;
  /** Not idempotent: the caller must never repeat it blindly. */
  deleteNics(serverId: string, nicIds: string[], options?: CallOptions): Promise<Accepted>;
  /** Not idempotent. Attaches free ports, in this order. */
  attachNics(serverId: string, portIds: string[], options?: CallOptions): Promise<Accepted>;
  /** Idempotent, like all methods below unless they say otherwise. */
  setDeleteOnTermination(
    serverId: string,
    portId: string,
    value: boolean,
    options?: CallOptions,
  ): Promise<void>;
  /** All ports that fit the filter, in as many calls as needed. */
  listPorts(filter: PortFilter, options?: CallOptions): Promise<Port[]>;
  /** Not idempotent: the cloud creates any number of ports with one name. */
  createPort(spec: PortSpec, options?: CallOptions): Promise<Port>;
  updatePort(portId: string, changes: PortChanges, options?: CallOptions): Promise<void>;
  /** The cloud refuses to delete a port that is in use. */
  deletePort(portId: string, options?: CallOptions): Promise<void>;
  /** All elastic IPs of the project, in as many calls as needed. */
  listElasticIps(options?: CallOptions): Promise<ElasticIp[]>;
  bindElasticIp(elasticIpId: string, portId: string, options?: CallOptions): Promise<void>;
  close(): Promise<void>;
}
