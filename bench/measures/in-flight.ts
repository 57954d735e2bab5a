/** The worker is killed while the cloud has accepted a deletion and not answered yet: how often is it sent? */
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { until } from '../../dev/ports';
import type { Bed, Subject } from '../bed';
import { checkDeleted } from '../bed';
import { callsOf } from '../targets';
import type { Target } from '../targets';
import type { Samples } from '../figures';
import { row } from '../figures';
import type { Measure } from './measure';

/** The naive worker's time-out of 60 s, and ours of 15 s, show that it is gone; then there is time for what each makes of it. */
const WATCHED_S = 70;
const DOWN_MS = 1_000;
/** Ours looks twice, so far apart, before it says what happened; usually 30 s, for which this bench does not wait. */
const SETTLE_MS = 2_000;
const JOB_SECONDS = 12;
const TARGET_POSTS = 1;

export const inFlight: Measure = {
  title: 'kill -9 while the answer to an accepted POST is under way',
  usual: { runs: 5, rounds: 1 },
  quick: { runs: 2, rounds: 1 },

  async run(bed, { runs, rounds, say }) {
    const posts: Samples = { ours: [], naive: [] };
    const ends = new Map<string, number>();
    for (let round = 1; round <= rounds; round++) {
      say(`round ${round} of ${rounds}: ${runs} runs, both at once, ${WATCHED_S} s`);
      // Counts, not times: the two don't disturb each other.
      const turns = await Promise.all(bed.subjects.map((subject) => takeTurn(bed, subject, runs)));
      turns.forEach((turn, i) => {
        const { name } = bed.subjects[i] as Subject;
        posts[name].push(...turn.posts);
        for (const end of turn.ends) ends.set(`${name} ${end}`, (ends.get(`${name} ${end}`) ?? 0) + 1);
      });
    }
    return {
      rows: [row(`POSTs within ${WATCHED_S} s of the kill`, '', posts, TARGET_POSTS)],
      notes: [`Runs by then: ${[...ends].map(([end, count]) => `${count} × ${end}`).join(', ')}.`],
    };
  },
};

async function takeTurn(
  bed: Bed,
  subject: Subject,
  runs: number,
): Promise<{ posts: number[]; ends: string[] }> {
  const { cloud } = bed;
  const targets = await cloud.servers(runs, JOB_SECONDS);
  await cloud.loseAnswers(targets);
  const handles = await Promise.all(targets.map((target) => subject.start(target, { settleMs: SETTLE_MS })));
  const posted = async () => (await postsOf(bed, targets)).every((count) => count === 1);
  if (!(await until(posted, 30_000))) throw new Error(`${subject.name}: not all runs submitted within 30 s`);
  const killedAt = Date.now();
  await subject.worker.kill();
  await sleep(DOWN_MS);
  subject.worker.start();
  await sleep(killedAt + WATCHED_S * 1_000 - Date.now());
  const posts = await postsOf(bed, targets);
  const ends = await Promise.all(handles.map(endOf));
  // What the naive worker's runs report, if they end at all, is no answer to be held to.
  if (subject.name === 'ours') await checkDeleted(bed, subject, targets, handles);
  return { posts, ends };
}

async function postsOf({ cloud }: Bed, targets: readonly Target[]): Promise<number[]> {
  return callsOf(targets, await cloud.ledger()).map(({ byClass }) => byClass.delete ?? 0);
}

/** The run's state in words; one that still runs is ended, or it would go on sending. */
async function endOf(handle: WorkflowHandle): Promise<string> {
  const { status } = await handle.describe();
  if (status.name !== 'RUNNING') return status.name.toLowerCase();
  await handle.terminate('the measurement is over');
  return 'still running';
}
