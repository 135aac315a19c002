#!/usr/bin/python3
"""torchvision's networks, exported with random weights (bench/export_models.py), in onnxruntime and in vitrine.

    bench/networks.py build/vitrine PHOTOS_FOLDER [NAME...] [--quantize [--weight-bits 8]] [--keep FOLDER]

Each sees photos that its batch norms have not seen. Required of every network: in f32 the largest error is at most 1e-4
of onnxruntime's largest output; the mean output over the photos taken away, the cosine is at least 0.999 in bf16
(emulated where the processor has none) and, with --quantize, 0.99 in int8; and zeros, or the next photo's output, fail
all of that (`vitrine model compare` judges; "another" is the cosine that the next photo's output gets). "rank" says in
how many directions the photos' outputs differ: (sum of variances)^2 / sum of squares over the principal ones.

int8 models are made by `vitrine model quantize` from the photos that the batch norms have seen, and computed in
integers (--precision int8; weights of 8 bits by the reference kernels, as only processors with VNNI multiply them).
--headless's features are compared with what torchvision's network hands to its last layer.

One network at a time; its file goes afterwards, unless --keep names a folder, from which it is also taken the next time.
Needs python3-torch, python3-torchvision and onnxruntime-node (ORT_HOME=its node_modules). Development tool."""
import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
import torch

import export_models

NETWORKS = """resnet18 resnet50 resnet101 densenet121 densenet161 vgg16 vgg19 inception_v3 googlenet mobilenet_v2
mobilenet_v3_large mobilenet_v3_small efficientnet_b0 efficientnet_b7 squeezenet1_0 squeezenet1_1 shufflenet_v2_x1_0
mnasnet1_0 regnet_y_400mf regnet_x_400mf convnext_tiny vit_b_16 deeplabv3_resnet50 fcn_resnet50
lraspp_mobilenet_v3_large""".split()
LIMITS = {"f32": ["--error", "1e-4"], "bf16": ["--error", "1e9", "--cosine", "0.999"],
          "int8": ["--error", "1e9", "--cosine", "0.99"]}
HERE = os.path.dirname(os.path.abspath(__file__))


def run(command, **more):
    return subprocess.run(command, check=True, text=True, **more)


def judge(vitrine, want, have, limits):
    """(passed, what `model compare` says)"""
    r = subprocess.run([vitrine, "model", "compare", want, have, "--json", *limits], text=True, capture_output=True)
    if not r.stdout:
        sys.exit(r.stderr)
    return r.returncode == 0, json.loads(r.stdout)


def last_layer(net):
    """The layer that makes scores of features, as torchvision builds it."""
    layers = [m for m in net.modules() if isinstance(m, (torch.nn.Linear, torch.nn.Conv2d))]
    return layers[-1]


def features(net, x):
    """What the last layer reads; maps are averaged over their pixels. // (n, d)"""
    seen = []
    hook = last_layer(net).register_forward_hook(lambda m, i, o: seen.append(i[0]))
    with torch.no_grad():
        net(x)
    hook.remove()
    f = torch.cat(seen)
    return (f.mean((2, 3)) if f.dim() == 4 else f).numpy()


def headless(a, net, model, npy, work, x):
    """The line of the table about the cut."""
    cut = os.path.join(work, "features.npy")
    r = subprocess.run([a.vitrine, "model", "run", model, "-i", npy, "-o", cut, "--headless"], text=True,
                       capture_output=True)
    if r.returncode:
        return "no classifier: " + r.stderr.strip().split(": ")[-1]
    want = os.path.join(work, "want.npy")
    np.save(want, features(net, x))
    if np.load(want).shape != np.load(cut).shape:
        return f"FAILED: {np.load(cut).shape} instead of {np.load(want).shape}"
    ok, said = judge(a.vitrine, want, cut, LIMITS["f32"])
    where = r.stderr.strip().split(": ", 1)[1]
    return f"{'' if ok else 'FAILED '}{np.load(cut).shape[1]} numbers, error {said['given']['error']:.1e} ({where})"


