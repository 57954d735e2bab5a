/** What a command reports if the run does not answer after a signal or an Update. */
import type { Context } from '../context';
import { pageOf } from '../context';
import type { RunRef } from '../link';
import type { KnownRun } from '../../client/find';
import type { Output } from '../output';
import { whyLines } from './report';
import { readWhy } from '../../client/silent';
import { mainReason, reasonText, whyDocument } from '../../client/explain/silence';

export interface Silence {
  text: string;
  lines: string[];
  document: object;
}

/** `null`: Temporal does not answer at present. */
export async function silenceOf(
  { temporal }: Context,
  run: KnownRun,
  ref: RunRef,
  output: Output,
): Promise<Silence | null> {
  const why = await readWhy(temporal, run).catch(() => null);
  if (why === null) return null;
  const where = { ...ref, namespace: temporal.namespace };
  return {
    text: reasonText(mainReason(why)),
    lines: whyLines(why, where, pageOf(output)),
    document: whyDocument(why, where, temporal.namespace),
  };
}
