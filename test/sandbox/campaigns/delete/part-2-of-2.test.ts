/** A half of the campaign: see campaign.ts. */
import { part } from '../part';
import { deletions } from './campaign';

part(deletions, 2, 2);
