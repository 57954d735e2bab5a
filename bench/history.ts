/** What the history of a run says about its cost. */
import type { WorkflowHandle } from '@temporalio/client';

type Events = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>;
type Event = Events[number];

export interface HistoryFacts {
  events: number;
  bytes: number;
  /** Each is a way to the worker and back. */
  workflowTasks: number;
  /** Epoch ms at which the server knew the answer of the last poll; `NaN`: none was made. */
  lastPollAt: number;
  /** Epoch ms. */
  startedAt: number;
  closedAt: number;
}

export async function historyFacts(handle: WorkflowHandle): Promise<HistoryFacts> {
  const [{ events }, description] = await Promise.all([handle.fetchHistory(), handle.describe()]);
  const bytes = Number(description.raw.workflowExecutionInfo?.historySizeBytes ?? NaN);
  return { ...factsOf(events ?? []), bytes };
}

/** All but the size, which only the server knows. */
export function factsOf(events: Events): Omit<HistoryFacts, 'bytes'> {
  const polls = new Set(
    events
      .filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'getJobStatus')
      .map((event) => Number(event.eventId)),
  );
  const answers = events.filter((event) =>
    polls.has(Number(event.activityTaskCompletedEventAttributes?.scheduledEventId ?? NaN)),
  );
  return {
    events: events.length,
    workflowTasks: events.filter((event) => event.workflowTaskCompletedEventAttributes).length,
    lastPollAt: timeOf(answers.at(-1)),
    startedAt: timeOf(events[0]),
    closedAt: timeOf(events.at(-1)),
  };
}

/** Epoch ms at which the timer that runs last was to fire; `undefined`: there is none. */
export async function lastTimerDueAt(handle: WorkflowHandle): Promise<number | undefined> {
  const { events } = await handle.fetchHistory();
  const timer = events?.filter((event) => event.timerStartedEventAttributes).at(-1);
  const duration = timer?.timerStartedEventAttributes?.startToFireTimeout;
  return timer === undefined ? undefined : timeOf(timer) + msOf(duration);
}

const timeOf = (event: Event | undefined): number => msOf(event?.eventTime);

type Time = { seconds?: unknown; nanos?: number | null } | null | undefined;

/** A time or a duration of the protocol, in ms. */
const msOf = (time: Time): number =>
  time ? Number(time.seconds ?? 0) * 1_000 + (time.nanos ?? 0) / 1e6 : NaN;
