/** The address of a run in Temporal's Web UI. */
import { isTemporalCloud } from '../client/connect';
import { endpointOf } from '../client/target';
import { isThisMachine } from '../contract/proxy';

const UI_PORT = 8233;
/** `temporal server start-dev` serves its UI this many ports above the one for gRPC. */
const DEV_SERVER_UI_OFFSET = 1_000;

export interface RunRef {
  workflowId: string;
  runId: string;
  url: string;
  /** Id of the first run of the chain, for a run that has continued as new. */
  firstRunId?: string;
}

export function runLink(base: string, namespace: string, workflowId: string, runId: string): string {
  const [ns, workflow, run] = [namespace, workflowId, runId].map(encodeURIComponent);
  return `${base}/namespaces/${ns}/workflows/${workflow}/${run}`;
}

/** `TEMPORAL_UI_URL` when it is set, otherwise the usual UI address for this server address. */
export function uiBase(address: string, configured: string | undefined): string {
  if (configured !== undefined && configured.trim() !== '') return configured.trim().replace(/\/+$/, '');
  const endpoint = endpointOf(address);
  const host = endpoint?.host ?? 'localhost';
  if (isTemporalCloud(address)) return 'https://cloud.temporal.io';
  const port =
    endpoint !== null && isThisMachine(host) && endpoint.port + DEV_SERVER_UI_OFFSET < 65_536
      ? endpoint.port + DEV_SERVER_UI_OFFSET
      : UI_PORT;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Whether a link can begin with this value of `TEMPORAL_UI_URL`. */
export function isUiUrl(configured: string): boolean {
  return /^https?:\/\/[^\s\p{C}?#@]+$/u.test(configured.trim()) && URL.canParse(configured.trim());
}
