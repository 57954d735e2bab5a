/** The other half of the campaign: see campaign.test.ts. */
import { campaign } from '../part';

campaign(1, 2);
