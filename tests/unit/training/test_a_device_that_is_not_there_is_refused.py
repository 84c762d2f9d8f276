import pytest

from tests.tiny_runs import RunFolder, carry_out
from training.compute import DeviceMissing


@pytest.mark.parametrize("device", ["cuda:97", "abacus"])
def test_the_message_names_the_device(run_folder: RunFolder, device: str) -> None:
    with pytest.raises(DeviceMissing, match=device):
        carry_out(run_folder(device=device))
