/** The worker is killed while runs wait on a poll's timer, and started again: how long until the cloud is asked again? */
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../dev/ports';
import type { Bed, Subject } from '../bed';
import { checkDeleted, untilClosed } from '../bed';
import type { Target } from '../targets';
import { lastTimerDueAt } from '../history';
import type { Samples } from '../figures';
import { row } from '../figures';
import type { Measure } from './measure';

/** The naive worker's fixed pause; ours polls at the same pace here, so that both wait equally long. */
const POLL_MS = 5_000;
/** Killed so long after the submission, when three seconds are left. */
const KILL_AFTER_MS = 2_000;
/** As fast as a supervisor starts a crashed process again. */
const DOWN_MS = 1_000;
/** Ended before the first poll, so that one poll brings the run to its end. */
const JOB_SECONDS = 4;
/** Three seconds of waiting that are left, the two of the sticky queue, and one to get going. */
const TARGET_S = 6;

export const restart: Measure = {
  title: `kill -9 while a poll is waited for, a new worker ${DOWN_MS / 1_000} s later`,
  usual: { runs: 5, rounds: 2 },
  quick: { runs: 3, rounds: 1 },

  async run(bed, { runs, rounds, say }) {
    const next: Samples = { ours: [], naive: [] };
    const late: Samples = { ours: [], naive: [] };
    for (let round = 1; round <= rounds; round++) {
      for (const subject of bed.subjects) {
        say(`round ${round} of ${rounds}: ${runs} runs, ${subject.name}`);
        const turn = await takeTurn(bed, subject, runs);
        next[subject.name].push(...turn.map(({ nextCallS }) => nextCallS));
        late[subject.name].push(...turn.map(({ lateS }) => lateS));
      }
    }
    return {
      rows: [
        row('kill → next call of that run', 's', next, TARGET_S),
        row("the timer's due time → next call", 's', late),
      ],
      notes: [
        `Both poll every ${POLL_MS / 1_000} s (ours ± 15 %) and are killed ${KILL_AFTER_MS / 1_000} s into the first pause.`,
      ],
    };
  },
};

async function takeTurn(
  bed: Bed,
  subject: Subject,
  runs: number,
): Promise<{ nextCallS: number; lateS: number }[]> {
  const { cloud } = bed;
  const targets = await cloud.servers(runs, JOB_SECONDS);
  const handles = await Promise.all(targets.map((target) => subject.start(target, { pollMs: POLL_MS })));
  const submitted = async () => (await submissions(bed, targets)).length === runs;
  if (!(await until(submitted, 30_000)))
    throw new Error(`${subject.name}: not all runs submitted within 30 s`);
  await sleep(Math.max(...(await submissions(bed, targets))) + KILL_AFTER_MS - Date.now());
  const dueAt = await Promise.all(handles.map(lastTimerDueAt));
  const killedAt = Date.now();
  await subject.worker.kill();
  await sleep(DOWN_MS);
  subject.worker.start();
  await untilClosed(bed, subject, 120_000);
  await checkDeleted(bed, subject, targets, handles);
  const { requests } = await cloud.ledger();
  return targets.map(({ serverId }, i) => {
    const call = requests.find((request) => request.serverId === serverId && request.at >= killedAt);
    return {
      nextCallS: ((call?.at ?? NaN) - killedAt) / 1_000,
      lateS: ((call?.at ?? NaN) - (dueAt[i] ?? NaN)) / 1_000,
    };
  });
}

/** When the cloud accepted each submission so far, in epoch ms. */
async function submissions({ cloud }: Bed, targets: readonly Target[]): Promise<number[]> {
  const ids = new Set(targets.map(({ serverId }) => serverId));
  return (await cloud.ledger()).jobs.filter((job) => ids.has(job.serverId)).map((job) => job.acceptedAt);
}
