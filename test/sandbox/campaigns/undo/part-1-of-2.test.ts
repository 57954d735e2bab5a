/** A half of the campaign: see campaign.ts. */
import { part } from '../part';
import { undos } from './campaign';

part(undos, 1, 2);
