"""What training programs save a network in, with what exitsearch should tell about each."""

from argparse import Namespace
from collections import OrderedDict
import copy
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel


def _prefixed(network, prefix):
    return OrderedDict((f"{prefix}{name}", tensor) for name, tensor in network.state_dict().items())


def _other(network):
    """The same network with other weights."""
    other = copy.deepcopy(network)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.add_(1.0)
    return other


def _optimiser(network):
    own = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(own.parameters())
    sum(parameter.sum() for parameter in own.parameters()).backward()
    optimiser.step()
    return optimiser.state_dict()


def _data_parallel(network):
    return nn.DataParallel(network).state_dict(), "taken without 'module' in their names"


def _compiled_and_parallel(network):
    return nn.DataParallel(torch.compile(network)).state_dict(), "taken without '_orig_mod', 'module' in their names"


def _lightning(network):
    """As lightning writes it: the network as an attribute of the module, a loss and a metric beside."""
    beside = {"loss.weight": torch.ones(3), "accuracy.total": torch.tensor(3)}
    saved = {
        "epoch": 3,
        "global_step": 12,
        "pytorch-lightning_version": "2.5.0",
        "state_dict": OrderedDict([*_prefixed(network, "model.").items(), *beside.items()]),
        "callbacks": {"ModelCheckpoint{}": {"best_model_score": torch.tensor(0.9), "best_model_path": "x.ckpt"}},
        "optimizer_states": [_optimiser(network)],
        "lr_schedulers": [],
        "hyper_parameters": {"lr": 0.1, "folder": Path("data")},
    }
    return saved, (
        "taken from 'state_dict' without 'model' in their names; 2 others are left out: 'loss.weight', 'accuracy.total'"
    )


def _torchvision_references(network):
    """As torchvision's own training script writes it, with its options and an average of the weights."""
    average = AveragedModel(network)
    saved = {
        "model": nn.DataParallel(_other(network)).module.state_dict(),
        "optimizer": _optimiser(network),
        "epoch": 3,
        "args": Namespace(lr=0.1, output_dir=Path("out")),
        "model_ema": average.state_dict(),
    }
    return saved, (
        "taken from 'model_ema' without 'module' in their names; they are an average, and the network "
        "itself is left out"
    )


def _model_state_dict(network):
    saved = {
        "epoch": 3,
        "model_state_dict": network.state_dict(),
        "optimizer_state_dict": _optimiser(network),
        "best_accuracy": np.float64(0.9),
    }
    return saved, "taken from 'model_state_dict'"


def _timm(network):
    saved = {"state_dict": _other(network).state_dict(), "state_dict_ema": network.state_dict(), "arch": "resnet18"}
    return saved, "taken from 'state_dict_ema'; they are an average, and the network itself is left out"


def _average_beside_the_network(network):
    """One mapping with both, as lightning modules have that keep an average of themselves."""
    both = {**_prefixed(_other(network), "model."), **_prefixed(network, "ema_model.module.")}
    return both, (
        "taken without 'module', 'ema_model' in their names; 122 others are left out: 'model.conv1.weight', "
        "'model.bn1.weight', 'model.bn1.bias', 'model.bn1.running_mean', 'model.bn1.running_var' and 117 more; they "
        "are an average, and the network itself is left out"
    )


def _nested(network):
    saved = {"checkpoint": {"net": {"state_dict": _prefixed(network, "module._orig_mod.model.backbone.")}}}
    return saved, (
        "taken from 'checkpoint.net.state_dict' without '_orig_mod', 'module', 'model.backbone' in their names"
    )


def _wrapped_within(network):
    """A part that was made parallel by itself, as PyTorch's ImageNet example does with VGG."""
    own = copy.deepcopy(network)
    own.layer1 = nn.DataParallel(own.layer1)
    return own.state_dict(), "taken without 'module' in their names"


def _averaged(network):
    return AveragedModel(network).state_dict(), "taken without 'module' in their names"


CHECKPOINTS = {
    write.__name__.strip("_"): write
    for write in (
        _data_parallel,
        _compiled_and_parallel,
        _lightning,
        _torchvision_references,
        _model_state_dict,
        _timm,
        _average_beside_the_network,
        _nested,
        _wrapped_within,
        _averaged,
    )
}
