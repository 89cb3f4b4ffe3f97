"""LitServe: one inference process with batching, its fast queue, two HTTP workers where that helps."""

import sys

import litserve
from loaded import load


class Model(litserve.LitAPI):
    def setup(self, device):  # noqa: ARG002
        self._predict = load()

    def decode_request(self, request):
        return request["rows"]

    def batch(self, inputs):
        return inputs

    def predict(self, inputs):
        found = self._predict([row for rows in inputs for row in rows])
        answers, begin = [], 0
        for rows in inputs:
            answers.append(found[begin : begin + len(rows)])
            begin += len(rows)
        return answers

    def unbatch(self, output):
        return output

    def encode_response(self, output):
        return {"prediction": output}


if __name__ == "__main__":
    server = litserve.LitServer(
        Model(max_batch_size=64, batch_timeout=0.001), accelerator="cpu", workers_per_device=1, fast_queue=True
    )
    server.run(
        host="127.0.0.1",
        port=int(sys.argv[1]),
        num_api_servers=2,
        log_level="warning",
        access_log=False,
        generate_client_file=False,
    )
