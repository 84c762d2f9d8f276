"""The settings of workers under test: as in production, but with the stand-in for a trainer."""

import os
import subprocess
from pathlib import Path

from config.settings import *  # noqa: F403
from tests.running.forks import ForkingPopen, Forks

STAND_IN = Path(__file__).parent / "stand_in"
if not os.environ.get("FULCRUM_TEST_REAL_TRAINER"):
    ROOT = STAND_IN
# Shorter than a person may set it: the stand-in leaves within one of its steps.
LEASE_SECONDS = int(os.environ.get("FULCRUM_TEST_LEASE_SECONDS", LEASE_SECONDS))  # noqa: F405 -- as above
# Workers come and go quickly in tests; only those that test it keep a trainer ready.
READY_TRAINER = "FULCRUM_READY_TRAINER" in os.environ
if os.environ.get("FULCRUM_TEST_FORKED_TRAINERS"):
    ForkingPopen.forks = Forks()
    subprocess.Popen = ForkingPopen  # type: ignore[misc]
