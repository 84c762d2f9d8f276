"""Child processes that never outlive their parent. Standard library only: Label Studio's environment runs this too."""

from embedded.processes.children import die_with_parent
from embedded.processes.forks import CannotStart, Forks

__all__ = ["CannotStart", "Forks", "die_with_parent"]
