"""Child processes that never outlive their parent. Standard library only: Label Studio's environment runs this too."""

from embedded.processes.children import adopt_orphans, die_with_parent, end_descendants
from embedded.processes.forks import CannotStart, Forks

__all__ = ["CannotStart", "Forks", "adopt_orphans", "die_with_parent", "end_descendants"]
