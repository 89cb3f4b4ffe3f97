# mypy: disable-error-code="no-untyped-def,no-untyped-call,arg-type,call-overload"
"""Pipelines of Hugging Face transformers: loading one, what it is called with, what it answers."""

import base64
import io
import os
import re
from functools import lru_cache

from ads.score.blocks.loading import checked_path
from ads.score.blocks.pytorch import device
from ads.score.blocks.script import HERE, InputError, load_model, model_name, task

KIND = "__ads_huggingface_type__"
MEDIA = ("inputs", "image", "images", "video", "videos", "audio", "audios", "url", "path")


@lru_cache(maxsize=10)
def load_pipeline(model_file_name=model_name):
    """Return the pipeline, loaded once, on the GPU that is there, one drawn at random of several."""
    from transformers import pipeline

    for name in os.listdir(HERE):
        if name == model_file_name or name.endswith((".safetensors", ".bin")):
            checked_path(name)
    place = device()
    return pipeline(task, model=HERE, device=place if place.type == "cuda" else None)


def deserialize(data):
    """Return what the pipeline is called with: an object, or a dictionary of arguments. Bytes stay as they are."""
    return restored(unwrapped(data))


def pre_inference(data):
    """Return what the pipeline gets. Your own preprocessing goes here."""
    return deserialize(data)


def post_inference(yhat):
    """Return the prediction as JSON can carry it. Your own postprocessing goes here."""
    return plain(yhat)


def predict_with_pipeline(data, model=load_model()):  # noqa: B008
    """Return the answer to one request: the decoded JSON body, or bytes."""
    features = without_addresses(pre_inference(data), model)
    yhat = model(**features) if isinstance(features, dict) else model(features)
    return {"prediction": post_inference(yhat)}


def unwrapped(data):
    """Return what the client's envelope holds; a dictionary of arguments has none."""
    if not isinstance(data, dict) or "data" not in data or not data.keys() <= {"data", "data_type"}:
        return data
    if "ndarray" in str(data.get("data_type")):
        return {KIND: "ndarray", "data": data["data"]}
    return data["data"]


def restored(data):
    """Return images, arrays, bytes and tuples where the payload has them written down."""
    if isinstance(data, list):
        return [restored(value) for value in data]
    if not isinstance(data, dict):
        return data
    kind = data.get(KIND)
    try:
        if kind is None:
            return {name: restored(value) for name, value in data.items()}
        if kind == "tuple":
            return tuple(restored(value) for value in data["items"])
        content = base64.b64decode(data["data"], validate=True)
        if kind == "pil_image":
            return image_of(content)
        if kind == "ndarray":
            import numpy as np

            return np.load(io.BytesIO(content), allow_pickle=False)
        if kind == "bytes":
            return content
    except (KeyError, TypeError, ValueError, OSError, EOFError) as error:
        raise InputError("The payload holds a %s that can't be read: %s" % (kind, error)) from None
    raise InputError("The payload holds a %r, which is not known." % (kind,))


def image_of(content):
    """Return the image that these bytes are."""
    from PIL import Image

    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def without_addresses(features, model):
    """Return the features with data: URLs read. A pipeline would open other texts as files or addresses: refused."""
    readers = [getattr(model, name, None) for name in ("image_processor", "feature_extractor")]
    if not any(readers) or str(getattr(model, "task", "")).startswith("text-to-"):
        return features

    def read(value, is_media):
        if isinstance(value, dict):
            return {name: read(each, name in MEDIA) for name, each in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(read(each, is_media) for each in value)
        if not is_media or not isinstance(value, str):
            return value
        head, _, content = value.partition(",")
        if not re.match(r"data:[\w/+.-]+;base64$", head):
            raise InputError("Texts are not opened as files or addresses. Send the bytes: data:image/png;base64,...")
        kind = "pil_image" if head.startswith("data:image/") else "bytes"
        return restored({KIND: kind, "data": content})

    return read(features, not isinstance(features, dict))


def plain(yhat):
    """Return tensors, arrays and images as lists, inside lists and dictionaries too."""
    if isinstance(yhat, dict):
        return {str(name): plain(value) for name, value in yhat.items()}
    if isinstance(yhat, (list, tuple)):
        return [plain(value) for value in yhat]
    if type(yhat).__module__.startswith("PIL."):
        import numpy as np

        yhat = np.asarray(yhat)
    if yhat is None or isinstance(yhat, (str, int, float)):
        return yhat
    if not hasattr(yhat, "tolist"):
        raise TypeError("The pipeline answered a %s, which JSON has no form for." % type(yhat).__name__)
    return yhat.tolist()
