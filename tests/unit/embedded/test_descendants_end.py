import subprocess
import sys

STARTS_ONE_MORE = """
import subprocess, time
import psutil
from embedded.processes.children import end_descendants

late = []
wait_procs = psutil.wait_procs

def one_more(processes, timeout):
    if len(late) < 2:
        late.append(subprocess.Popen(["sleep", "60"]))
    return wait_procs(processes, timeout=timeout)

psutil.wait_procs = one_more
first = subprocess.Popen(["sleep", "60"])
end_descendants(seconds=5)
print(len(late), psutil.Process().children())
"""


def test_what_is_started_while_others_are_ended_ends_too() -> None:
    done = subprocess.run([sys.executable, "-c", STARTS_ONE_MORE], capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("2 []", "")
