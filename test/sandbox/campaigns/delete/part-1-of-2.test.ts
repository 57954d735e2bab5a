/** Seeded schedules of answers, faults, crashes, messages and interventions on virtual time; the ledger is the judge. */
import { campaign } from '../part';

campaign(0, 2);
