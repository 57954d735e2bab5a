/** The name under which a port is made in the place of a NIC's old one, and by which it is found again. */

/** Carries run and NIC, so that a lost answer leaves no port behind. It gets its old name at the end. */
export function portNameFor(nicId: string, firstRunId: string): string {
  return `${portPrefix(nicId)}${firstRunId}`;
}

/** Made for that NIC, by this run or another one that did not come to its end. */
export function isPortFor(nicId: string, name: string | null): boolean {
  return name?.startsWith(portPrefix(nicId)) === true;
}

/** Of every run's. */
export function portPrefix(nicId: string): string {
  return `ecs-nics ${nicId} `;
}
