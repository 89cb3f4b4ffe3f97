"""What runs in MLServer's environment: rows go out by its codecs, and its codecs read the answer.

``python session.py URL MODEL TOKEN_FILE ROWS`` prints the predictions of ROWS (JSON), once for each codec.
"""

import json
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pandas as pd
from mlserver.codecs import NumpyCodec, NumpyRequestCodec, PandasCodec
from mlserver.types import InferenceRequest, InferenceResponse, MetadataModelResponse


def main() -> None:
    url, model, token_file, rows = sys.argv[1:]
    headers = {"authorization": f"Bearer {Path(token_file).read_text().strip()}", "content-type": "application/json"}

    def ask(path: str, body: bytes | None = None) -> bytes:
        with urllib.request.urlopen(urllib.request.Request(url + path, body, headers), timeout=60) as answer:
            return answer.read()

    def infer(request: InferenceRequest) -> InferenceResponse:
        return InferenceResponse.model_validate_json(
            ask(f"/v2/models/{model}/infer", request.model_dump_json().encode())
        )

    frame = pd.DataFrame(json.loads(rows))
    found = {
        "pandas": NumpyCodec.decode_output(infer(PandasCodec.encode_request(frame)).outputs[0]),
        "numpy": NumpyCodec.decode_output(infer(NumpyRequestCodec.encode_request(frame.to_numpy())).outputs[0]),
    }
    about = MetadataModelResponse.model_validate_json(ask(f"/v2/models/{model}"))
    answers = {name: np.asarray(answer).ravel().tolist() for name, answer in found.items()}
    print(json.dumps({**answers, "inputs": [given.name for given in about.inputs or []]}))


main()
