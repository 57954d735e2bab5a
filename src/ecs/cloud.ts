/** The part of Huawei Cloud that this product calls, as plain objects. Wire formats stay inside `src/ecs`. */

export interface ServerDetail {
  id: string;
  name: string | null;
  status: string;
  taskState: string | null;
  locked: boolean;
  frozen: boolean;
  /** Port ids that the detail names as primary (`addresses[].primary`, `network_interfaces[].primary`). */
  primaryPortIds: string[];
  /** Elastic IP by port id. */
  elasticIps: Record<string, string>;
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

export interface Accepted {
  jobId: string;
  requestId: string | null;
}

export interface CallOptions {
  signal?: AbortSignal;
  /**
   * Epoch ms after which the request must not be written any more (checked after waiting for the rate limit, just
   * before the bytes leave).
   */
  notAfter?: number;
}

/** Every method throws {@link import('./errors').CloudError}, and nothing else, when there is no usable answer. */
export interface Cloud {
  readonly projectId: string;
  readonly region: string;
  showServer(serverId: string, options?: CallOptions): Promise<ServerDetail>;
  listInterfaces(serverId: string, options?: CallOptions): Promise<ServerInterface[]>;
  showPort(portId: string, options?: CallOptions): Promise<Port>;
  showJob(jobId: string, options?: CallOptions): Promise<Job>;
  /** Not idempotent: the caller must never repeat it blindly. */
  deleteNics(serverId: string, nicIds: string[], options?: CallOptions): Promise<Accepted>;
  close(): Promise<void>;
}
