# mypy: disable-error-code="no-untyped-def,no-untyped-call"
"""Texts to vectors by an ONNX model and its tokenizer, asked and answering as OpenAI's embeddings endpoint does."""

import base64
import json
import os
from functools import lru_cache

from ads.score.blocks.loading import checked_path
from ads.score.blocks.script import HERE, InputError, load_model, model_name

TEXTS_AT_ONCE = 32


@lru_cache(maxsize=10)
def load_embedding(model_file_name=model_name):
    """Return the model as a session of onnxruntime, loaded once, on a GPU where onnxruntime has one."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", "0"))
    wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
    providers = [name for name in wanted if name in onnxruntime.get_available_providers()]
    return onnxruntime.InferenceSession(checked_path(model_file_name), options, providers=providers)


def pre_inference(data):
    """Return batches of token ids and how many tokens they are. Your own preprocessing goes here."""
    return tokenized(validate_inputs(data))


def post_inference(outputs, model_name, total_tokens):
    """Return the vectors in the form of OpenAI's embeddings. Your own postprocessing goes here."""
    items = [{"object": "embedding", "embedding": vector, "index": index} for index, vector in enumerate(outputs)]
    usage = {"prompt_tokens": total_tokens, "total_tokens": total_tokens}
    return {"object": "list", "data": items, "model": model_name, "usage": usage}


def predict_embeddings(data, model=load_model()):  # noqa: B008
    """Return the answer to one request: {"input": text or texts, "model": ..., "encoding_format": ...}."""
    batches, total_tokens = pre_inference(data)
    outputs = vectors(model, batches, data)
    asked = data.get("model") if isinstance(data, dict) else None
    return post_inference(outputs, asked or model_name, total_tokens)


def validate_inputs(data):
    """Return the texts of a request: of its "input", or the request itself if it is a text or a list of them."""
    if isinstance(data, dict) and "input" not in data and "data" in data:  # the client's envelope
        data = data["data"]
    if isinstance(data, dict) and "input" not in data:
        raise InputError("The request has no 'input'.")
    if isinstance(data, dict) and data.get("encoding_format") not in (None, "float", "base64"):
        raise InputError("encoding_format is %.80r, not 'float' or 'base64'." % (data["encoding_format"],))
    if isinstance(data, dict) and data.get("dimensions") is not None:
        raise InputError("The model's vectors have one size: leave 'dimensions' out.")
    texts = data["input"] if isinstance(data, dict) else data
    texts = [texts] if isinstance(texts, str) else texts
    if not isinstance(texts, list) or not texts:
        raise InputError("The 'input' is neither a text nor a list of texts.")
    for index, text in enumerate(texts):
        if not isinstance(text, str) or not text:
            raise InputError("The 'input' has %.80r at index %d, not a text." % (text, index))
    return texts


@lru_cache(maxsize=1)
def tokenizer():
    """Return the tokenizer that lies beside this script, and the number of tokens that the model takes at most."""
    from transformers import AutoTokenizer

    found = AutoTokenizer.from_pretrained(HERE, local_files_only=True)
    longest = settings("config.json").get("max_position_embeddings") or found.model_max_length
    return found, min(longest, found.model_max_length)


def settings(*path):
    """Return the content of a JSON file beside this script; an empty dictionary where there is none."""
    place = os.path.join(HERE, *path)
    if not os.path.isfile(place):
        return {}
    with open(place, encoding="utf-8") as file:
        return json.load(file)


def tokenized(texts):
    """Return the token ids of the texts in batches of arrays, and how many tokens they are in all."""
    tokens, longest = tokenizer()
    parts = [texts[start : start + TEXTS_AT_ONCE] for start in range(0, len(texts), TEXTS_AT_ONCE)]
    batches = [tokens(part, padding=True, truncation=True, max_length=longest, return_tensors="np") for part in parts]
    return batches, sum(int(batch["attention_mask"].sum()) for batch in batches)


def vectors(session, batches, data):
    """Return a vector for each text, in the form that the request asks for: numbers, or base64 of 32-bit floats."""
    found = [vector for batch in batches for vector in sentence_vectors(session, batch)]
    if isinstance(data, dict) and data.get("encoding_format") == "base64":
        return [base64.b64encode(vector.astype("<f4").tobytes()).decode("ascii") for vector in found]
    return [vector.tolist() for vector in found]


def sentence_vectors(session, batch):
    """Return one vector for each text: what the model gives for texts, else the mean over each text's tokens.

    Where a 1_Pooling/config.json lies beside this script and asks for the first token's vector, that one is taken.
    """
    import numpy as np

    kinds = {"tensor(int32)": "int32", "tensor(float)": "float32"}
    feed = {}
    for wanted in session.get_inputs():
        values = batch[wanted.name] if wanted.name in batch else np.zeros_like(batch["input_ids"])
        feed[wanted.name] = values.astype(kinds.get(wanted.type, "int64"))
    names = [output.name for output in session.get_outputs()]
    name = "sentence_embedding" if "sentence_embedding" in names else names[0]
    (vectors,) = session.run([name], feed)
    if vectors.ndim != 3:
        return vectors
    if settings("1_Pooling", "config.json").get("pooling_mode_cls_token"):
        return vectors[:, 0]
    mask = batch["attention_mask"][:, :, None].astype(vectors.dtype)
    return (vectors * mask).sum(axis=1) / mask.sum(axis=1)
