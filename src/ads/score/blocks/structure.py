# mypy: disable-error-code="no-untyped-def,no-untyped-call"
"""A PyTorch module from two files: its structure, pickled without weights, and its weights."""

import sys


def rebuilt(structure_path, weights_path):
    """Return the module on the CPU. Code that the structure holds needs the Python version that stored it."""
    import cloudpickle
    import torch

    python = "%d.%d" % sys.version_info[:2]
    with open(structure_path, "rb") as structure_file:
        about = cloudpickle.load(structure_file)
        if about["holds_code"] and about["python"] != python:
            raise RuntimeError(
                "%s holds the model's code for Python %s, and this is Python %s. Run it with that version, or store "
                "the model with use_torch_script=True." % (structure_path, about["python"], python)
            )
        model = cloudpickle.load(structure_file)
    model.load_state_dict(torch.load(weights_path, map_location="cpu", weights_only=True))
    return model.eval()


def placed(model, device):
    """Return the module with all its tensors on the device: those that are no parameters and no buffers, too."""
    import torch

    for module in model.modules():
        for name, value in list(vars(module).items()):
            if isinstance(value, torch.Tensor):
                setattr(module, name, value.to(device))
    return model.to(device)
