import json
from pathlib import Path

from bench.parts.paths_data import Task, read_tasks


def write(folder: Path, name: str, rows: list[tuple[str, str]]) -> None:
    lines = [json.dumps({"source": source, "target": target}) for source, target in rows]
    (folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")


def read(folder: Path) -> tuple[dict[str, Task], list[str]]:
    tasks, left_out = read_tasks(folder, price=None, default_price=0.2)
    return {task.file: task for task in tasks}, left_out


def test_classes_are_told_from_pairs_of_any_two_names(tmp_path: Path) -> None:
    write(tmp_path, "fever", [(f"claim {i} stands", "YES" if i % 2 else "NO") for i in range(40)])
    write(
        tmp_path,
        "stance",
        [(f"claim: it is {i} tweet: no: it is not {i}", "for" if i % 2 else "no") for i in range(40)],
    )
    tasks, _ = read(tmp_path)
    assert (tasks["fever"].task_type, tasks["fever"].price) == ("text_classification", 0.129)
    assert (tasks["stance"].task_type, tasks["stance"].price) == ("pair_classification", 0.2)
    texts, _ = tasks["stance"].pool[0]
    assert texts["text_a"].startswith("it is") and texts["text_b"].startswith("no: it is not")


def test_entities_are_found_in_their_text(tmp_path: Path) -> None:
    write(tmp_path, "wlp", [(f"Add {i} ml water", f"Add [Action] water [Reagent] {i} ml [Amount]") for i in range(40)])
    task = read(tmp_path)[0]["wlp"]
    assert (task.task_type, task.labels) == ("entity_extraction", ("Action", "Amount", "Reagent"))


def test_answers_in_words_are_left_out_and_named(tmp_path: Path) -> None:
    write(tmp_path, "nq", [(f"what is {i}?", f"the number {i}") for i in range(40)])
    tasks, left_out = read(tmp_path)
    assert tasks == {} and left_out[0].startswith("nq.jsonl is left out: 40 different targets")


def test_no_text_stands_in_pool_and_test(tmp_path: Path) -> None:
    rows = [(f"text {i % 50}", "a" if i % 2 else "b") for i in range(100)]
    write(tmp_path, "own", rows)
    write(tmp_path, "given_train", rows)
    write(tmp_path, "given_test", [(f"Text  {i}", "a" if i % 2 else "b") for i in range(40, 60)])
    for task in read(tmp_path)[0].values():
        pool, test = (
            {" ".join(texts["text"].casefold().split()) for texts, _ in rows} for rows in (task.pool, task.test)
        )
        assert pool and test and not pool & test
