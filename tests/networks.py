"""Small networks of PyTorch for the tests. A deployment can't import this file: their code has to travel with them."""

import threading

import torch
from torch import nn

GAIN = 3.0


def amplified(values):
    """Return more; the network that uses it depends on a function and a constant of this file."""
    return values * GAIN


class Table(nn.Module):
    """Four numbers to three, with dropout that shows whether the network is evaluated or trained."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3))
        self.scale = torch.tensor([0.5])
        self.register_buffer("offset", torch.tensor([1.0, 2.0, 3.0]), persistent=False)

    def forward(self, x):
        """Return three numbers for each row."""
        return amplified(self.layers(x)) * self.scale + self.offset


class Pictures(nn.Module):
    """Pictures with three channels to two numbers, one picture or a batch."""

    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(3, 4, 3)
        self.last = nn.Linear(4, 2)

    def forward(self, pictures):
        """Return two numbers for each picture."""
        return self.last(torch.relu(self.convolution(pictures)).mean((-1, -2)))


class Tokens(nn.Module):
    """Numbers of words to two numbers; the first and the last layer share their weights."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(20, 6)
        self.back = nn.Linear(6, 20, bias=False)
        self.back.weight = self.words.weight

    def forward(self, tokens):
        """Return a tuple: a number for each word, and their sums."""
        found = self.back(self.words(tokens).mean(1))
        return found, found.sum(1)


class Two(nn.Module):
    """A table and a category, by name; a dictionary comes out."""

    def __init__(self):
        super().__init__()
        self.numbers = nn.Linear(3, 2)
        self.categories = nn.Embedding(5, 2)

    def forward(self, x, category):
        """Return a dictionary."""
        found = self.numbers(x) + self.categories(category)
        return {"scores": found, "total": found.sum(1)}


class Nested(Two):
    """The same with lists inside."""

    def forward(self, x, category):
        """Return a dictionary with a list of tensors in it."""
        found = super().forward(x, category)
        return {"scores": [found["scores"], (found["total"],)], "none": None}


class Unpicklable(Table):
    """A network that holds what no pickle takes."""

    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()


def seeded(kind):
    """Return a network whose weights are the same in every run."""
    torch.manual_seed(7)
    return kind().eval()
