# A terminal behind a slow line: runs a command in one of 80 by 24, and takes
# what it writes at 9600 baud, which is 960 bytes a second. What is not taken
# waits in the kernel, as it does before a serial port. Keys pass at once.
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time

PIECE = 96  # bytes in a tenth of a second

pid, master = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
next_at = time.monotonic()
keys = [0]
while True:
    wait = next_at - time.monotonic()
    fds = keys + ([master] if wait <= 0 else [])
    ready = select.select(fds, [], [], wait if wait > 0 else None)[0]
    if 0 in ready:
        data = os.read(0, 4096)
        os.write(master, data)
        keys = keys if data else []
    if master in ready:
        try:
            data = os.read(master, PIECE)
        except OSError:
            data = b""
        if not data:
            break
        os.write(1, data)
        next_at = time.monotonic() + len(data) / 960
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
