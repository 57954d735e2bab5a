/** Turns flags into the input of a restore, and back into a command line. No IO. */
import type { RESTORE_OPTIONS, RestoreServerNicsInput, RestoreSource } from '../../contract';
import { checkRestoreInput, serverWorkflowId } from '../../contract';
import { shellQuote } from '../format';
import type { ByWhomFlags, FlagNames } from './flags';
import { BY_WHOM_WORDS, COMMON_FLAGS, byWhomFrom, inFlags } from './flags';
import type { FlagValues } from './option-flags';
import { restoreOptions } from './option-flags';

export interface RestoreFlags extends FlagValues<typeof RESTORE_OPTIONS>, ByWhomFlags {
  nic?: string[];
  runId?: string;
  document?: string;
  wait: boolean;
  json?: boolean;
}

/** A longer document would not fit through a run. A document of 32 NICs has about 60 KB. */
export const MAX_DOCUMENT_BYTES = 250_000;

/** The text of a saved document; `problem`: why the document cannot be used. */
export type Saved = { text: string } | { problem: string } | null;

export interface RestoreRequest {
  /** `from: null`: the source has yet to be found. */
  input: Omit<RestoreServerNicsInput, 'from'> & { from: RestoreSource | null };
  /** Words of the command line that name the source. */
  source: readonly string[];
  problems: string[];
}

const FLAG_OF: FlagNames = [
  ...COMMON_FLAGS,
  ...restoreOptions.names(),
  [/^from\.document(?=:)/, '--document'],
  [/^from\.runId\b/, '--run-id'],
];

/** A placeholder for the run that is found later, so that everything else can be checked at once. */
const ANY_RUN = '00000000-0000-0000-0000-000000000000';

/**
 * Returns the input, and every problem of the command line and of the input together.
 * @param unread why NICs of the command line could not be read
 */
export function restoreFrom(
  serverId: string | undefined,
  flags: RestoreFlags,
  saved: Saved,
  unread: readonly string[] = [],
): RestoreRequest {
  const problems: string[] = [...unread];
  if (serverId === undefined) {
    problems.push(
      flags.nic === undefined
        ? '<server-id>: missing'
        : '<server-id>: missing; ids after --nic are NICs, so put the server id first',
    );
  }
  if (flags.runId !== undefined && saved !== null)
    problems.push('--run-id and --document: give one of them, not both');
  const { who, problems: unsaid } = byWhomFrom(flags);
  problems.push(...unsaid);
  const workflowId = serverWorkflowId(serverId ?? '');
  const from = sourceFrom(workflowId, flags, saved, problems);
  const input = {
    serverId: serverId ?? '',
    from,
    nics: flags.nic === undefined ? ('all' as const) : flags.nic.map((id) => ({ id })),
    ...restoreOptions.fields(flags, problems),
  };
  for (const problem of checkRestoreInput({ ...input, from: from ?? { workflowId, runId: ANY_RUN } })
    .problems) {
    // Already reported above, in the terms of the command line.
    if (serverId === undefined && /^(serverId|from\.document):/.test(problem)) continue;
    if (unread.length > 0 && problem.startsWith('nics:')) continue;
    // The starter made this field from the server id; the operator did not type it.
    if (problem.startsWith('from.workflowId:')) continue;
    problems.push(inFlags(problem, FLAG_OF));
  }
  return {
    input: { ...input, requestedBy: who.by, reason: who.reason },
    source:
      flags.runId !== undefined
        ? ['--run-id', flags.runId]
        : flags.document !== undefined
          ? ['--document', flags.document]
          : [],
    problems,
  };
}

function sourceFrom(
  workflowId: string,
  { runId }: RestoreFlags,
  saved: Saved,
  problems: string[],
): RestoreSource | null {
  const document = saved === null ? null : documentFrom(saved, problems);
  return runId === undefined ? document : { workflowId, runId };
}

function documentFrom(saved: NonNullable<Saved>, problems: string[]): { document: unknown } | null {
  if ('problem' in saved) {
    problems.push(`--document: ${saved.problem}`);
    return null;
  }
  try {
    const document: unknown = JSON.parse(saved.text);
    if (document !== null) return { document };
    problems.push('--document: null is not a result document');
    return null;
  } catch {
    problems.push('--document: not JSON; give what --json of an earlier run has printed');
    return null;
  }
}

export interface RestoreCommand {
  serverId: string;
  nics?: readonly string[];
  /** Words that name the source. None: the last run that took NICs off. */
  source?: readonly string[];
  dryRun?: boolean;
  input?: RestoreServerNicsInput | null;
}

/**
 * The command that makes this request, ready to paste into a shell. The flags for who asks and why are kept if they are
 * known; otherwise the operator fills them in.
 */
export function restoreCommand({ serverId, nics, source = [], dryRun, input }: RestoreCommand): string {
  const named = nics ?? (input && input.nics !== 'all' ? input.nics.map(({ id }) => id) : []);
  const words = ['ecs-nics', 'restore', serverId];
  // `--dry-run` comes first: if an operator copies only the beginning of a long command, the flag must not be lost.
  if (dryRun === true) words.push('--dry-run');
  for (const id of named) words.push('--nic', id);
  words.push(...source);
  if (input) words.push(...restoreOptions.words(input));
  if (input?.requestedBy && input.reason) words.push('--by', input.requestedBy, '--reason', input.reason);
  else words.push(...BY_WHOM_WORDS);
  return words.map(shellQuote).join(' ');
}
