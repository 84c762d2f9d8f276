"""Child processes that never outlive their parent. Standard library only: Label Studio's environment runs this too."""

from embedded.processes.children import die_with_parent
from embedded.processes.forks import NOT_STARTED, CannotStart, Forks

__all__ = ["NOT_STARTED", "CannotStart", "Forks", "die_with_parent"]
