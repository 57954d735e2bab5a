/** Seeded schedules of undo, commit, cancel, restore and crashes at every step; the cloud's ledger and state are the judge. */
import { undoCampaign } from '../../undo-campaign-shard';

undoCampaign(1, 2);
