/** The name of a port that replaces a NIC's old port. The run finds the port by this name. */

/**
 * Contains run and NIC, so that the run finds the port even if the answer to its creation was lost. At the end the port
 * gets its old name.
 */
export function portNameFor(nicId: string, firstRunId: string): string {
  return `${portPrefix(nicId)}${firstRunId}`;
}

/** The port was made for this NIC, by this run or by one that ended too early. */
export function isPortFor(nicId: string, name: string | null): boolean {
  return name?.startsWith(portPrefix(nicId)) === true;
}

/** The part of the name that is the same for every run. */
export function portPrefix(nicId: string): string {
  return `ecs-nics ${nicId} `;
}
