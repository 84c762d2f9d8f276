import pytest

from labeling.proofs import CHALLENGE, is_proven, new_challenge, proof

KEY, CHALLENGED = "a key that both sides know", "x" * 30


@pytest.mark.parametrize(
    ("key", "port", "url", "is_right"),
    [
        (KEY, 8080, "http://127.0.0.1:8080", True),
        ("another key", 8080, "http://127.0.0.1:8080", False),
        # Handed on by a stranger on this machine, who listens on 9090.
        (KEY, 8080, "http://127.0.0.1:9090", False),
        (KEY, 8080, "http://localhost:9090", False),
        # Behind a proxy elsewhere.
        (KEY, 8080, "https://label.example.com", True),
    ],
)
def test_only_who_has_the_key_and_listens_there_proves_it(key: str, port: int, url: str, is_right: bool) -> None:
    answer = proof(key=key, challenge=CHALLENGED, port=port)
    assert is_proven(key=KEY, challenge=CHALLENGED, url=url, answer=answer) is is_right


@pytest.mark.parametrize("answer", ["", "yes", "8080:", ":", "²:x", "99999999:x", "<html>8080:</html>", "ü:ü"])
def test_no_answer_of_another_kind_proves_anything(answer: str) -> None:
    assert not is_proven(key=KEY, challenge=CHALLENGED, url="http://127.0.0.1:8080", answer=answer)


def test_an_answer_counts_for_its_own_challenge_only() -> None:
    answer = proof(key=KEY, challenge=CHALLENGED, port=8080)
    fresh = new_challenge()
    assert CHALLENGE.fullmatch(fresh)
    assert not is_proven(key=KEY, challenge=fresh, url="http://127.0.0.1:8080", answer=answer)
