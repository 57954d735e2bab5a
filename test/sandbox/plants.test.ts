/** The bugs that the campaign has to catch. */
import { emptyTally, playSeed } from './campaign';
import { PLANTS } from './plants';
import { checkPlants } from './plants-check';

checkPlants(PLANTS, 'Does it catch anything?', (seed, world, from) =>
  playSeed(seed, world, emptyTally(), from),
);
