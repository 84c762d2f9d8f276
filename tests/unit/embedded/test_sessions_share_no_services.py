import os
import subprocess
import sys

import pytest

from tests.services import ROOT

ADDRESSES = ("FULCRUM_URL", "LABEL_STUDIO_URL")


@pytest.mark.parametrize(("left_out", "words"), [(ADDRESSES, "Other tests run with the services of"), ((), "")])
def test_beside_this_session_only_one_with_given_addresses_is_begun(left_out: tuple[str, ...], words: str) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    environment = {**kept, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform")])}
    command = [sys.executable, "-c", "import tests.services"]
    begun = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (begun.returncode == 0, words in begun.stderr) == (not words, True)
