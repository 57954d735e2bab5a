import { it } from 'vitest';
import { askedDuringACall, twoProjects } from './set-schedules';

it('a request that comes while a call is under way is answered by the next one', askedDuringACall);

it('requests of two projects never share a call', twoProjects);