def quantized(a, model, work):
    """`vitrine model quantize` of the model, with the photos that its batch norms have seen."""
    folder, int8 = os.path.join(work, "seen"), os.path.join(work, "int8.onnx")
    os.mkdir(folder)
    for path in export_models.photo_names(a.photos)[:a.count]:
        os.symlink(os.path.abspath(path), os.path.join(folder, os.path.basename(path)))
    run([a.vitrine, "model", "quantize", model, "--photos", folder, "--count", str(a.count), "-o", int8,
         "--weight-bits", str(a.weight_bits)], stdout=subprocess.DEVNULL)
    return int8


def rank(outputs):
    """In how many directions they differ. // (n, ...)"""
    flat = outputs.reshape(len(outputs), -1).astype(np.float64)
    variance = np.linalg.svd(flat - flat.mean(0), compute_uv=False) ** 2
    return variance.sum() ** 2 / (variance ** 2).sum()


def compare(a, name, work):
    net, model = export_models.export(name, a.keep or work, a.photos, a.count)
    x = torch.stack(list(export_models.photos(a.photos, a.count, a.pictures, export_models.side_of(name))))
    npy, want = os.path.join(work, "image.npy"), os.path.join(work, "scores.npy")
    np.save(npy, x.numpy())
    run(["node", os.path.join(HERE, "ort_run.mjs"), model, work, "image=" + npy])
    row, failed = {"network": name, "rank": rank(np.load(want))}, []
    for precision, limits in LIMITS.items():
        if precision == "int8" and not a.quantize:
            continue
        have = os.path.join(work, precision + ".npy")
        file = quantized(a, model, work) if precision == "int8" else model
        how = ["--reference"] if precision == "int8" and a.weight_bits == 8 else ["--precision", precision]
        run([a.vitrine, "model", "run", file, "-i", npy, "-o", have, *how])
        ok, row[precision] = judge(a.vitrine, want, have, limits)
        if not ok:
            failed.append(precision)
    row["headless"] = headless(a, net, model, npy, work, x)
    if "FAILED" in row["headless"]:
        failed.append("headless")
    if not a.keep:
        os.remove(model)
    return row, failed


def show(row, failed, seconds):
    numbers = [f"{row['f32']['given']['error']:.1e}"]
    numbers += [f"{row[p]['given']['cosine']:.5f}" if p in row else "-" for p in ("bf16", "int8")]
    numbers += [f"{row['f32']['another']['cosine']:.2f}", f"{row['rank']:.1f}"]
    print(f"{row['network']:<26}" + "".join(f"{v:>9}" for v in numbers) + f"  {row['headless']}" +
          (f"  FAILED: {', '.join(failed)}" if failed else "") + f"  [{seconds:.0f} s]", flush=True)


def main():
    warnings.simplefilter("ignore")
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("vitrine")
    p.add_argument("photos")
    p.add_argument("names", nargs="*")
    p.add_argument("--quantize", action="store_true")
    p.add_argument("--weight-bits", type=int, default=7, choices=(7, 8))
    p.add_argument("--keep", metavar="FOLDER")
    p.add_argument("--count", type=int, default=200, help="photos for the statistics [200]")
    p.add_argument("--pictures", type=int, default=8, help="photos to compare on [8]")
    a = p.parse_args()
    os.environ["VITRINE_EMULATE_BF16"] = "1"  # where the processor has no bf16
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    print(f"{'network':<26}{'f32':>9}{'bf16':>9}{'int8':>9}{'another':>9}{'rank':>9}  headless")
    bad = []
    for name in a.names or NETWORKS:
        start = time.time()
        with tempfile.TemporaryDirectory() as work:
            row, failed = compare(a, name, work)
        show(row, failed, time.time() - start)
        bad += [name] if failed else []
    print(f"{len(a.names or NETWORKS) - len(bad)} passed, {len(bad)} failed; largest memory "
          f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB")
    sys.exit(len(bad) > 0)


main()
