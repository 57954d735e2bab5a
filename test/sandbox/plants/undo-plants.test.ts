import { undos } from '../campaigns/undo/campaign';
import { checkPlants } from './check';
import { UNDO_PLANTS } from './undo-plants';

checkPlants(undos, UNDO_PLANTS);
