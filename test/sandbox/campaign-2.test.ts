/** The other half of the campaign: see campaign.test.ts. */
import { campaign } from './campaign-shard';

campaign(1, 2);
