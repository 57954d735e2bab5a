import type { PortChanges, PortSpec } from '../cloud';

/**
 * A port's fields in the form of the VPC service (docs/cloud-api.md §4.2). Fields that are absent or `null` are left
 * out.
 */
export function portBody(port: PortChanges & Partial<PortSpec>): Record<string, unknown> {
  const { networkId, name, address, securityGroups, allowedAddressPairs, dhcpOptions } = port;
  const body = {
    network_id: networkId,
    name,
    fixed_ips: address
      ? [{ ...(address.subnetId === null ? {} : { subnet_id: address.subnetId }), ip_address: address.ip }]
      : null,
    security_groups: securityGroups,
    allowed_address_pairs: allowedAddressPairs?.map(({ ip, mac }) => ({
      ip_address: ip,
      ...(mac === null ? {} : { mac_address: mac }),
    })),
    // The cloud removes an option that has no value.
    extra_dhcp_opts: dhcpOptions
      ?.filter(({ value }) => value !== null)
      .map(({ name, value }) => ({ opt_name: name, opt_value: value })),
  };
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value != null));
}
