import { fleets } from '../campaigns/fleet/campaign';
import { checkPlantsOf } from './check';
import { FLEET_PLANTS } from './fleet-plants';

checkPlantsOf(fleets, FLEET_PLANTS);
