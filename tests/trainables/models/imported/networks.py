"""Networks of somebody else's, as they are met: each gives the logits of several exits in its own way."""

import torch
from torch import nn
from torch.nn import functional as F


SHAPE, CLASSES = (1, 8, 8), 5


def conv(inputs, outputs, **options):
    return nn.Conv2d(inputs, outputs, 3, padding=1, **options)


class Chain(nn.Module):
    """Three blocks, a head after each; ``form`` says how the logits are handed over."""

    def __init__(self, form="list"):
        super().__init__()
        self.form = form
        self.blocks = nn.ModuleList(
            [
                nn.Sequential(conv(1, 4), nn.BatchNorm2d(4), nn.ReLU(inplace=True)),
                nn.Sequential(nn.ReLU(inplace=True), conv(4, 8, stride=2), nn.Dropout(0.5)),
                nn.Sequential(conv(8, 8), nn.ReLU()),
            ]
        )
        self.heads = nn.ModuleList([nn.Linear(4, CLASSES), nn.Linear(8, CLASSES), nn.Linear(8, CLASSES)])

    def forward(self, x):
        logits = []
        for block, head in zip(self.blocks, self.heads, strict=True):
            x = block(x)
            logits.append(head(x.mean((2, 3))))
        return {
            "list": lambda: logits,
            "tuple": lambda: tuple(logits),
            "dict": lambda: dict(zip("abc", logits, strict=True)),
            "samples first": lambda: torch.stack(logits, dim=1),
            "exits first": lambda: torch.stack(logits),
            "transposed": lambda: torch.stack(logits).transpose(0, 1),
            "joined": lambda: torch.cat([one.unsqueeze(1) for one in logits], dim=1),
            "indexed": lambda: torch.cat([one[:, None] for one in logits], 1),
        }[self.form]()


class Dense(nn.Module):
    """Every block takes all maps so far, as in MSDNet; all exits share one classifier."""

    def __init__(self):
        super().__init__()
        self.first = conv(1, 4)
        self.blocks = nn.ModuleList([conv(4, 4), conv(8, 4), conv(12, 4)])
        self.classifier = nn.Linear(4, CLASSES)

    def forward(self, x):
        n = x.size(0)
        maps, logits = [self.first(x)], []
        for block in self.blocks:
            maps.append(F.relu(block(torch.cat(maps, 1))))
            logits.append(self.classifier(maps[-1].mean((2, 3)).reshape(n, 4)))
        return logits


class UShaped(nn.Module):
    """The way up takes the maps of the way down, and the input itself; exits see the ones before."""

    def __init__(self):
        super().__init__()
        self.down = nn.ModuleList([conv(1, 4), conv(4, 8, stride=2)])
        self.up = nn.ConvTranspose2d(8, 4, 2, stride=2)
        self.last = conv(9, 8)
        self.heads = nn.ModuleList([nn.Linear(4, CLASSES), nn.Linear(8, CLASSES), nn.Linear(8, CLASSES)])
        self.register_buffer("weights", torch.tensor([0.5, 1.5]))

    def forward(self, x):
        wide = F.relu(self.down[0](x))
        first = self.heads[0](wide.mean((2, 3)))
        deep = F.relu(self.down[1](wide))
        second = self.heads[1](deep.flatten(2).mean(2)) + self.weights[0] * first
        both = torch.cat([self.up(deep), wide, x], 1)
        third = self.heads[2](self.last(both).amax((2, 3))) * self.weights[1] + 0.1 * second
        return first, second, third


class Recurrent(nn.Module):
    """A layer with several outputs, whose state goes on; a constant made in the forward."""

    def __init__(self):
        super().__init__()
        self.cell = nn.GRU(8, 6, batch_first=True)
        self.heads = nn.ModuleList([nn.Linear(6, CLASSES), nn.Linear(6, CLASSES)])

    def forward(self, x):
        out, state = self.cell(x[:, 0] * torch.arange(1.0, 9.0))
        first = self.heads[0](out[:, -1])
        again, _ = self.cell(x[:, 0], state)
        return {"early": first, "late": self.heads[1](again[:, -1])}


class Transformer(nn.Module):
    """Sequences with the samples last but one, as torch's layers have them unless told otherwise."""

    def __init__(self, *, batch_first):
        super().__init__()
        self.batch_first = batch_first
        self.embed = nn.Linear(8, 8)
        self.place = nn.Parameter(torch.randn(9, 8))
        self.token = nn.Parameter(torch.randn(1, 1, 8))
        self.layers = nn.ModuleList([nn.TransformerEncoderLayer(8, 2, 16, batch_first=batch_first) for _ in range(2)])
        self.heads = nn.ModuleList([nn.Linear(8, CLASSES), nn.Linear(8, CLASSES)])

    def forward(self, x):
        tokens = torch.cat([self.token.expand(x.shape[0], -1, -1), self.embed(x[:, 0])], 1) + self.place
        tokens = tokens if self.batch_first else tokens.transpose(0, 1)
        logits = []
        for layer, head in zip(self.layers, self.heads, strict=True):
            tokens = layer(tokens)
            logits.append(head(tokens[:, 0] if self.batch_first else tokens[0]))
        return logits


class FeaturesFirst(nn.Module):
    """All features, then all heads, while the second block changes the first one's features in place."""

    def __init__(self):
        super().__init__()
        self.first = conv(1, 4)
        self.second = nn.Sequential(nn.ReLU(inplace=True), conv(4, 4))
        self.heads = nn.ModuleList([nn.Linear(4, CLASSES), nn.Linear(4, CLASSES)])

    def forward(self, x):
        one = self.first(x)
        other = self.second(one)
        return [self.heads[0](one.mean((2, 3))), self.heads[1](other.mean((2, 3)))]


class Viewing(nn.Module):
    """Views what convolutions give, which fails with the channels last in memory; its forward has options."""

    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList([conv(1, 4), conv(4, 4)])
        self.heads = nn.ModuleList([nn.Linear(256, CLASSES), nn.Linear(256, CLASSES)])

    def forward(self, x, upto=None, *, names=()):
        one = self.convs[0](x)
        other = self.convs[1](one)
        if upto is not None:
            return other[:upto]
        if names:
            return dict(zip(names, (one, other), strict=True))
        return [head(maps.view(maps.size(0), -1)) for head, maps in zip(self.heads, (one, other), strict=True)]


NETWORKS = {
    **{form: (lambda form=form: Chain(form)) for form in ("list", "tuple", "dict", "samples first", "exits first")},
    **{form: (lambda form=form: Chain(form)) for form in ("transposed", "joined", "indexed")},
    "dense": Dense,
    "u-shaped": UShaped,
    "recurrent": Recurrent,
    "transformer": lambda: Transformer(batch_first=True),
    "samples second": lambda: Transformer(batch_first=False),
    "features first": FeaturesFirst,
    "viewing": Viewing,
}


def build(name, seed=0):
    torch.manual_seed(seed)
    return NETWORKS[name]().eval()


def whole(network, inputs):
    """What a network gives itself, in one form."""
    outputs = network(inputs)
    if isinstance(outputs, torch.Tensor):
        return outputs if len(outputs) == len(inputs) else outputs.transpose(0, 1)
    return torch.stack(list(outputs.values() if isinstance(outputs, dict) else outputs), dim=1)
