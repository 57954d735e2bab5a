/** How much one run of a chain has in its history, as the server counts. */
import type { Command, Job } from '../replica';

/** Limits of the server: Updates of one run, and those of it that wait for an answer. */
export const MAX_UPDATES = 2_000;
export const MAX_WAITING_UPDATES = 10;
/** From so many events on it suggests to continue as new … */
const LONG_EVENTS = 4_096;
/** … and from this share of the Updates that it takes. */
const LONG_UPDATES = 0.9;

export interface Most {
  events: number;
  updates: number;
  payloadBytes: number;
}

export class HistorySize {
  events = 2;
  updates = 0;

  constructor(private readonly most: Most) {}

  /** A workflow task with what it was made for and what came of it. */
  add(jobs: Job[], commands: Command[]): void {
    const answers = commands.flatMap(({ updateResponse }) => updateResponse ?? []);
    const accepted = answers.filter((answer) => answer.accepted).length;
    const completed = answers.filter((answer) => answer.completed).length;
    const results = jobs.filter(({ resolveActivity }) => resolveActivity).length;
    const told = jobs.filter(({ fireTimer, signalWorkflow }) => fireTimer || signalWorkflow).length;
    const others = commands.length - answers.length;
    // Scheduled, started, completed; an activity is started and ended.
    this.events += 3 + 2 * results + told + others + accepted + completed;
    this.updates += accepted;
    const { most } = this;
    most.events = Math.max(most.events, this.events);
    most.updates = Math.max(most.updates, this.updates);
    most.payloadBytes = Math.max(most.payloadBytes, largest(jobs), largest(commands));
  }

  isLong(maxUpdates: number): boolean {
    return this.events >= LONG_EVENTS || this.updates >= LONG_UPDATES * maxUpdates;
  }
}

/** Bytes of the largest payload in it. */
function largest(value: unknown): number {
  if (value instanceof Uint8Array) return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  let most = 0;
  for (const part of Object.values(value)) most = Math.max(most, largest(part));
  return most;
}
