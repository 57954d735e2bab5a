/** How the server learns that a worker which has a POST in hand is dead, and what the run may rely on then (decision 15). */

/**
 * A worker that has a POST in hand reports every `everyMs`, and is given up `timeoutMs` after its last report: four reports
 * may get lost in a row, on a busy event loop or a connection that breaks for some seconds.
 */
export const HEARTBEAT = { timeoutMs: 15_000, everyMs: 3_000 } as const;

/**
 * From so long after a POST was given up on, nothing of it is on its way any more: its bytes left at most 10 s later
 * (`CONFIRMED_FOR_MS` in `src/ecs/call.ts`), and the cloud has 10 s to take it, as long as a client waits for an answer.
 */
export const UNHEARD_MS = 20_000;
