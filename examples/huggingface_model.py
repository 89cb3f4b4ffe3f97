# %% [markdown]
# # Deploy a pipeline of Hugging Face
#
# Any pipeline of `transformers`; usually one that was downloaded, `pipeline("text-classification", "your/model")`.
# This one is made on the spot, with weights drawn at random and a dozen words, so that nothing needs to be fetched.

# %%
from pathlib import Path

import torch
from tokenizers import BertWordPieceTokenizer
from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast, pipeline

from ads.model.framework.huggingface_model import HuggingFacePipelineModel

words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "good", "bad", "film", "the", "day"]
Path("words.txt").write_text("\n".join(words))
BertWordPieceTokenizer("words.txt").save("words.json")
tokenizer = BertTokenizerFast(tokenizer_file="words.json", model_max_length=16)

torch.manual_seed(0)
config = BertConfig(
    vocab_size=len(words), max_position_embeddings=16,
    hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
)  # fmt: skip
network = BertForSequenceClassification(config).eval()
classify = pipeline("text-classification", model=network, tokenizer=tokenizer, device="cpu")

# %% [markdown]
# ## Prepare and verify
#
# The artifact's top folder is a model as `from_pretrained` reads it: configuration, weights and tokenizer.

# %%
model = HuggingFacePipelineModel(classify, artifact_dir="huggingface-model")
model.prepare(X_sample=["a good film", "the bad day"], force_overwrite=True)
model.verify("a good film")

# %% [markdown]
# ## Save, deploy, predict
#
# A request is what the pipeline takes: a text, a list of them, or `inputs` beside arguments of the pipeline.
# Pictures and sounds go as bytes. No text is ever opened as a file or an address on the server.

# %%
model.save(display_name="films")
model.deploy(display_name="films")
answer = model.predict({"inputs": "a good film", "top_k": 2})
assert [entry["label"] for entry in answer["prediction"]] == [e["label"] for e in classify("a good film", top_k=2)]
answer

# %% [markdown]
# ## Take it away

# %%
model.delete(delete_associated_model_deployment=True)
