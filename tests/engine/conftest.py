# Fixtures, which pytest finds here.
from tests.tiny_fixtures import (
    letters_folder,
    one_thread,
    run_folder,
    teacher,
    tiny_folder,
    trained_teacher,
    undisturbed,
)

__all__ = ["letters_folder", "one_thread", "run_folder", "teacher", "tiny_folder", "trained_teacher", "undisturbed"]
