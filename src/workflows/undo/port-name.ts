/** The name under which a port is made in the place of a NIC's old one, and by which it is found again. */
import { workflowInfo } from '@temporalio/workflow';

/** Carries run and NIC, so that a lost answer leaves no port behind. It gets its old name at the end. */
export function portNameFor(nicId: string): string {
  return `${prefix(nicId)}${workflowInfo().firstExecutionRunId}`;
}

/** Made for that NIC, by this run or another one that did not come to its end. */
export function isPortFor(nicId: string, name: string | null): boolean {
  return name?.startsWith(prefix(nicId)) === true;
}

function prefix(nicId: string): string {
  return `ecs-nics ${nicId} `;
}
