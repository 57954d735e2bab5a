import { activityInfo } from '@temporalio/activity';
import type { EventFields, EventName } from '../../contract/events';
import type { Log } from './dependencies';

/** An event of the run for which the activity works. The log has the sentences. */
export function tell(log: Log, event: EventName, fields: EventFields): void {
  const { workflowExecution } = activityInfo();
  log.info(event, { event, ...workflowExecution, ...fields });
}
