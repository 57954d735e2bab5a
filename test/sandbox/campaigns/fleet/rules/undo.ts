/** What people want back comes back, or is told as what it is; and nothing else happens to it. */
import { expect } from 'vitest';
import { RUN_ID } from '../operator';
import type { FleetTruth } from '../truth';
import { undoneAt } from '../truth';

/** A server that somebody has named, or whose run is undone, is not begun afterwards. */
export function beginsNothingThatIsUndone(truth: FleetTruth): void {
  for (const { at, staged } of truth.starts)
    expect(
      at,
      `start of server ${staged.index}, which was to be put back at ${undoneAt(truth, staged.id) - truth.run.at} ms`,
    ).toBeLessThanOrEqual(undoneAt(truth, staged.id) + truth.reachMs);
}

/** Nobody is put back whom nobody wants back. */
export function putsBackOnlyWhatIsUndone(truth: FleetTruth): void {
  for (const { at, staged } of truth.backs)
    expect(at, `restore of server ${staged.index}`).toBeGreaterThanOrEqual(undoneAt(truth, staged.id));
}

export function putsBack(truth: FleetTruth): void {
  const { played, reports, touched } = truth;
  const { control } = played.world.simulator;
  const { record } = played.server;
  // Of a run, or a page, that was ended from outside nobody knows what it still does.
  const isOutside = (workflowId: string) => record.outside.some((each) => each.workflowId === workflowId);
  if (isOutside(RUN_ID)) return;
  for (const [page, { servers }] of reports) {
    if (isOutside(`${RUN_ID}/pages/${page}`)) continue;
    for (const { serverId, outcome, nics } of servers) {
      if (undoneAt(truth, serverId) === Infinity) continue;
      const places = new Map(control.truth(serverId).nics.map(({ id, state }) => [id, state]));
      const taken = touched.filter((each) => each.serverId === serverId);
      const what = `server of page ${page}, undone, told as ${outcome}`;
      if (played.plan.settings.undoWindow !== '0s')
        for (const { nicId } of taken)
          expect(places.get(nicId), `place of a kept port of a ${what}`).not.toBe('port-gone');
      if (outcome === 'unknown' || outcome === 'restore-incomplete') continue;
      for (const { nicId } of taken) {
        const isAnew = nics.some(({ id, outcome: of }) => id === nicId && of === 'recreated');
        if (!isAnew) expect(places.get(nicId), `place of a NIC of a ${what}`).toBe('on-server');
      }
    }
  }
}
