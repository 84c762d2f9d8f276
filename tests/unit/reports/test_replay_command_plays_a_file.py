import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from planning.surfaces import write_surfaces
from tests.unit.planning.grounds import tiny

FIXED = ["always_annotate", "always_distil", "half_half"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "surface.csv"
    path.write_text(write_surfaces(surfaces=[tiny("one"), tiny("two")], source="by hand"))
    return path


def replay(file: Path, **options: Any) -> str:
    out = StringIO()
    call_command("replay", file, stdout=out, **options)
    return out.getvalue()


def test_json_has_the_regret_of_each_policy_by_task(file: Path) -> None:
    told = json.loads(replay(file, json=True, policy=FIXED))
    assert list(told["tasks"]) == ["one", "two"]
    assert told["tasks"]["one"]["always_annotate"] == pytest.approx(240 / 36, abs=1e-4)
    assert told["tasks"]["one"]["coverage_90"] is None


def test_the_planner_is_played_with_its_bands(file: Path) -> None:
    file.write_text(write_surfaces(surfaces=[tiny()], source="by hand"))
    told = json.loads(replay(file, json=True, policy=["planner"], noise=1.0, seeds=1))
    assert (told["noise"], told["seeds"]) == (1.0, 1)
    assert told["tasks"]["tiny"]["bands"] > 0
    assert 0 <= told["tasks"]["tiny"]["coverage_80"] <= told["tasks"]["tiny"]["coverage_90"] <= 1


def test_a_table_has_a_line_per_task(file: Path) -> None:
    header, one, two = replay(file, policy=FIXED).strip().splitlines()
    assert header.split()[:4] == ["Task", *FIXED]
    assert one.split()[:2] == ["one", "6.67"]
    assert two.split()[0] == "two"


def test_bills_are_forecast_beside_what_they_were(file: Path) -> None:
    lines = replay(file, costs=1.875).strip().splitlines()
    assert len(lines) == 9
    assert lines[1].split()[:4] == ["one", "10", "100", "30.0"]


def test_a_rule_that_buys_no_student_has_no_figure(file: Path) -> None:
    file.write_text("task,L_labels,U_unlabeled,total_usd,score\na,10,100,5,50\na,10,200,6,60\n")
    told = json.loads(replay(file, json=True), parse_constant=pytest.fail)["tasks"]["a"]
    assert [told[name] for name in FIXED] == [None] * 3 and told["planner"] >= 0
    assert replay(file, policy=FIXED).strip().splitlines()[1].split() == ["a", *"---", "-", "-", "0"]


HEADER = "task,L_labels,U_unlabeled,total_usd,score\n"


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ("free,10,0,0,5\nfree,20,0,0,50\n", "free: no student costs anything"),
        ("teacher,10,inf,5,50\n", "teacher: no student costs anything"),
        ("odd,10,0,1,50\nodd,20,0,2,fifty\n", "line 3, score: 'fifty' is not a number"),
        ("shares,10,0,1,0.5\nshares,20,0,2,0.7\n", "task “shares”, score: none is above 1"),
        (",10,0,1,50\n", "line 2: task is empty"),
    ],
)
def test_what_cannot_be_played_harms_its_own_task_only(file: Path, rows: str, complaint: str) -> None:
    file.write_text(HEADER + rows + write_surfaces(surfaces=[tiny("one")], source="").partition("\n")[2])
    out = StringIO()
    with pytest.raises(CommandError, match=f"^Left out; all else is done.\n.*{complaint}") as ended:
        call_command("replay", file, stdout=out, json=True, policy=FIXED)
    assert ended.value.returncode == 1
    told = json.loads(out.getvalue())
    assert list(told["tasks"]) == ["one"]
    assert told["tasks"]["one"]["always_annotate"] == pytest.approx(240 / 36, abs=1e-4)


def test_a_quote_that_is_not_closed_hides_tasks_so_that_nothing_is_played(file: Path) -> None:
    file.write_text(f'{HEADER}a,10,0,1,50\n"b,10,0,1,50\nc,10,0,1,50\n')
    with pytest.raises(CommandError, match=r"line 4: .*Look for a quote that is not closed"):
        replay(file)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("task\n", "column L_labels is missing"),
        ("task,L_labels,U_unlabeled,total_usd,score\na,10,0,0,5\n", "no student costs anything"),
        ("task,L_labels,U_unlabeled,total_usd,score\na,10,inf,5,50\n", "no student costs anything"),
        ("\xff", "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_played_is_refused_in_words(file: Path, text: str, complaint: str) -> None:
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(CommandError, match=complaint):
        replay(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        replay(tmp_path / "none.csv")


def test_bills_of_labels_alone_cannot_be_forecast(file: Path) -> None:
    file.write_text("task,L_labels,U_unlabeled,total_usd,score\na,10,0,1,5\n")
    with pytest.raises(CommandError, match="no distilled point"):
        replay(file, costs=1.875)


def test_a_task_without_bills_leaves_those_of_others_forecast(file: Path) -> None:
    file.write_text(write_surfaces(surfaces=[tiny("one")], source="") + "labels,10,0,1,5,,,\n")
    out = StringIO()
    with pytest.raises(CommandError, match="labels: it has no distilled point"):
        call_command("replay", file, stdout=out, costs=1.875)
    assert [line.split()[0] for line in out.getvalue().strip().splitlines()] == ["Task", *["one"] * 4]


@pytest.mark.parametrize("option", [{"json": True}, {"policy": FIXED}, {"noise": 1.0}])
def test_bills_are_not_forecast_with_what_is_for_playing(file: Path, option: dict[str, Any]) -> None:
    with pytest.raises(CommandError, match=f"leave out --{next(iter(option))}"):
        replay(file, costs=1.875, **option)
