#!/usr/bin/python3
"""What vitrine writes, in onnxruntime: the same numbers; and written again from what was read: the same graph.

    bench/roundtrip.py build/vitrine [NETWORK or FILE.onnx...]

Networks are built with random weights by `model build`; files (by default models/*.onnx beside this folder) are taken as
they are. Each is converted once (`model convert`), and once more from that: both files must hold the same operators,
parameters and multiply-adds (`model info`), and vitrine's and onnxruntime's outputs for both must agree with vitrine's
for the first to 1e-4 of the largest. Needs numpy and onnxruntime-node (ORT_HOME=its node_modules). Development tool."""
import glob
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
NETWORKS = ["resnet18", "densenet121", "vgg11_bn", "inception_v3", "mobilenet_v2", "mobilenet_v3_small",
            "efficientnet_b0", "squeezenet1_1", "xception", "nasnet_mobile"]
LIMIT = 1e-4


def run(*command):
    return subprocess.run(command, check=True, text=True, capture_output=True).stdout


def info(vitrine, path):
    """What must stay the same: everything but the file's name and size."""
    said = json.loads(run(vitrine, "model", "info", path, "--json"))
    return {k: v for k, v in said.items() if k not in ("file", "path", "bytes", "name", "model")}


def worst(want, have):
    return max(np.abs(want[k] - have[k]).max() / max(np.abs(want[k]).max(), 1e-30) for k in want)


def outputs(folder, names):
    return {k: np.load(os.path.join(folder, k + ".npy")).astype(np.float64) for k in names}


def check(vitrine, what, work):
    paths = [os.path.join(work, f"{i}.onnx") for i in range(3)]
    if what.endswith(".onnx"):
        run(vitrine, "model", "convert", what, "-o", paths[0])
    else:
        run(vitrine, "model", "build", what, "-o", paths[0])
    for a, b in zip(paths, paths[1:]):
        run(vitrine, "model", "convert", a, "-o", b)
    seen = [info(vitrine, p) for p in paths]
    rng = np.random.default_rng(1)
    feed = []
    for i in seen[0]["inputs"]:
        shape = [d if isinstance(d, int) and d > 0 else (2 if k == 0 else 128) for k, d in enumerate(i["shape"])]
        np.save(os.path.join(work, i["name"] + ".npy"), rng.standard_normal(shape).astype(np.float32))
        feed.append(f"{i['name']}={os.path.join(work, i['name'])}.npy")
    names = [o["name"] for o in seen[0]["outputs"]]
    results = []
    for k, p in enumerate(paths):
        for program in ("vitrine", "onnxruntime"):
            folder = os.path.join(work, f"{program}{k}")
            os.mkdir(folder)
            if program == "vitrine":
                run(vitrine, "model", "run", p, *sum((["-i", f] for f in feed), []),
                    *sum((["-o", f"{n}={folder}/{n}.npy"] for n in names), []))
            else:
                run("node", os.path.join(HERE, "ort_run.mjs"), p, folder, *feed)
            results.append(outputs(folder, names))
    same = seen[0] == seen[1] == seen[2] and open(paths[1], "rb").read() == open(paths[2], "rb").read()
    return same, max(worst(results[0], r) for r in results[1:])


def main():
    vitrine = sys.argv[1]
    failed = 0
    for what in sys.argv[2:] or NETWORKS + sorted(glob.glob(os.path.join(HERE, "../models/*.onnx"))):
        with tempfile.TemporaryDirectory() as work:
            same, error = check(vitrine, what, work)
        good = same and error <= LIMIT
        failed += not good
        print(f"{os.path.basename(what):<24}{'same graph' if same else 'ANOTHER GRAPH':<16}{error:10.1e}"
              f"{'' if good else '  FAILED'}", flush=True)
    sys.exit(failed > 0)


main()
