/** Temporal's answer got lost: what was asked for may have been done. The client's own errors, made as it makes them. */
import { ServiceError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { asCliError } from '../../src/cli/cli-error';
import { deletion, restoration, startOrAttach } from '../../src/client/start';
import type { Temporal } from '../../src/client/connect';
import { NotConfirmed } from '../../src/client/errors';
import { tell } from '../../src/client/update';
import { RUN, SERVER } from './support';

const UNCLEAR = {
  CANCELLED: 1,
  UNKNOWN: 2,
  DEADLINE_EXCEEDED: 4,
  ABORTED: 10,
  INTERNAL: 13,
  UNAVAILABLE: 14,
};
const CLEAR = { INVALID_ARGUMENT: 3, PERMISSION_DENIED: 7, RESOURCE_EXHAUSTED: 8, UNIMPLEMENTED: 12 };

function failing(code: number, details: string): () => Promise<never> {
  const cause = Object.assign(new Error(`${code} ${details}`), { code, details, metadata: {} });
  return () => Promise.reject(new ServiceError('Failed', { cause }));
}

function temporalWhose(start: () => Promise<never>): Temporal {
  return {
    address: 'temporal.example:7233',
    namespace: 'default',
    call: (_ms: number, fn: () => unknown) => fn(),
    client: { workflow: { start } },
  } as unknown as Temporal;
}

const DELETION = deletion({ serverId: SERVER, nics: 'all' });
const RESTORATION = restoration({
  serverId: SERVER,
  nics: 'all',
  from: { workflowId: `nics/${SERVER}`, runId: RUN.runId },
});
const starting = (code: number, request = DELETION) =>
  startOrAttach(temporalWhose(failing(code, 'transport: broken')), 'ecs-nics', request).catch(
    (error: unknown) => error,
  );

describe('an answer of Temporal that does not say whether it was done', () => {
  it.each(Object.entries(UNCLEAR))('a start that ends with %s may have started', async (_name, code) => {
    for (const request of [DELETION, RESTORATION]) {
      const error = await starting(code, request);
      expect(error).toBeInstanceOf(NotConfirmed);
      expect(asCliError(error, null)).toMatchObject({
        exitCode: 1,
        known: { workflowId: `nics/${SERVER}` },
        message: expect.stringMatching(/may or may not be open\. The same command again is safe/),
      });
    }
  });

  it.each(Object.entries(CLEAR))('%s is a no', async (_name, code) => {
    expect(await starting(code)).toBeInstanceOf(ServiceError);
  });

  it('a message to an open run names the run, and that it may have been told', async () => {
    const run = { ...RUN, firstRunId: RUN.runId };
    const error: unknown = await tell(temporalWhose(failing(3, '')), run, failing(14, 'broken')).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(NotConfirmed);
    expect(asCliError(error, null, () => RUN)).toMatchObject({
      exitCode: 1,
      known: { runId: RUN.runId },
      message: expect.stringMatching(/may or may not have received it\. The same command again is safe/),
    });
  });
});
