/** A third of the campaign: see campaign.ts. */
import { partOf } from '../part';
import { fleets } from './campaign';

partOf(fleets, 1, 3);
