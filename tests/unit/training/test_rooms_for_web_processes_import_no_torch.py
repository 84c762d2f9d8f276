import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TORCH_FREE = ("answers", "contract", "job", "model_files", "reporting", "runtime", "spec", "tasks")


def test_rooms_for_web_processes_import_no_torch() -> None:
    code = f"import sys, {', '.join(f'training.{name}' for name in TORCH_FREE)}\n"
    code += "sys.exit(bool({'torch', 'transformers', 'datasets', 'onnx', 'scipy'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
