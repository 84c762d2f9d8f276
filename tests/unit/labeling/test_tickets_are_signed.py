import pytest

from labeling.tickets import MAX_LENGTH, SignInTicket, TicketRefused, read_ticket, seal

KEY = "a key that both sides know"
TICKET = SignInTicket(email="ann@example.com", name="Ann Ünal", role="annotator", expires_at=1000, next="/projects/1")


def test_a_ticket_says_what_was_written() -> None:
    assert read_ticket(key=KEY, text=seal(key=KEY, message=TICKET), now=999) == TICKET


def test_two_tickets_for_the_same_person_differ() -> None:
    again = SignInTicket(email="ann@example.com", name="Ann", role="annotator", expires_at=1000, next="/")
    assert again.nonce != TICKET.nonce


def test_a_ticket_is_good_until_its_time() -> None:
    with pytest.raises(TicketRefused, match="expired"):
        read_ticket(key=KEY, text=seal(key=KEY, message=TICKET), now=1000)


@pytest.mark.parametrize("key", ["another key", ""])
def test_a_ticket_under_another_key_is_refused(key: str) -> None:
    with pytest.raises(TicketRefused, match="not made by Fulcrum"):
        read_ticket(key=key, text=seal(key=KEY, message=TICKET), now=0)


def test_no_part_of_a_ticket_can_be_changed() -> None:
    text = seal(key=KEY, message=TICKET)
    for place in range(0, len(text), 7):
        forged = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        with pytest.raises(TicketRefused):
            read_ticket(key=KEY, text=forged, now=0)


@pytest.mark.parametrize("text", ["", ".", "a.b", "ü.ü", "x" * (MAX_LENGTH + 1)])
def test_rubbish_is_refused(text: str) -> None:
    with pytest.raises(TicketRefused, match="not made by Fulcrum"):
        read_ticket(key=KEY, text=text, now=0)
