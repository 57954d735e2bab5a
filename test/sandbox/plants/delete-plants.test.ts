import { deletions } from '../campaigns/delete/campaign';
import { checkPlants } from './check';
import { DELETE_PLANTS } from './delete-plants';

checkPlants(deletions, DELETE_PLANTS);
