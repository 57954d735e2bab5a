/** `ecs-nics delete` */
import { confirm } from './confirm';
import { environmentProblems, listed, withTemporal } from './context';
import { CliError } from './errors';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { sortOut } from './flags';
import { launch } from './launch';
import type { Output } from './output';
import type { DeleteFlags } from './request';
import { requestFrom } from './request';
import { deletion } from './start';

/** @param words what is on the command line beside the flags that are known */
export async function deleteNics(
  words: readonly string[],
  flags: DeleteFlags,
  output: Output,
): Promise<ExitCode> {
  const { serverId, unknown } = sortOut(words, 'delete');
  const { input, problems } = requestFrom(serverId, flags);
  problems.unshift(...unknown);
  const interactive = process.stdin.isTTY === true && (output.live || process.stderr.isTTY === true);
  if (!interactive && flags.yes !== true && flags.dryRun !== true) {
    problems.push('--yes: required without a terminal, since nobody can be asked');
  }
  if (problems.length > 0) {
    // Who has to correct the command line may as well hear of the rest.
    const message = listed([...problems, ...environmentProblems()]);
    throw new CliError(EXIT.badInput, 'InvalidInput', `nothing was started: ${message}`);
  }
  if (flags.yes !== true && flags.dryRun !== true) {
    const answer = await confirm(input, output);
    if (answer !== 'yes') {
      const code = answer === 'interrupted' ? EXIT.interrupted : EXIT.badInput;
      throw new CliError(code, 'NotConfirmed', 'nothing was started.');
    }
  }
  const what = input.dryRun === true ? 'dry run' : 'deletion';
  const request = deletion(input);
  return withTemporal(
    (context) =>
      launch(
        context,
        { request, asked: { kind: 'delete', input }, what, about: [], wait: flags.wait },
        output,
      ),
    { interruptible: true },
  );
}
