"""Runs a command on a pseudo terminal: python3 terminal.py COLUMNS ROWS COMMAND...

Copies standard input to the terminal, and what the terminal shows to standard output, byte for byte. A line
"\x1b]resize COLUMNS ROWS\n" on standard input changes its size instead. Ends with the command's exit code, 128 + n for
signal n.
"""
import fcntl, os, pty, re, select, signal, struct, sys, termios

columns, rows, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
pid, terminal = pty.fork()
if pid == 0:
    # The size has to be there before the command looks.
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.execvp(command[0], command)


def resize(match):
    size = struct.pack("HHHH", int(match[2]), int(match[1]), 0, 0)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)
    os.kill(pid, signal.SIGWINCH)
    return b""


sources = [terminal, 0]
while True:
    ready, _, _ = select.select(sources, [], [])
    if 0 in ready:
        typed = os.read(0, 65536)
        if not typed:
            # Whoever types has gone: as when a window is closed.
            sources.remove(0)
            os.kill(pid, signal.SIGHUP)
        else:
            typed = re.sub(rb"\x1b\]resize (\d+) (\d+)\n", resize, typed)
            if typed:
                os.write(terminal, typed)
    if terminal in ready:
        try:
            shown = os.read(terminal, 65536)
        except OSError:
            shown = b""
        if not shown:
            break
        os.write(1, shown)
_, status = os.waitpid(pid, 0)
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
