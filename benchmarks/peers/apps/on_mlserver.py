"""MLServer: a runtime that decodes the tensor with its own codec, with adaptive batching (see the settings files)."""

import numpy as np
from loaded import load
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Model(MLModel):
    async def load(self) -> bool:
        self._predict = load(self.settings.parameters.uri)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        found = np.asarray(self._predict(NumpyCodec.decode_input(payload.inputs[0])))
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("predict", found)])
