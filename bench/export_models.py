#!/usr/bin/env python3
"""Exports torchvision's classifiers to ONNX for comparisons. No pretrained weights are needed: they are random, with
batch-norm statistics from real photos and a last layer that is not zero, so that outputs differ from photo to photo.

    bench/export_models.py OUT PHOTOS_FOLDER NAME...      (development tool: Debian's python3-torchvision)"""
import argparse, os, sys, torch, torchvision
from PIL import Image

MEAN, STD = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])


def photos(folder, count, side):
    names = sorted(n for n in os.listdir(folder) if n.lower().endswith(".jpg"))[:count]
    for n in names:
        im = Image.open(os.path.join(folder, n)).convert("RGB").resize((side, side), Image.BILINEAR)
        x = torch.frombuffer(bytearray(im.tobytes()), dtype=torch.uint8).reshape(side, side, 3) / 255
        yield ((x - MEAN) / STD).permute(2, 0, 1)


def settle(net, batches):
    """Batch-norm statistics of the photos, averaged over batches, layer inputs being already normalised."""
    for m in net.modules():
        if isinstance(m, torch.nn.modules.batchnorm._BatchNorm):
            m.reset_running_stats()
            m.momentum = None
        if isinstance(m, torch.nn.Dropout):
            m.p = 0
    net.train()
    with torch.no_grad():
        for b in batches:
            net(b)
    net.eval()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("out")
    p.add_argument("photos")
    p.add_argument("names", nargs="+")
    p.add_argument("--count", type=int, default=200)
    a = p.parse_args()
    os.makedirs(a.out, exist_ok=True)
    for name in a.names:
        torch.manual_seed(1)
        side = 299 if name == "inception_v3" else 600 if name == "efficientnet_b7" else 224
        more = {"aux_logits": False, "init_weights": True} if name in ("inception_v3", "googlenet") else {}
        net = getattr(torchvision.models, name)(weights=None, **more)
        pictures = list(photos(a.photos, a.count, side))
        if len(pictures) < 2:
            sys.exit(f"{a.photos}: no photos")
        settle(net, [torch.stack(pictures[i:i + 8]) for i in range(0, len(pictures) - 1, 8)])
        path = os.path.join(a.out, name + ".onnx")
        torch.onnx.export(net, torch.stack(pictures[:1]), path, opset_version=13, input_names=["image"],
                          output_names=["scores"], dynamic_axes={"image": {0: "n"}, "scores": {0: "n"}})
        print(path, f"{os.path.getsize(path) / 1e6:.1f} MB", flush=True)


main()
