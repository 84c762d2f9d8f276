import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_the_platform_folder_is_no_package() -> None:
    assert not (ROOT / "platform" / "__init__.py").exists()


def test_pythons_own_platform_module_wins_on_our_path() -> None:
    check = "import platform, uuid, accounts; print(platform.system(), platform.__file__)"
    paths = f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'platform')!r}]; "
    done = subprocess.run([sys.executable, "-c", paths + check], capture_output=True, text=True, check=True)
    assert str(ROOT) not in done.stdout
    assert done.stdout.split()[0]
