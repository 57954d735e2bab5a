/** The parts of the product that a world is made of; the mutation check brings others than these. */
import { createActivities } from '../../src/activities';
import { createCloud } from '../../src/ecs/client';
import { RateLimiter } from '../../src/ecs/limiter';
import { DEFAULT_LIMITS, TransportError } from '../../src/ecs/transport';
import { previousOpenRun } from '../../src/worker/namespace';

export const product = {
  createActivities,
  createCloud,
  RateLimiter,
  DEFAULT_LIMITS,
  TransportError,
  previousOpenRun,
};

export type Product = typeof product;
