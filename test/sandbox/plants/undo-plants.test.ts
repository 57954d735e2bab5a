/** The bugs that the campaign over undo and restore has to catch. */
import { checkPlants } from './check';
import { emptyUndoTally, playUndoSeed } from '../campaigns/undo/campaign';
import { UNDO_PLANTS } from './undo-plants';

checkPlants(UNDO_PLANTS, 'The second campaign: undo, commit, restore', (seed, world, from) =>
  playUndoSeed(seed, world, emptyUndoTally(), from),
);
