/** What the audit's schedules have in common. */
import { expect } from 'vitest';
import type { ResultDocument } from '../../../../src/contract';
import type { FaultSpec } from '../../../../simulator';
import { expectRows, expectTruth } from '../../../support/truth';
import type { Played } from '../../engine/schedule';
import type { Play } from '../play-undo';
import { WHO } from '../../engine/play';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const busyOnce: FaultSpec = { match: { class: 'delete' }, what: { kind: 'busy' }, times: 1 };
export const refusedOnce: FaultSpec = {
  match: { class: 'delete' },
  what: { kind: 'answer', status: 403, body: { error: { code: 'Pdp.0001', message: 'policy' } } },
  times: 1,
};
/** As an account without the permission meets it, from the first call on. */
export const noElasticIps: FaultSpec = {
  match: { class: 'elastic-ips' },
  what: { kind: 'answer', status: 403, body: { error_code: 'APIGW.0302', error_msg: 'no' } },
  times: 1_000,
};
export const window = { undoWindow: '1 hour' };
export const inWindow = (at: number, act: () => unknown) => ({
  deeds: [{ after: 'undo-window' as const, at, act }],
});
export const decide = (name: 'undo' | 'commit', at: number) => [
  { after: 'undo-window' as const, at, name, request: WHO },
];

/** The report is the ledger's truth, and has a row for every NIC asked for. */
export async function isTrue({ world, told, all }: Play): Promise<void> {
  const asked = (all.at(-1)?.input as { nics: { id: string }[] }).nics.map(({ id }) => id);
  expectRows(told, asked);
  const { control } = world.simulator;
  const truth = (path: string) =>
    path.endsWith('invariants') ? { violations: control.invariants() } : control.truth(told.serverId);
  await expectTruth({ get: async <T>(path: string) => truth(path) as T }, told);
}

export const deletedAt = ({ world }: Pick<Play, 'world'>, portId: string) =>
  world.simulator.ledger.effects.find((it) => it.kind === 'port-deleted' && it.portId === portId)?.at ?? null;

export const answerOf = (played: Played | undefined, name: string) =>
  played?.waiting.find(({ plan }) => plan.name === name)?.asked.at(-1)?.answer;

/** Where a NIC's port was left alone nothing must tell anybody to delete it. */
export function harmless(told: ResultDocument): void {
  expect(
    JSON.stringify([told.warnings, told.nics.map(({ remedy, message }) => [remedy, message])]),
  ).not.toMatch(/DELETE/);
}
