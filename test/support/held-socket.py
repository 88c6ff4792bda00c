"""Does for one program what systemd does for slipway-proxy: holds the listening socket, gives it as descriptor 3, and restarts, reloads and ends the program.

held-socket.py ADDRESS PORT RECORD PROGRAM [ARGUMENT ...]; commands on standard input, one answer line for each.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time

address, port, record, *program = sys.argv[1:]
# As TimeoutStopSec of the unit.
stop_seconds = 4
held = socket.socket()
held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
held.bind((address, int(port)))
held.listen(4096)
child = None


def start():
    global child
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os.dup2(held.fileno(), 3)
        os.set_inheritable(3, True)
        os.execvp(program[0], program)
    os.makedirs(os.path.dirname(record), exist_ok=True)
    with open(record, "w") as file:
        json.dump({"pid": child}, file, separators=(",", ":"))


def stop():
    deadline = time.monotonic() + stop_seconds
    if child is None or os.waitpid(child, os.WNOHANG)[0]:
        return
    os.kill(child, signal.SIGUSR1)
    while not os.waitpid(child, os.WNOHANG)[0]:
        if time.monotonic() > deadline:
            os.killpg(child, signal.SIGKILL)
        time.sleep(0.002)


def check():
    os.dup2(held.fileno(), 3)
    result = subprocess.run(
        [program[0], "-c", *program[-2:]], pass_fds=[3], capture_output=True, text=True, timeout=10
    )
    return {"status": result.returncode, "said": result.stdout + result.stderr}


for line in sys.stdin:
    answer = {}
    if line.strip() == "check":
        answer = check()
    elif line.strip() == "reload":
        os.kill(child, signal.SIGUSR2)
    else:
        stop()
        start()
    print(json.dumps(answer), flush=True)
stop_seconds = 0
stop()
