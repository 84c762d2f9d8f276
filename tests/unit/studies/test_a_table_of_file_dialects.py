"""Files as tools and people write them, each with what an import reads of it and what it says."""

from dataclasses import dataclass

import pytest

from studies.imports import FileUnreadable, ImportCheck
from studies.imports.columns import guess_columns
from studies.imports.files import read_table
from studies.imports.row_checks import StudyRules, check_rows
from studies.task_types import TASK_TYPES


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """`examples` are (text, label), `errors` what each bad row says, `said` words of the notes or of the refusal."""

    name: str
    content: bytes
    examples: tuple[tuple[str, str], ...] = ()
    errors: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    file_name: str = "rows.csv"


TWO = (("Good, quick", "pos"), ("Slow, rude", "neg"))
GOOD = (("good", "pos"),)
READ = [
    Dialect(name="comma", content=b'text,label\n"Good, quick",pos\n"Slow, rude",neg\n', examples=TWO, said=("comma",)),
    Dialect(
        name="semicolon", content=b"text;label\nGood, quick;pos\nSlow, rude;neg\n", examples=TWO, said=("semicolon",)
    ),
    Dialect(name="tab", content=b"text\tlabel\nGood, quick\tpos\nSlow, rude\tneg\n", examples=TWO, said=("tab",)),
    Dialect(name="vertical bar", content=b"text|label\nGood, quick|pos\nSlow, rude|neg\n", examples=TWO, said=("bar",)),
    Dialect(
        name="sep= line of Excel",
        content=b"sep=;\r\ntext;label\r\nGood, quick;pos\r\nSlow, rude;neg\r\n",
        examples=TWO,
        said=("semicolon, as line 1 says",),
    ),
    Dialect(
        name="sep= line with spaces about it",
        content=b" sep=; \ntext;label\nGood, quick;pos\nSlow, rude;neg\n",
        examples=TWO,
        said=("semicolon, as line 1 says",),
    ),
    Dialect(
        name="a text as programs write a missing one",
        content=b"text,label\nnan,pos\nNone,neg\ngood,pos\nno nan,neg\n",
        examples=(("nan", "pos"), ("None", "neg"), *GOOD, ("no nan", "neg")),
        said=("“nan” often stands for a missing value: 1 row", "“None” often stands for a missing value: 1 row"),
    ),
    Dialect(
        name="a letter of very many accents",
        content=b"text,label\n" + ("e" + "\u0301\u0323" * 200).encode() + b",pos\ngood,pos\n",
        examples=GOOD,
        errors=("Line 2: a cell has a letter with more than 200 accents; write it without",),
    ),
    Dialect(
        name="many accents that JSON escapes",
        file_name="a.jsonl",
        content=b'{"text":"a' + b"\\u0301\\u0323" * 200 + b'"}\n{"text":"good","label":"pos"}\n',
        examples=GOOD,
        errors=("Line 1: text: has a letter with more than 200 accents",),
    ),
    Dialect(
        name="sep= names a sign that is no usual delimiter",
        content=b'"sep=^"\ntext^label\nGood, quick^pos\nSlow, rude^neg\n',
        examples=TWO,
        said=("“^”",),
    ),
    Dialect(
        name="unnamed index of pandas",
        content=b",text,label\n0,good,pos\n1,bad,neg\n",
        examples=(*GOOD, ("bad", "neg")),
        said=("Left out without a name: column 1, which had 2 values.",),
    ),
    Dialect(
        name="trailing delimiter",
        content=b"text;label;\r\nGood, quick;pos;\r\nSlow, rude;neg;\r\n",
        examples=TWO,
        said=("column 3, which was empty",),
    ),
    Dialect(name="trailing delimiter in the header only", content=b"text,label,\ngood,pos\n", examples=GOOD),
    Dialect(name="trailing delimiter in the rows only", content=b"text,label\ngood,pos,,\n", examples=GOOD),
    Dialect(
        name="empty rows and columns of a spreadsheet",
        content=b"text;label;;\r\nGood, quick;pos;;\r\nSlow, rude;neg;;\r\n;;;\r\n;;;\r\n",
        examples=TWO,
        said=("columns 3, 4, which were empty", "2 empty rows left out"),
    ),
    Dialect(
        name="commas in a quoted header",
        content=(
            b'"What was good, what was bad, what was missing?";label;Zeit\n'
            b'"Quick, cheap and friendly";pos;10:01\nSlow;neg;10:02\nFine;pos;10:03\n'
        ),
        examples=(("Quick, cheap and friendly", "pos"), ("Slow", "neg"), ("Fine", "pos")),
        said=("semicolon", "Column “What was good, what was bad, what was missing?” is the text", "Not imported: Zeit"),
    ),
    Dialect(
        name="commas in a header without quotes",
        content=b"Good, or bad?;label\nIt was, on the whole, fine;pos\nSlow;neg\n",
        examples=(("It was, on the whole, fine", "pos"), ("Slow", "neg")),
        said=("semicolon",),
    ),
    Dialect(
        name="decimal commas",
        content=b"text;price;label\ngood;1,5;pos\nbad;2,25;neg\n",
        examples=(*GOOD, ("bad", "neg")),
        said=("semicolon",),
    ),
    Dialect(
        name="semicolons in a column of labels",
        content=b"text,topic\ngood;or not,x;y\n",
        examples=(("good;or not", ""),),
        said=("comma", "No column is the label"),
    ),
    Dialect(
        name="one column with commas that are quoted",
        content=b'text\n"bad, but fine"\ngreat; really\n',
        examples=(("bad, but fine", ""), ("great; really", "")),
        said=("One column",),
    ),
    Dialect(
        name="one column with commas without quotes",
        content=b"text\nthe food was bad, but fine\nbad, great\ngreat\n",
        examples=(("great", ""),),
        errors=("Line 2: 2 cells where the header has 1", "Line 3: 2 cells where the header has 1"),
        said=("a text with a comma in it needs quotes",),
    ),
    Dialect(
        name="one column of a .tsv with commas",
        file_name="rows.tsv",
        content=b"text\nbad, but fine\n",
        examples=(("bad, but fine", ""),),
    ),
    Dialect(
        name="one column with texts that are empty",
        content=b'text\ngood\n\n""\n  \n',
        examples=(("good", ""),),
        errors=("Line 4: text: the text is empty", "Line 5: text: the text is empty"),
    ),
    Dialect(
        name="mixed delimiters",
        content=b"text,label\ngood,pos\nbad;neg\n",
        examples=GOOD,
        errors=("Line 3: 1 cell where the header has 2",),
    ),
    Dialect(name="byte order mark", content=b"\xef\xbb\xbftext,label\ngood,pos\n", examples=GOOD, said=("UTF-8",)),
    Dialect(
        name="byte order mark before a quote", content=b'\xef\xbb\xbf"text","label"\n"good","pos"\n', examples=GOOD
    ),
    Dialect(
        name="UTF-16, little end first",
        content="text\tlabel\r\ngood\tpos\r\n".encode("utf-16"),
        examples=GOOD,
        said=("UTF-16, by its byte order mark",),
    ),
    Dialect(
        name="UTF-16, big end first",
        content=b"\xfe\xff" + "text,label\ngood,pos\n".encode("utf-16-be"),
        examples=GOOD,
    ),
    Dialect(name="CR ends lines", content=b"text,label\rgood,pos\r", examples=GOOD, said=("Line ends: CR",)),
    Dialect(name="CRLF ends lines", content=b"text,label\r\ngood,pos\r\n", examples=GOOD),
    Dialect(
        name="CR within a line",
        content=b"text,label\ngood,pos\nso\rso,neg\nbad,neg\n",
        examples=(*GOOD, ("bad", "neg")),
        errors=("Line 3: a line end (CR) stands within a cell without quotes",),
    ),
    Dialect(name="spaces about the names", content=b" text , label \ngood,pos\n", examples=GOOD),
    Dialect(name="blank lines first", content=b"\n\ntext,label\ngood,pos\n", examples=GOOD),
    Dialect(name="empty rows first", content=b",,\ntext,label,\ngood,pos,\n", examples=GOOD),
    Dialect(name="names in capitals", content=b"Text,LABEL\ngood,pos\n", examples=GOOD),
    Dialect(
        name="a quote within a quoted cell",
        content=b'text,label\n"so "good"",pos\ngood,pos\n',
        examples=GOOD,
        errors=('Line 2: a quote stands within a quoted cell; write it twice ("")',),
    ),
    Dialect(
        name="a quote that is never closed",
        content=b'text,label\ngood,pos\n"open,pos\nbad,neg\nbad,neg\n',
        examples=GOOD,
        errors=("Line 3: a quote is opened and never closed; the rest of the file was not read (to line 5)",),
    ),
    Dialect(
        name="a quote behind a space",
        content=b'label, text\npos, "so, so"\npos, good\n',
        examples=GOOD,
        errors=("Line 2: 3 cells where the header has 2; a quote behind a space does not quote",),
    ),
    Dialect(
        name="quotes escaped by a backslash",
        content=b'text,label\n"so \\"good\\" it is",pos\ngood,pos\n',
        examples=GOOD,
        errors=("Line 2: a quote stands within a quoted cell; write it twice",),
    ),
    Dialect(name="CRCRLF ends lines", content=b"text,label\r\r\ngood,pos\r\r\n", examples=GOOD),
    Dialect(
        name="JSON lines in UTF-16",
        file_name="a.jsonl",
        content='{"text":"good","label":"pos"}\n'.encode("utf-16"),
        examples=GOOD,
    ),
    Dialect(name="a quote within a cell", content=b'text,label\n5" pipe,pos\n', examples=(('5" pipe', "pos"),)),
    Dialect(
        name="NUL in a row",
        content=b"text,label\na\x00b,pos\ngood,pos\n",
        examples=GOOD,
        errors=("Line 2: a cell has half of a character, or a NUL",),
    ),
    Dialect(
        name="a cell that is too long",
        content=b"text,label\n" + b"a" * 1_000_001 + b",pos\ngood,pos\n",
        examples=GOOD,
        errors=("Line 2: a cell has more than 1,000,000 characters",),
    ),
    Dialect(
        name="whole numbers as floats",
        content=b"text,label\ngood,1.0\nbad,\n",
        examples=(("bad", ""),),
        errors=("Line 2: label: “1.0” is not a label of this study",),
    ),
    Dialect(
        name="an id before the text",
        content=b"id,sentence,label\nR-1001,good,pos\n",
        examples=GOOD,
        said=("Column “sentence” is the text", "Not imported: id"),
    ),
    Dialect(
        name="texts of which nothing can be seen, or which look the same",
        content="text\nPaid twice?\n\u200b\n\ufeff\u2060\u00a0\nPaid\u200b twice?\n\u00a0Paid twice?\n".encode(),
        examples=(("Paid twice?", ""),),
        errors=("Line 3: text: the text is empty", "Line 4: text: the text is empty"),
    ),
    Dialect(name="JSON lines", file_name="a.jsonl", content=b'{"text":"good","label":"pos"}\n\n', examples=GOOD),
    Dialect(
        name="JSON lines ended by CR", file_name="a.jsonl", content=b'{"text":"good","label":"pos"}\r', examples=GOOD
    ),
    Dialect(
        name="JSON that is no text",
        file_name="a.jsonl",
        content=(
            b'{"text": NaN, "label": null}\n{"text": "good", "label": "pos"}\n{"text": true}\n{"text": 1e400}\n'
            b'{"text": ["a"]}\n{"text": null}\n{"text": "bad", "label": NaN}\n{"text": 7}\n'
            b'{"text": "so", "label": NaN, "split": NaN, "more": NaN}\n'
        ),
        examples=(*GOOD, ("bad", ""), ("so", "")),
        errors=(
            "Line 1: text: a text is expected, not NaN",
            "Line 3: text: a text is expected, not true",
            "Line 4: text: a text is expected, not 1e400",
            "Line 5: text: a text is expected, not a list or an object",
            "Line 6: text: the text is empty",
            "Line 8: text: a text is expected, not 7",
        ),
        said=(
            "NaN was read as a missing label, like null: 2 rows",
            "NaN was read as a missing split, like null: 1 row",
        ),
    ),
    Dialect(
        name="JSON labels that are numbers",
        file_name="a.jsonl",
        content=b'{"text":"a","label":1.0}\n{"text":"b","label":1}\n{"text":"c","label":' + b"9" * 5000 + b"}\n",
        examples=(("b", "1"),),
        errors=("Line 1: label: “1.0” is not a label", "Line 3: label: “999"),
    ),
    Dialect(
        name="JSON keys that stand twice",
        file_name="a.jsonl",
        content=b'{"text":"a","text":"b"}\n{"text":"good","label":"pos"}\n{"text":"c"," text":"d"}\n',
        examples=GOOD,
        errors=("Line 1: the key “text” stands twice", "Line 3: the key “text” stands twice"),
    ),
    Dialect(
        name="JSON with half of a character",
        file_name="a.jsonl",
        content=b'{"text":"\\ud800"}\n{"text":"good","label":"pos"}\n{"\\udfff":"a"}\n{"text":"a","label":"\\ud800"}\n',
        examples=GOOD,
        errors=("Line 1: text: has half of", "Line 3: the name of the column “\\udfff” has half", "Line 4: label: has"),
    ),
    Dialect(
        name="JSON with NUL, and what is no JSON",
        file_name="a.jsonl",
        content=b'{"text":"a\\u0000b"}\n{"text":"good","label":"pos"}\n{\n[]\n' + b"[" * 100_000 + b"\n",
        examples=GOOD,
        errors=("Line 1: text: has half", "Line 3: not JSON", "Line 4: not a JSON object", "Line 5: not JSON"),
    ),
    Dialect(
        name="a JSON key without a name",
        file_name="a.jsonl",
        content=b'{"":3,"text":"good","label":"pos"}\n',
        examples=GOOD,
        said=("Left out for a key without a name: 1 value",),
    ),
]
REFUSED = [
    Dialect(name="nothing", content=b" \n", said=("is empty",)),
    Dialect(name="a header alone", content=b"text,label\n", said=("a header but no rows",)),
    Dialect(name="no name at all", content="\u200b,\u200b\na,b\n".encode(), said=("no column has a name",)),
    Dialect(
        name="a name that stands twice",
        content=b"text,text\na,b\n",
        said=("called “text”. Give each a name of its own",),
    ),
    Dialect(
        name="a broken header", content=b'"text,label\na,b\n', said=("Line 1: a quote is opened and never closed",)
    ),
    Dialect(name="not UTF-8", content=b"text\ncaf\xe9\n", said=("Line 2 is not UTF-8",)),
    Dialect(name="UTF-16 without its mark", content="text\na\n".encode("utf-16-le"), said=("UTF-16 without its mark",)),
    Dialect(name="UTF-32", content="text\na\n".encode("utf-32"), said=("UTF-32",)),
    Dialect(name="a workbook", content=b"PK\x03\x04 and so on", said=("Excel workbook",)),
    Dialect(
        name="201 columns", content=b",".join(b"c%d" % n for n in range(201)) + b"\n", said=("more than 200 columns",)
    ),
    Dialect(
        name="a name of very many accents",
        content=b"text," + ("e" + "\u0301\u0323" * 200).encode() + b"\na,b\n",
        said=("Line 1: the name of the column “", "has a letter with more than 200 accents"),
    ),
    Dialect(
        name="sep= saved as a row",
        content=b"sep=;,,\ntext,label,\ngood,pos,\n",
        said=("Line 1: “sep=;,,” names no single delimiter. Write sep=; or the like alone there",),
    ),
    Dialect(name="sep= of two signs", content=b"sep=;;\ntext;label;\ngood;pos;\n", said=("“sep=;;” names no",)),
    Dialect(name="sep= of nothing", content=b"\xef\xbb\xbfsep=\ntext,label\n", said=("“sep=” names no",)),
    Dialect(name="sep= of a word", content=b"sep=tab\ntext\tlabel\na\tb\n", said=("“sep=tab” names no",)),
    Dialect(
        name="JSON objects without values",
        file_name="a.jsonl",
        content=b'{}\n{"": 3}\n',
        said=("Line 1: an object without a named value",),
    ),
    Dialect(
        name="a JSON object over several lines",
        file_name="a.jsonl",
        content=b'{\n "text": "a"\n}\n',
        said=("Line 1: not JSON from character 3 on", "write one object on each line"),
    ),
    Dialect(name="a long name", content=b"a" * 501 + b",text\nb,c\n", said=("501 characters; 500 is the most",)),
    Dialect(name="one JSON list", file_name="a.jsonl", content=b'[{"text":"a"}]\n', said=("not a JSON object",)),
]


