/** What the end-to-end tests ask of the simulated cloud, and the pace they run at. */
import type { Simulator } from '../../dev/simulator';

/** Short waits: the defaults are made for a real cloud. */
export const TIMING = {
  firstPoll: '500ms',
  pollInterval: '500ms',
  settle: '1s',
  verifyFor: '2s',
  busyWait: '1s',
};

export interface ServerView {
  id: string;
  nics: { id: string; ip: string; mac: string; primary: boolean }[];
}

/** `nics`: all but the primary one. */
export async function createServer(
  simulator: Simulator,
  settings: Record<string, unknown> = {},
): Promise<{ id: string; primary: string; nics: string[] }> {
  const view = await simulator.post<ServerView>('/_sim/servers', { nics: 4, jobSeconds: 1, ...settings });
  return {
    id: view.id,
    primary: view.nics.find((nic) => nic.primary)?.id ?? '',
    nics: view.nics.filter((nic) => !nic.primary).map((nic) => nic.id),
  };
}

/** How many deletions were sent, whatever became of them. */
export async function posts(simulator: Simulator, serverId: string): Promise<number> {
  const { requests } = await simulator.get<{ requests: { class: string }[] }>(
    `/_sim/ledger?serverId=${serverId}`,
  );
  return requests.filter((request) => request.class === 'delete').length;
}

export async function untilPosted(simulator: Simulator, serverId: string): Promise<void> {
  for (let tries = 0; tries < 150; tries++) {
    if ((await posts(simulator, serverId)) > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('no deletion was sent within 15 s');
}
