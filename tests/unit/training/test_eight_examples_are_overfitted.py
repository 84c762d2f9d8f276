from tests.tiny_runs import RunFolder, carry_out, sentences, write_dataset


def test_a_student_learns_eight_examples_by_heart(run_folder: RunFolder) -> None:
    folder = run_folder(training={"steps": 60, "batch_size": 8, "learning_rate": 3e-3})
    for split in ("train", "test"):
        write_dataset(folder / "data" / f"{split}8", sentences(8))
    spec = folder / "spec.json"
    spec.write_text(spec.read_text().replace("data/train", "data/train8").replace("data/test", "data/test8"))
    assert carry_out(folder)["metrics"]["test"]["accuracy"]["value"] == 1.0
