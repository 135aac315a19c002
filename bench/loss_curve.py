#!/usr/bin/python3
"""The same 50 steps in vitrine and in PyTorch: same weights, same pictures, f32, SGD with momentum.

    bench/loss_curve.py build/vitrine [resnet18|resnet50|…] [--pictures FOLDER] [--steps N]

A batch is the whole set, so that both see the same one at each step: pictures of the network's input size in class
folders, drawn here or taken from class folders. PyTorch makes the first weights and hands them over as ONNX (recipe
key init); augmentation is off. Prints both losses and ends with 1 if they differ by 1 % anywhere. Needs python3-torch,
python3-torchvision and libxxhash (which pictures hold_out takes away is decided by a hash of their names).
Development tool."""
import argparse
import csv
import ctypes
import os
import subprocess
import sys
import tempfile

import numpy as np
import torch
import torchvision
from PIL import Image

CLASSES, EACH, SIDE, HOLD_OUT = 4, 12, 32, 40
MEAN, STD = 0.5, 0.25  # of the task classify


def held_out(name, xxhash=[]):
    if not xxhash:
        xxhash.append(ctypes.CDLL('libxxhash.so.0').XXH3_64bits)
        xxhash[0].restype, xxhash[0].argtypes = ctypes.c_uint64, [ctypes.c_char_p, ctypes.c_size_t]
    stem = name.split('.')[0].encode()
    return xxhash[0](stem, len(stem)) % HOLD_OUT == 0


def pictures(folder, source):
    """Writes the set; gives the trained-on pictures (N, 3, SIDE, SIDE) and their labels. Each class gets one more
    picture, which is held out."""
    rng = np.random.default_rng(0)
    kinds = sorted(os.listdir(source))[:CLASSES] if source else ['class%d' % c for c in range(CLASSES)]
    held = next(str(i) for i in range(10**6) if held_out(str(i)))
    x, y = [], []
    for c, kind in enumerate(kinds):
        os.makedirs(os.path.join(folder, kind))
        names = [n for n in ('p%d' % i for i in range(EACH + 20)) if not held_out(n)][:EACH]
        files = sorted(os.listdir(os.path.join(source, kind))) if source else [None] * EACH
        for name, file in zip(names + [held + '.'], files[:EACH] + files[:1]):
            if file:
                im = Image.open(os.path.join(source, kind, file)).convert('RGB').resize((SIDE, SIDE))
            else:
                noise = rng.normal(0, 25, (SIDE, SIDE, 3)) + rng.uniform(60, 190, 3)
                noise[:: 2 + c] += 40
                im = Image.fromarray(noise.clip(0, 255).astype(np.uint8))
            im.save(os.path.join(folder, kind, name.rstrip('.') + '.png'))
            if name != held + '.':
                x.append((np.asarray(im, np.float32).transpose(2, 0, 1) / 255 - MEAN) / STD)
                y.append(c)
    return torch.tensor(np.stack(x)), torch.tensor(y)


def ours(program, kind, data, init, n, a):
    recipe, run = os.path.join(data, '..', 'recipe.yaml'), os.path.join(data, '..', 'run')
    with open(recipe, 'w') as f:
        f.write(f'''task: classify
data: {data}
backbone: {kind}
width: {SIDE}
height: {SIDE}
hold_out: {HOLD_OUT}
epochs: {a.steps}
batch: {n}
precision: f32
init: {init}
optimizer: {{name: sgd, lr: {a.lr}, momentum: 0.9}}
schedule: {{name: constant}}
validate_every: {a.steps}
charts: no
augment: {{flip: 0, scale_min: 1, scale_max: 1, shift: 0, rotate: 0, aspect: 0, brightness: 0, contrast: 0,
  saturation: 0, hue: 0, erase: 0}}
''')
    subprocess.run([program, 'train', recipe, '--out', run], check=True, stdout=subprocess.DEVNULL)
    with open(os.path.join(run, 'results.csv')) as f:
        return [float(r['train_loss']) for r in csv.DictReader(f)]


def theirs(model, x, y, a):
    model.train()
    opt = torch.optim.SGD(model.parameters(), lr=a.lr, momentum=0.9)
    losses = []
    for _ in range(a.steps):
        opt.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
        losses.append(loss.item())
    return losses


def main():
    p = argparse.ArgumentParser()
    p.add_argument('program')
    p.add_argument('network', nargs='?', default='resnet18')
    p.add_argument('--pictures', help='folder of class folders')
    p.add_argument('--steps', type=int, default=50)
    p.add_argument('--lr', type=float, default=0.001)
    a = p.parse_args()
    torch.manual_seed(0)
    model = getattr(torchvision.models, a.network)(weights=None, num_classes=CLASSES)
    with tempfile.TemporaryDirectory() as folder:
        data, init = os.path.join(folder, 'set'), os.path.join(folder, 'init.onnx')
        x, y = pictures(data, a.pictures)
        model.train()
        torch.onnx.export(model, x[:2], init, training=torch.onnx.TrainingMode.TRAINING, do_constant_folding=False,
                          opset_version=13)
        mine = ours(os.path.abspath(a.program), a.network, data, init, len(x), a)
    peer = theirs(model, x, y, a)
    worst = 0
    print('step      vitrine      PyTorch   difference')
    for i, (u, v) in enumerate(zip(mine, peer)):
        worst = max(worst, abs(u - v) / v)
        print(f'{i + 1:4d} {u:12.6f} {v:12.6f} {abs(u - v) / v:11.2e}')
    print(f'{a.network}: {len(mine)} steps of {len(x)} pictures, largest relative difference {worst:.2e}')
    sys.exit(len(mine) != a.steps or worst >= 0.01)


if __name__ == '__main__':
    main()
