"""Keys of requests as they were made by the first version: an equal request must still share a run from before."""

from typing import Any

import pytest

from budgets.models import Path
from runs.models import Run
from runs.requests import FixedInputs, RunPlan, RunRequest, chain_of, request_key
from studies.models import Snapshot, Study

PLANS: dict[str, dict[str, Any]] = {
    "plain": {"num_seeds": 1},
    "full": {
        "pooling": "max",
        "segmentation": "word",
        "patience": 2,
        "frozen_layers": 1,
        "student_layers": (0, 2, 5),
        "num_seeds": 3,
        "search_epochs": (1, 2),
        "filter": "random",
        "keep": 0.5,
        "gold_epochs": 2,
        "temperature": 4.0,
        "gold_weight": 0.5,
        "batch_size": 32,
        "max_length": 128,
        "head_learning_rate_factor": 5.0,
        "seed": 11,
        "max_minutes": 5,
    },
    "rates": {
        "num_seeds": 1,
        "learning_rates": (1e-3,),
        "teacher_learning_rates": (1e-3, 2e-3),
        "steps": 10,
        "teacher_epochs": 3,
    },
    "self": {"num_seeds": 1, "self_distil": True, "filter": "confidence", "epochs": 2},
}
# The starts of the keys: the student's on labels, then the teacher's, its scoring's and the distilled student's.
KEYS = {
    ("plain", True): "2ec068a8df249a6a 78c496a4f140b673 05a884c2ea160ee0 c69882f5444565cf",
    ("plain", False): "b9f37becc346eeb8 328db75cd4a45dae 9280c5dfd96b7968 f5d6c367d781a87a",
    ("full", True): "bdc0dab39c08d424 cfd5060d4075fd17 52d041d42a072d50 4a5f024d222821be",
    ("full", False): "c4086637b1282f3e 4da53ca8f91a37e8 fa499101a901c2ed 61baaf001036ef07",
    ("rates", True): "4701f2ba2d4fe72d ebb76311ea8f1a68 24050382dcc481ae 2e29c50090d9c678",
    ("rates", False): "990950901ecffae4 06aaae8c5b2a3163 db52f239eaced2bd 216236d01f193f9f",
    ("self", True): "573bd6a549e597d7 8a0973c8b8f4ea5d 2229cf5a60940942 76315365118c5809",
    ("self", False): "a15d75f7fa05b68f 0156a2005200c277 f3fbdaca30e0d354 c5004ecc006da80d",
}


def inputs_of(study: Study, *, has_dev: bool, num_unlabelled: int) -> FixedInputs:
    return FixedInputs(
        study=study,
        num_labels=8,
        num_unlabelled=num_unlabelled,
        num_dev=4 if has_dev else 0,
        num_test=5,
        snapshot=Snapshot(content_hash="s"),
        dev=Snapshot(content_hash="d") if has_dev else None,
        test=Snapshot(content_hash="t"),
        unlabelled=Snapshot(content_hash="u") if num_unlabelled else None,
    )


def keys_of(study: Study, path: Path, plan: RunPlan, *, has_dev: bool) -> list[str]:
    request = RunRequest(study=study, path=path, plan=plan, num_unlabelled=12)
    inputs = inputs_of(study, has_dev=has_dev, num_unlabelled=request.num_to_score)
    chain, keys = chain_of(request=request, inputs=inputs), list[str]()
    for run in chain.runs:
        parents = [Run(request_key=keys[place]) for place in run.after]
        keys.append(request_key(chain=chain, inputs=inputs, run=run, parents=parents))
    return [key[:16] for key in keys]


@pytest.mark.parametrize(("name", "has_dev"), KEYS)
def test_an_equal_request_has_the_key_it_always_had(name: str, has_dev: bool) -> None:
    # All requests were of this recipe, and had one teacher, when there was nothing else.
    plan = RunPlan(**PLANS[name], recipe="finetune", teacher_seeds="one")
    study = Study(
        task_type="text_classification",
        labels=["good", "bad"],
        metric="accuracy",
        seed=7,
        student_model={"source": "hub", "name": "a/small", "revision": None},
        teacher_model={"source": "package", "name": "all-mpnet-base-v2", "revision": None},
    )
    keys = [key for path in (Path.ANNOTATE, Path.DISTIL) for key in keys_of(study, path, plan, has_dev=has_dev)]
    assert keys == KEYS[name, has_dev].split()
