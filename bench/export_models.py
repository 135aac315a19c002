#!/usr/bin/python3
"""Exports torchvision's networks to ONNX for comparisons. No pretrained weights are needed: they are random, with
batch-norm statistics from real photos and a last layer that is not zero, so that outputs differ from photo to photo.

    bench/export_models.py OUT PHOTOS_FOLDER NAME...      (development tool: Debian's python3-torchvision)"""
import argparse
import os
import sys

import torch
import torchvision
from PIL import Image

MEAN, STD = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
BATCH = 4


def side_of(name):
    return {"inception_v3": 299, "efficientnet_b7": 600}.get(name, 224)


def photos(folder, start, count, side):
    """Photos start to start + count - 1 of the folder as a network sees them. // count of (3, side, side)"""
    names = sorted(n for n in os.listdir(folder) if n.lower().endswith(".jpg"))[start:start + count]
    for n in names:
        im = Image.open(os.path.join(folder, n)).convert("RGB").resize((side, side), Image.BILINEAR)
        x = torch.frombuffer(bytearray(im.tobytes()), dtype=torch.uint8).reshape(side, side, 3) / 255
        yield ((x - MEAN) / STD).permute(2, 0, 1)


def settle(net, batches):
    """Batch-norm statistics of the photos, averaged over batches, layer inputs being already normalised."""
    norms = 0
    for m in net.modules():
        if isinstance(m, torch.nn.modules.batchnorm._BatchNorm):
            m.reset_running_stats()
            m.momentum = None
            norms += 1
        if isinstance(m, torch.nn.Dropout):
            m.p = 0
        if isinstance(m, torchvision.ops.StochasticDepth):
            m.p = 0
    net.train()
    with torch.no_grad():
        for b in batches if norms else []:
            net(b)
    net.eval()


class Segmentation(torch.nn.Module):
    """The scores of the pixels alone, without the dictionary around them."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(x)["out"]


def wake(net):
    """What torchvision starts as nothing gets numbers: ViT's last layer, ConvNeXt's layer scales (1e-6 before).

    Batch norms get biases that keep most of what they hand on above an activation's kink, as training does. With none,
    random networks are chaotic: rounding nothing but the photo to bf16 leaves mobilenet_v2 a cosine of 0.96 whoever
    computes it, and over 0.999 with them."""
    for m in net.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(m.weight, 0.8, 1.2)
            torch.nn.init.uniform_(m.bias, 0.6, 1.2)
    for name, p in net.named_parameters():
        if name.endswith("layer_scale"):
            torch.nn.init.uniform_(p, 0.1, 0.3)
        elif name == "heads.head.weight":
            torch.nn.init.normal_(p, std=0.05)


def build(name):
    torch.manual_seed(1)
    if name in torchvision.models.segmentation.__dict__:
        net = Segmentation(getattr(torchvision.models.segmentation, name)(weights=None, weights_backbone=None))
        wake(net)
        return net
    more = {"aux_logits": False, "init_weights": True} if name in ("inception_v3", "googlenet") else {}
    net = getattr(torchvision.models, name)(weights=None, **more)
    wake(net)
    return net


def export(name, folder, photo_folder, count):
    """The settled network, its file, and how many photos it has seen."""
    net = build(name)
    pictures = list(photos(photo_folder, 0, count, side_of(name)))
    if len(pictures) < 2:
        sys.exit(f"{photo_folder}: no photos")
    settle(net, [torch.stack(pictures[i:i + BATCH]) for i in range(0, len(pictures) - 1, BATCH)])
    path = os.path.join(folder, name + ".onnx")
    torch.onnx.export(net, torch.stack(pictures[:1]), path, opset_version=13, input_names=["image"],
                      output_names=["scores"], dynamic_axes={"image": {0: "n"}, "scores": {0: "n"}})
    return net, path, len(pictures)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("out")
    p.add_argument("photos")
    p.add_argument("names", nargs="+")
    p.add_argument("--count", type=int, default=200)
    a = p.parse_args()
    os.makedirs(a.out, exist_ok=True)
    for name in a.names:
        _, path, _ = export(name, a.out, a.photos, a.count)
        print(path, f"{os.path.getsize(path) / 1e6:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
