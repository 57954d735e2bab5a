/** The parts of the product that a world is made of; the mutation check brings others than these. */
import { createActivities } from '../../../src/activities';
import { createCloud } from '../../../src/ecs/client';
import { RateLimiter } from '../../../src/ecs/limiter';
import { createSets } from '../../../src/ecs/sets';
import { DEFAULT_LIMITS, TransportError } from '../../../src/ecs/transport';
import { previousOpenRun } from '../../../src/worker/temporal/namespace';
import type { Sandbox } from './replica';

export const product = {
  createActivities,
  createCloud,
  createSets,
  RateLimiter,
  DEFAULT_LIMITS,
  TransportError,
  previousOpenRun,
};

export type Product = typeof product;

let instead: { product: Product; sandbox: Sandbox } | null = null;

/** What worlds are made of and workflows run in where nothing else is asked for; `null`: the sources as they are. */
export function inPlay(): typeof instead {
  return instead;
}

/** Plays with a copy of the product, as long as `work` goes on. */
export async function playingWith(
  copy: NonNullable<typeof instead>,
  work: () => Promise<void>,
): Promise<void> {
  instead = copy;
  try {
    await work();
  } finally {
    instead = null;
  }
}
