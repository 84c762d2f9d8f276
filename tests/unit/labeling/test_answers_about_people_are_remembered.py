"""What Label Studio remembers of Fulcrum's answers about people, and for how long."""

import pytest

from labeling.server.rules import FulcrumUnreachable, RoleCache


class Fulcrum:
    """Answers, or is silent; and a clock that goes when told."""

    def __init__(self) -> None:
        self.role, self.now, self.num_asked, self.is_silent = "manager", 0.0, 0, False
        self.roles = RoleCache(ask=self.ask, seconds=5, grace=60, clock=lambda: self.now)

    def ask(self, email: str, session: str) -> str:
        self.num_asked += 1
        if self.is_silent:
            raise FulcrumUnreachable("silent")
        return self.role

    def says(self, session: str = "s") -> str:
        return self.roles.role(email="Ann@example.com", session=session)


def test_it_is_asked_once_in_a_while() -> None:
    fulcrum = Fulcrum()
    assert [fulcrum.says() for _ in range(3)] == ["manager"] * 3
    assert fulcrum.num_asked == 1


def test_a_new_role_counts_once_the_answer_is_old() -> None:
    fulcrum = Fulcrum()
    fulcrum.says()
    fulcrum.role, fulcrum.now = "", 5.0
    assert fulcrum.says() == ""


def test_two_sessions_of_a_person_are_two_questions() -> None:
    fulcrum = Fulcrum()
    fulcrum.says("one")
    fulcrum.role = ""
    assert (fulcrum.says("one"), fulcrum.says("two")) == ("manager", "")


def test_the_last_answer_holds_for_a_while_without_waiting_at_each_request() -> None:
    fulcrum = Fulcrum()
    fulcrum.says()
    fulcrum.is_silent, fulcrum.now = True, 60.0
    assert [fulcrum.says(), fulcrum.says()] == ["manager", "manager"]
    assert fulcrum.num_asked == 2


def test_after_that_nobody_gets_in() -> None:
    fulcrum = Fulcrum()
    fulcrum.says()
    fulcrum.is_silent, fulcrum.now = True, 61.0
    with pytest.raises(FulcrumUnreachable):
        fulcrum.says()


def test_whom_it_never_heard_of_does_not_get_in_either() -> None:
    fulcrum = Fulcrum()
    fulcrum.is_silent = True
    with pytest.raises(FulcrumUnreachable):
        fulcrum.says()
