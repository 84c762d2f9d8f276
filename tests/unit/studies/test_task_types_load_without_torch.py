import subprocess
import sys


def test_a_web_process_that_lists_task_types_does_not_load_torch() -> None:
    code = "import sys, training.tasks; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
