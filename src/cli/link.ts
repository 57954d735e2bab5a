/** Where a run is seen in Temporal's Web UI. */
import { isTemporalCloud } from '../client/connect';
import { endpointOf } from '../client/target';

const UI_PORT = 8233;
/** `temporal server start-dev` serves its UI this many ports above the one for gRPC. */
const DEV_SERVER_UI_OFFSET = 1_000;

export interface RunRef {
  workflowId: string;
  runId: string;
  url: string;
  /** Of the chain's first run, for a run that has continued as new. */
  firstRunId?: string;
}

export function runLink(base: string, namespace: string, workflowId: string, runId: string): string {
  const [ns, workflow, run] = [namespace, workflowId, runId].map(encodeURIComponent);
  return `${base}/namespaces/${ns}/workflows/${workflow}/${run}`;
}

/** `TEMPORAL_UI_URL` when it is set, else what is usual for the address. */
export function uiBase(address: string, configured: string | undefined): string {
  if (configured !== undefined && configured.trim() !== '') return configured.trim().replace(/\/+$/, '');
  const endpoint = endpointOf(address);
  const host = endpoint?.host ?? 'localhost';
  if (isTemporalCloud(address)) return 'https://cloud.temporal.io';
  const port =
    endpoint !== null && isLoopback(host) && endpoint.port + DEV_SERVER_UI_OFFSET < 65_536
      ? endpoint.port + DEV_SERVER_UI_OFFSET
      : UI_PORT;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Whether `TEMPORAL_UI_URL` is what a link can begin with. */
export function isUiUrl(configured: string): boolean {
  return /^https?:\/\/[^\s\p{C}?#@]+$/u.test(configured.trim()) && URL.canParse(configured.trim());
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}
