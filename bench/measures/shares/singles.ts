/** Single requests, one a server, as another service starts them: without a priority, some seconds apart. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bed } from '../../bed';
import { checkDeleted } from '../../bed';

export interface Single {
  /** From before its start until its run was closed, by the server. */
  seconds: number;
}

/** @param goesOn asked before each further one */
export async function singles(
  bed: Bed,
  count: number,
  jobSeconds: [number, number],
  everyMs: number,
  goesOn: () => boolean,
): Promise<Single[]> {
  const [ours] = bed.subjects;
  const targets = await bed.cloud.servers(count, jobSeconds);
  const begun: { at: number; handle: Awaited<ReturnType<typeof ours.start>> }[] = [];
  for (const target of targets) {
    if (begun.length > 0) await sleep(everyMs);
    if (!goesOn()) break;
    const at = Date.now();
    begun.push({ at, handle: await ours.start(target) });
  }
  await checkDeleted(
    bed,
    ours,
    targets.slice(0, begun.length),
    begun.map(({ handle }) => handle),
  );
  return Promise.all(
    begun.map(async ({ at, handle }) => {
      const { closeTime } = await handle.describe();
      return { seconds: ((closeTime?.getTime() ?? NaN) - at) / 1_000 };
    }),
  );
}
