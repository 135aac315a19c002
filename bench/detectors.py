#!/usr/bin/python3
"""torchvision's Faster or Mask R-CNN, exported with random weights, in vitrine, PyTorch and onnxruntime.

    bench/detectors.py build/vitrine [fasterrcnn_resnet50_fpn|maskrcnn_resnet50_fpn]

Prints how many of the detections of each pair of programs agree (same label, every coordinate within 0.1 pixel), and
by how much the scores and masks of those differ. The backbone's weights are those of bench/random_weights.py: plain
random ones magnify the rounding of the resized picture (1e-5) a thousandfold. Needs python3-torch and python3-torchvision; onnxruntime where ORT_HOME has onnxruntime-node.
Development tool."""
import os
import subprocess
import sys
import tempfile

import numpy as np
import torch
import torchvision

import random_weights

HERE = os.path.dirname(os.path.abspath(__file__))


def network(kind):
    """Random weights whose batch norms have seen random pictures, and class scores that differ."""
    torch.manual_seed(0)
    m = getattr(torchvision.models.detection, kind)(
        weights=None, weights_backbone=None, box_score_thresh=0.03, box_detections_per_img=50, min_size=320, max_size=480)
    m.eval()
    pictures = [m.transform([torch.rand(3, 240, 320)])[0].tensors for _ in range(4)]
    random_weights.settle(m.backbone.body, random_weights.wake(m.backbone.body), pictures)
    torch.nn.init.normal_(m.roi_heads.box_predictor.cls_score.weight, std=0.05)
    torch.nn.init.normal_(m.roi_heads.box_predictor.bbox_pred.weight, std=0.02)
    return m


def agreement(name, a, b):
    n, score, mask = 0, 0.0, 0.0
    for i in range(len(a["boxes"])):
        if not len(b["boxes"]):
            break
        d = np.abs(b["boxes"] - a["boxes"][i]).max(1) + 1e6 * (b["labels"] != a["labels"][i])
        j = d.argmin()
        if d[j] > 0.1:
            continue
        n += 1
        score = max(score, abs(a["scores"][i] - b["scores"][j]))
        if "masks" in a:
            mask = max(mask, np.abs(a["masks"][i] - b["masks"][j]).max())
    print(f"{name}: {n} of {len(a['boxes'])} and {len(b['boxes'])} detections agree, scores to {score:.1e}, masks to {mask:.1e}")


def main():
    program = sys.argv[1]
    kind = sys.argv[2] if len(sys.argv) > 2 else "maskrcnn_resnet50_fpn"
    with tempfile.TemporaryDirectory() as work:
        model, npy = (os.path.join(work, f) for f in ("m.onnx", "image.npy"))
        m = network(kind)
        image = torch.rand(3, 240, 320)
        with torch.no_grad():
            results = {"PyTorch": {k: v.numpy() for k, v in m([image])[0].items()}}
        names = list(results["PyTorch"])
        torch.onnx.export(m, ([image],), model, opset_version=11, input_names=["image"], output_names=names)
        np.save(npy, image.numpy())
        command = [program, "model", "run", model, "--input", f"image={npy}"]
        for k in names:
            command += ["--output", f"{k}={work}/{k}.npy"]
        subprocess.run(command, check=True)
        results["vitrine"] = {k: np.load(f"{work}/{k}.npy") for k in names}
        try:
            subprocess.run(["node", os.path.join(HERE, "ort_run.mjs"), model, work, "image=" + npy], check=True)
            results["onnxruntime"] = {k: np.load(f"{work}/{k}.npy") for k in names}
        except (FileNotFoundError, subprocess.CalledProcessError):
            print("onnxruntime-node is not there: compared with PyTorch only")
    done = list(results)
    for i, a in enumerate(done):
        for b in done[i + 1:]:
            agreement(f"{a}, {b}", results[a], results[b])


if __name__ == "__main__":
    main()
