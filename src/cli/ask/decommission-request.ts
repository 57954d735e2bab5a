/** From the flags of `decommission start` to a run: its name, its settings, and what may be approved unseen. No IO. */
import type { DECOMMISSION_OPTIONS, DecommissionInput } from '../../contract';
import { checkDecommissionInput, isRunName } from '../../contract';
import { RUN_NAME_FORM } from '../../contract/decommission/names';
import { quoted } from '../../contract/text';
import { inFlags } from './flags';
import type { FlagValues } from './option-flags';
import { decommissionOptions } from './option-flags';

export interface StartFlags extends FlagValues<typeof DECOMMISSION_OPTIONS> {
  run?: string;
  approveIf?: string;
  wait: boolean;
  yes?: boolean;
  json?: boolean;
}

export interface Counts {
  servers: number;
  nics: number;
}

export interface StartRequest {
  run: string;
  input: DecommissionInput;
  /** Only a plan with exactly these counts is approved; `null`: a person approves it. */
  approveIf: Counts | null;
  problems: string[];
}

const COUNTS = /^servers=(\d{1,7}),nics=(\d{1,7})$/;

/** Returns the run, and every problem of the command line and of the input together. */
export function startFrom(flags: StartFlags, protect: string[]): StartRequest {
  const problems = runProblems('--run', flags.run);
  const fields = decommissionOptions.fields(flags, problems);
  const input = { ...fields, ...(protect.length === 0 ? {} : { protect }) } as DecommissionInput;
  for (const problem of checkDecommissionInput(input).problems)
    problems.push(inFlags(problem, decommissionOptions.names()));
  return { run: flags.run ?? '', input, approveIf: countsFrom(flags, problems), problems };
}

/** @param where the flag or the argument that names the run */
export function runProblems(where: string, run: string | undefined): string[] {
  if (run === undefined) return [`${where}: missing; the name of the run`];
  return isRunName(run) ? [] : [`${where}: ${quoted(run)} ${RUN_NAME_FORM}`];
}

function countsFrom({ approveIf, requestedBy, reason, wait }: StartFlags, problems: string[]): Counts | null {
  if (approveIf === undefined) return null;
  const [, servers, nics] = COUNTS.exec(approveIf.replaceAll(' ', '')) ?? [];
  if (servers === undefined) problems.push(`--approve-if: ${quoted(approveIf)} is not servers=N,nics=M`);
  if (requestedBy === undefined) problems.push('--approve-if needs --requested-by: who approves?');
  if (reason === undefined) problems.push('--approve-if needs --reason: why is it approved?');
  if (!wait) problems.push('--approve-if and --no-wait: the plan has to be waited for; give one of them');
  return { servers: Number(servers), nics: Number(nics) };
}