def checked(dialect: Dialect) -> ImportCheck:
    table = read_table(content=dialect.content, file_name=dialect.file_name)
    rules = StudyRules(
        definition=TASK_TYPES["text_classification"],
        labels=("pos", "neg", "0", "1"),
        dev_fraction=0,
        test_fraction=0,
        seed=0,
        is_test_frozen=False,
    )
    options, _ = guess_columns(columns=table.columns, input_fields=("text",))
    return check_rows(table=table, options=options, rules=rules)


@pytest.mark.parametrize("dialect", READ, ids=lambda dialect: dialect.name)
def test_a_dialect_is_read_and_what_was_guessed_is_said(dialect: Dialect) -> None:
    found = checked(dialect)
    assert tuple((one.fields["text"], one.label) for one in found.candidates) == dialect.examples
    assert len(found.errors) == len(dialect.errors)
    for error, words in zip(found.errors, dialect.errors, strict=True):
        assert words in str(error)
    for words in dialect.said:
        assert words in "\n".join(found.notes)


@pytest.mark.parametrize("dialect", REFUSED, ids=lambda dialect: dialect.name)
def test_a_file_that_is_no_table_is_refused_with_its_reason(dialect: Dialect) -> None:
    with pytest.raises(FileUnreadable) as refusal:
        checked(dialect)
    for words in dialect.said:
        assert words in str(refusal.value)
