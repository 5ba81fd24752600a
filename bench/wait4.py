"""Runs the command given, and writes what the operating system says of it to descriptor 3: as JSON, seconds and KiB.

A small process of its own: on Linux the peak of a child starts with what the process that spawned it had in memory.
"""

import json
import os
import sys
import time

command = sys.argv[1:]
started = time.perf_counter()
pid = os.posix_spawnp(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_CLOSE, 3)])
_, status, usage = os.wait4(pid, 0)
seconds = time.perf_counter() - started
# Bytes on macOS, KiB elsewhere.
peak = usage.ru_maxrss // 1024 if sys.platform == "darwin" else usage.ru_maxrss
code = os.waitstatus_to_exitcode(status)
sample = {"seconds": seconds, "cpuSeconds": usage.ru_utime + usage.ru_stime, "peakKiB": peak}
os.write(3, json.dumps(sample).encode())
sys.exit(code if code >= 0 else 128 - code)
