/** The bugs that the campaign has to catch. */
import { emptyTally, playSeed } from '../campaigns/runner';
import { PLANTS } from './delete-plants';
import { checkPlants } from './check';

checkPlants(PLANTS, 'Does it catch anything?', (seed, world, from) =>
  playSeed(seed, world, emptyTally(), from),
);
