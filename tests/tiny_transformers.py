"""Tiny models of transformers and of ONNX, made on the spot: nothing is downloaded, nothing is trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "good", "bad", "film", "the", "day", "##s", "."]


def write_tokenizer(folder: Path) -> None:
    """Write a tokenizer of a dozen words, with its configuration, into the folder."""
    from tokenizers import BertWordPieceTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    BertWordPieceTokenizer(str(folder / "vocab.txt")).save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "BertTokenizer", "model_max_length": 16, "pad_token": "[PAD]", "unk_token": "[UNK]"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def text_classifier(folder: Path) -> Any:
    """Return a pipeline that tells apart texts, by weights that were drawn at random."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification, pipeline

    write_tokenizer(folder)
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = BertConfig(vocab_size=len(WORDS), max_position_embeddings=16, **sizes)
    (folder / "config.json").write_text(json.dumps(config.to_dict()))
    model = BertForSequenceClassification(config).eval()
    return pipeline(
        "text-classification", model=model, tokenizer=AutoTokenizer.from_pretrained(str(folder)), device="cpu"
    )


def image_classifier() -> Any:
    """Return a pipeline that tells apart pictures, by weights that were drawn at random."""
    import torch
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessor, pipeline

    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    model = ViTForImageClassification(ViTConfig(image_size=16, patch_size=8, num_labels=2, **sizes)).eval()
    processor = ViTImageProcessor(size={"height": 16, "width": 16})
    return pipeline("image-classification", model=model, image_processor=processor, device="cpu")


def write_embedding_model(folder: Path, *, pooled: bool = False, name: str = "model.onnx") -> Any:
    """Write an ONNX model that looks every token up in a table, and its tokenizer; return the table.

    ``pooled``: a second output has the sum over the tokens of each text.
    """
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    write_tokenizer(folder)
    (folder / "config.json").write_text(json.dumps({"model_type": "bert", "max_position_embeddings": 16}))
    table = np.random.default_rng(0).random((len(WORDS), 4)).astype("float32")
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])]
    outputs = [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["texts", "tokens", 4])]
    weights = [numpy_helper.from_array(table, "table")]
    if pooled:
        weights.append(numpy_helper.from_array(np.array([1]), "axis"))
        nodes.append(helper.make_node("ReduceSum", ["last_hidden_state", "axis"], ["sentence_embedding"], keepdims=0))
        outputs.append(helper.make_tensor_value_info("sentence_embedding", TensorProto.FLOAT, ["texts", 4]))
    inputs = [
        helper.make_tensor_value_info(wanted, TensorProto.INT64, ["texts", "tokens"])
        for wanted in ("input_ids", "attention_mask", "token_type_ids")
    ]
    graph = helper.make_graph(nodes, "lookup", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, folder / name)
    return table
