/**
 * Runs that only talk: what docs/contract.md §5.3 promises about undo windows, without a cloud. For tests of
 * the starter alone. What a run does beside the usual is its `reason`.
 */
import {
  ApplicationFailure,
  condition,
  continueAsNew,
  defineQuery,
  defineUpdate,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import type { ByWhom, NicRow, ResultDocument } from '../../src/contract/types';

interface Input {
  serverId: string;
  nics: { id: string }[] | 'all';
  undoWindow?: number | string;
  reason?: string;
}
/** Time enough for another starter to come, on a busy machine. */
const SLOW_MS = 10_000;

/** Above what a busy machine takes for a starter. */
const LATE_MS = 60_000;

type Start = Input | { resumed: { input: Input } };

const failure = (type: string, message: string, document?: ResultDocument) =>
  ApplicationFailure.create({ type, message, nonRetryable: true, details: document ? [document] : [] });

export async function deleteServerNics(start: Start): Promise<ResultDocument> {
  const resumed = 'resumed' in start;
  const input = resumed ? start.resumed.input : start;
  const does = input.reason ?? '';
  const document = documentOf(input);
  let choice: 'undo' | 'commit' | null = null;
  let over: 'done' | 'failed' | 'continued' | null = null;
  setHandler(defineQuery('status'), () => document);
  for (const what of ['undo', 'commit'] as const) {
    setHandler(
      defineUpdate<ResultDocument, [ByWhom]>(what),
      async (who) => {
        choice ??= what;
        document.decision = { ...who, what, at: new Date().toISOString() };
        await condition(() => over !== null);
        if (over === 'continued') throw failure('ContinuedAsNew', 'ask again');
        if (over === 'failed') throw failure('RestoreIncomplete', 'not all is back', document);
        return document;
      },
      {
        validator: ({ by, reason }) => {
          if (!by || !reason) throw failure('InvalidInput', 'by or reason: missing');
          if (document.phase === 'done' || (what === 'commit' && document.phase !== 'undo-window'))
            throw failure('NotApplicable', `there is nothing to ${what}`);
          if (choice !== null && choice !== what)
            throw failure('NotApplicable', `${choice} was accepted first`);
        },
      },
    );
  }
  if (!resumed) await sleep(does === 'late' ? LATE_MS : 1_500);
  const openMs = input.undoWindow === '1s' ? 1_000 : 3_600_000;
  Object.assign(document, {
    phase: 'undo-window',
    outcome: does === 'not-deleted' ? 'not-deleted' : 'detached',
    undoUntil: new Date(Date.now() + openMs).toISOString(),
  });
  for (const row of document.nics) row.outcome = 'detached';
  if (does === 'not-deleted') document.nics[0]!.outcome = 'still-attached';
  await condition(() => choice !== null, openMs);
  const undone = choice === ('undo' as string | null);
  Object.assign(document, {
    phase: undone ? 'restoring' : 'committing',
    outcome: 'running',
    undoUntil: null,
  });
  await sleep(does === 'slow' ? SLOW_MS : 1_000);
  if (does === 'chain' && !resumed) {
    over = 'continued';
    await sleep(1);
    return continueAsNew<typeof deleteServerNics>({ resumed: { input } });
  }
  for (const row of document.nics) row.outcome = undone ? 'restored' : 'deleted';
  Object.assign(document, { phase: 'done', endedAt: new Date().toISOString() });
  if (does === 'incomplete') {
    Object.assign(document.nics[0]!, {
      outcome: 'detached',
      message: 'the server is locked',
      remedy: 'POST /nics',
    });
    document.outcome = 'restore-incomplete';
    over = 'failed';
    await sleep(1);
    throw failure('RestoreIncomplete', 'not all is back', document);
  }
  document.outcome = undone ? 'undone' : 'deleted';
  over = 'done';
  await sleep(1);
  return document;
}

export async function restoreServerNics(input: Input & { dryRun?: boolean }): Promise<ResultDocument> {
  const document = documentOf(input);
  setHandler(defineQuery('status'), () => document);
  await sleep(input.reason === 'slow' ? SLOW_MS : 500);
  const outcome = input.dryRun === true ? 'untouched' : 'restored';
  for (const row of document.nics) row.outcome = outcome;
  Object.assign(document, {
    phase: 'done',
    outcome: input.dryRun === true ? 'planned' : 'restored',
    endedAt: new Date().toISOString(),
    warnings: [JSON.stringify(input)],
  });
  return document;
}

function documentOf({ serverId, nics }: Input): ResultDocument {
  const ids = nics === 'all' ? ['6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e01'] : nics.map(({ id }) => id);
  return {
    outcome: 'running',
    phase: 'polling',
    serverId,
    serverName: 'web-01',
    projectId: 'p',
    region: 'eu-west-101',
    nics: ids.map((id, position) => rowOf(id, position)),
    jobs: [],
    submissions: 0,
    startedAt: new Date().toISOString(),
    endedAt: null,
    undoUntil: null,
    requestedBy: null,
    reason: null,
    decision: null,
    deadlineAt: new Date(Date.now() + 1_200_000).toISOString(),
    nextLookAt: null,
    waitingFor: null,
    warnings: [],
  };
}

function rowOf(id: string, position: number): NicRow {
  return {
    id,
    outcome: 'unknown',
    ip: `10.0.1.${20 + position}`,
    mac: null,
    elasticIp: null,
    restore: 'exact',
    evidence: { job: 'none', subJob: 'none', list: 'unknown', port: 'unknown' },
    jobId: null,
    errorCode: null,
    message: null,
    replacedBy: null,
    snapshot: {
      networkId: 'n',
      fixedIps: [{ subnetId: 's', ip: `10.0.1.${20 + position}` }],
      mac: null,
      deleteOnTermination: true,
      name: null,
      securityGroups: null,
      allowedAddressPairs: null,
      dhcpOptions: null,
      portSecurityEnabled: null,
      elasticIp: null,
      position,
    },
    differences: [],
    remedy: null,
  };
}
