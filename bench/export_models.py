#!/usr/bin/python3
"""Exports torchvision's networks to ONNX for comparisons. No pretrained weights are needed: they are random, as
bench/random_weights.py describes, with batch-norm statistics from real photos and a last layer that is not zero, so
that outputs differ from photo to photo. Files that lie in OUT already are kept.

    bench/export_models.py OUT PHOTOS_FOLDER NAME...      (development tool: Debian's python3-torchvision)"""
import argparse
import os
import sys

import torch
import torchvision
from PIL import Image

import random_weights

MEAN, STD = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
BATCH = 4
SETTLE_SIDE = 224  # most that photos measure for the statistics, which hardly depend on it
WITHOUT_NORMS = 32  # photos enough for the biases of a network that has no batch norms


def side_of(name):
    return {"inception_v3": 299, "efficientnet_b7": 600}.get(name, 224)


def photo_names(folder):
    return [os.path.join(folder, n) for n in sorted(os.listdir(folder)) if n.lower().endswith(".jpg")]


def photos(folder, start, count, side):
    """Photos start to start + count - 1 of the folder as a network sees them. // count of (3, side, side)"""
    for name in photo_names(folder)[start:start + count]:
        im = Image.open(name).convert("RGB").resize((side, side), Image.BILINEAR)
        x = torch.frombuffer(bytearray(im.tobytes()), dtype=torch.uint8).reshape(side, side, 3) / 255
        yield ((x - MEAN) / STD).permute(2, 0, 1)


class Segmentation(torch.nn.Module):
    """The scores of the pixels alone, without the dictionary around them."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(x)["out"]


def build(name):
    torch.manual_seed(1)
    if name in torchvision.models.segmentation.__dict__:
        net = Segmentation(getattr(torchvision.models.segmentation, name)(weights=None, weights_backbone=None))
        return net
    more = {"aux_logits": False, "init_weights": False} if name in ("inception_v3", "googlenet") else {}
    return getattr(torchvision.models, name)(weights=None, **more)


def export(name, folder, photo_folder, count):
    """The settled network and its file. Its parameters are kept beside, for the next time."""
    net = build(name)
    path, kept = (os.path.join(folder, name + end) for end in (".onnx", ".pt"))
    if os.path.exists(kept):
        net.load_state_dict(torch.load(kept))
        return net.eval(), path
    if not any(isinstance(m, torch.nn.BatchNorm2d) for m in net.modules()):
        count = min(count, WITHOUT_NORMS)
    side = side_of(name)
    pictures = list(photos(photo_folder, 0, count, min(side, SETTLE_SIDE)))
    if len(pictures) < count:
        sys.exit(f"{photo_folder}: {len(pictures)} photos, {count} are needed")
    norms = random_weights.wake(net)
    random_weights.settle(net, norms, [torch.stack(pictures[i:i + BATCH]) for i in range(0, count - 1, BATCH)])
    torch.onnx.export(net, torch.zeros(1, 3, side, side), path, opset_version=13, input_names=["image"],
                      output_names=["scores"], dynamic_axes={"image": {0: "n"}, "scores": {0: "n"}})
    torch.save(net.state_dict(), kept)
    return net, path


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("out")
    p.add_argument("photos")
    p.add_argument("names", nargs="+")
    p.add_argument("--count", type=int, default=200)
    a = p.parse_args()
    os.makedirs(a.out, exist_ok=True)
    for name in a.names:
        _, path = export(name, a.out, a.photos, a.count)
        print(path, f"{os.path.getsize(path) / 1e6:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
