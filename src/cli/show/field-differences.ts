/** Describes how a NIC that was put back differs from before: one line per field. No IO. */
import type { Difference, NicRow } from '../../contract';
import { isRecord } from '../../contract/values';
import { clean, cut } from '../format';

/** Enough for a list of security groups. A port may hold a hundred of any kind. */
const MAX_VALUE = 200;

const NAMES: Record<Difference['field'], string> = {
  networkId: 'network',
  fixedIps: 'ip',
  mac: 'mac',
  deleteOnTermination: 'deleted with the server',
  name: 'name',
  securityGroups: 'security groups',
  allowedAddressPairs: 'allowed address pairs',
  dhcpOptions: 'DHCP options',
  portSecurityEnabled: 'port security',
  elasticIps: 'elastic IPs',
  elasticIp: 'elastic IP',
  position: 'position',
};

/** `mac: fa:16:3e:00:00:02 → fa:16:3e:00:00:09`. Documents of earlier versions have no differences. */
export function differenceLines(nic: NicRow): string[] {
  return ((nic.differences as Difference[] | undefined) ?? []).map(
    ({ field, before, after }) =>
      `${NAMES[field] ?? clean(String(field))}: ${valueText(before)} → ${valueText(after)}`,
  );
}

function valueText(value: unknown): string {
  const text = Array.isArray(value) ? value.map(itemText).join(', ') : itemText(value);
  return cut(text === '' ? 'none' : text, MAX_VALUE);
}

function itemText(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return clean(value);
  if (typeof value === 'number') return String(value);
  return isRecord(value) ? pairText(value) : 'none';
}

/** For a fixed IP its address; for other items their two parts. */
function pairText(value: Record<string, unknown>): string {
  const { ip, mac, name, value: option } = value;
  if (typeof name === 'string') return `${clean(name)}=${itemText(option)}`;
  return [ip, mac]
    .filter((part) => typeof part === 'string')
    .map(itemText)
    .join(' ');
}
