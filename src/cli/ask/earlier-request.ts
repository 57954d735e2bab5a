/** Turns flags into a request about what an earlier run has taken off: what `restore` and `release` share. No IO. */
import type { InputOf, Options, RestoreSource } from '../../contract';
import { serverWorkflowId } from '../../contract';
import type { ByWhomFlags, FlagNames } from './flags';
import { COMMON_FLAGS, byWhomFrom, inFlags } from './flags';
import type { FlagValues } from './option-flags';

export interface EarlierFlags extends ByWhomFlags {
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

export interface EarlierRequest {
  input: {
    serverId: string;
    /** `null`: the source has yet to be found. */
    from: RestoreSource | null;
    nics: { id: string }[] | 'all';
    requestedBy?: string;
    reason?: string;
  };
  /** Words of the command line that name the source. */
  source: readonly string[];
  problems: string[];
}

interface Kind<T extends Options> {
  options: { names(): FlagNames; fields(values: FlagValues<T>, problems: string[]): InputOf<T> };
  check: (input: unknown) => { problems: string[] };
  /** Why NICs of the command line could not be read. */
  unread: readonly string[];
}

/** A placeholder for the run that is found later, so that everything else can be checked at once. */
const ANY_RUN = '00000000-0000-0000-0000-000000000000';

/** Returns the input, and every problem of the command line and of the input together. */
export function earlierFrom<T extends Options>(
  serverId: string | undefined,
  flags: EarlierFlags & FlagValues<T>,
  saved: Saved,
  { options, check, unread }: Kind<T>,
): EarlierRequest & { input: InputOf<T> } {
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
    ...options.fields(flags, problems),
  };
  const names: FlagNames = [
    ...COMMON_FLAGS,
    ...options.names(),
    [/^from\.document(?=:)/, '--document'],
    [/^from\.runId\b/, '--run-id'],
  ];
  for (const problem of check({ ...input, from: from ?? { workflowId, runId: ANY_RUN } }).problems) {
    // Already reported above, in the terms of the command line.
    if (serverId === undefined && /^(serverId|from\.document):/.test(problem)) continue;
    if (unread.length > 0 && problem.startsWith('nics:')) continue;
    // The starter made this field from the server id; the operator did not type it.
    if (problem.startsWith('from.workflowId:')) continue;
    problems.push(inFlags(problem, names));
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
  { runId }: EarlierFlags,
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
