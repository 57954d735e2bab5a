import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

// Reads "+pid" and "-pid" lines. When the pipe ends – its other end was ours alone, so we are gone, however we went –
// it kills what is still on the list. Signals from the terminal must not end it before that.
const SCRIPT = `
trap '' INT TERM HUP
alive=' '
while read -r line; do
  pid=\${line#?}
  case $line in
    +*) alive="$alive$pid " ;;
    -*) case $alive in *" $pid "*) alive="\${alive%% $pid *} \${alive#* $pid }" ;; esac ;;
  esac
done
for pid in $alive; do kill -KILL "$pid" 2>/dev/null; done
`;

let guard: ChildProcess | undefined;

/**
 * Ties a child's life to ours: it dies with us even when we are killed outright (no handler of ours would run then, and
 * a server or a worker left behind would go on serving its queue).
 */
export function dieWithUs(child: ChildProcess): void {
  const pid = child.pid;
  if (pid === undefined) return;
  if (process.platform === 'win32') {
    process.once('exit', () => child.kill());
    return;
  }
  const pipe = guardPipe();
  pipe?.write(`+${pid}\n`);
  child.once('exit', () => pipe?.write(`-${pid}\n`));
}

function guardPipe() {
  if (!guard || guard.exitCode !== null) {
    // In a group of its own: Ctrl-C reaches everything in ours. Neither the process nor the pipe keeps us running.
    guard = spawn('/bin/sh', ['-c', SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    guard.unref();
    guard.stdin?.on('error', () => {});
    (guard.stdin as unknown as { unref?(): void } | null)?.unref?.();
  }
  return guard.stdin;
}
