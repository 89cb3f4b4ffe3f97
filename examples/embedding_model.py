# %% [markdown]
# # Deploy an embedding model
#
# A folder with an ONNX model and its tokenizer, as `optimum` exports it or Hugging Face has it. The endpoint takes
# and answers what OpenAI's `/embeddings` does. This example writes such a folder itself: a table with a vector for
# each of a dozen words.

# %%
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import BertWordPieceTokenizer

from ads.model.framework.embedding_onnx_model import EmbeddingONNXModel

folder = Path("embedding-model")
folder.mkdir(exist_ok=True)

words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "good", "bad", "film", "the", "day"]
(folder / "vocab.txt").write_text("\n".join(words))
BertWordPieceTokenizer(str(folder / "vocab.txt")).save(str(folder / "tokenizer.json"))
tokenizer = {"tokenizer_class": "BertTokenizer", "model_max_length": 16, "pad_token": "[PAD]", "unk_token": "[UNK]"}
(folder / "tokenizer_config.json").write_text(json.dumps(tokenizer))
(folder / "config.json").write_text(json.dumps({"model_type": "bert", "max_position_embeddings": 16}))

table = np.random.default_rng(0).random((len(words), 4)).astype("float32")
names = ("input_ids", "attention_mask", "token_type_ids")
graph = helper.make_graph(
    [helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])],
    "lookup",
    [helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"]) for name in names],
    [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["texts", "tokens", 4])],
    [numpy_helper.from_array(table, "table")],
)
opset = [helper.make_opsetid("", 17)]
onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), folder / "model.onnx")

# %% [markdown]
# ## Prepare and verify

# %%
model = EmbeddingONNXModel(artifact_dir="embedding-model").prepare(force_overwrite=True)
model.verify({"input": ["a good film"]})["usage"]

# %% [markdown]
# ## Save, deploy, predict

# %%
model.save(display_name="vectors")
model.deploy(display_name="vectors")
answer = model.predict({"input": ["a good film", "day"]})
expected = table[[2, 5, 6, 8, 3]].mean(axis=0)  # the mean of [CLS] a good film [SEP]
np.testing.assert_allclose(answer["data"][0]["embedding"], expected, rtol=1e-3)
answer

# %% [markdown]
# ## Take it away

# %%
model.delete(delete_associated_model_deployment=True)
