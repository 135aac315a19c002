#!/usr/bin/python3
"""The same steps in vitrine and in PyTorch: same weights, same batches, f32; how far do the losses differ?

    bench/loss_curve.py build/vitrine resnet18|resnet50|segment|... [--optimizer sgd|adamw] [--steps 50]

A network's name is one of torchvision's or a capsule network, trained on the clothing set, or `segment`, the recipes'
U-Net, trained on CCP.
PyTorch makes the first weights and hands them over as safetensors (recipe key init); vitrine trains with its usual
augmentation and hands the batches over (recipe key keep_batches). Ends with 1 if the losses differ by 1 % anywhere.
Needs VITRINE_DATA, python3-torch and python3-torchvision. Development tool."""
import argparse
import glob
import json
import os
import struct
import subprocess
import sys
import tempfile

import numpy as np
import torch

import train_peer

CLASSES = 17


def save_safetensors(state, path):
    header, blobs, at = {}, [], 0
    for name, t in state.items():
        if t.dtype != torch.float32:
            continue
        data = t.numpy().tobytes()
        header[name] = {'dtype': 'F32', 'shape': list(t.shape), 'data_offsets': [at, at + len(data)]}
        blobs.append(data)
        at += len(data)
    text = json.dumps(header).encode()
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text + b''.join(blobs))


def fields(data):
    """(number, value) of a protobuf message; groups do not occur in event files."""
    def varint(i):
        v = shift = 0
        while True:
            v |= (data[i] & 127) << shift
            shift, i = shift + 7, i + 1
            if data[i - 1] < 128:
                return v, i
    i = 0
    while i < len(data):
        key, i = varint(i)
        if key & 7 == 0:
            v, i = varint(i)
        else:
            n, i = (8, i) if key & 7 == 1 else (4, i) if key & 7 == 5 else varint(i)
            v, i = data[i:i + n], i + n
        yield key >> 3, v


def step_losses(run):
    """Losses of the steps, from the run's TensorBoard file: (length, crc, Event, crc) ..."""
    with open(glob.glob(os.path.join(run, 'events.out.tfevents.*'))[0], 'rb') as f:
        data = f.read()
    losses, i = [], 0
    while i < len(data):
        n = struct.unpack_from('<Q', data, i)[0]
        for number, summary in fields(data[i + 12:i + 12 + n]):
            for _, value in fields(summary) if number == 5 else ():
                v = dict(fields(value))
                if v.get(1) == b'step/loss':
                    losses.append(struct.unpack('<f', v[2])[0])
        i += 16 + n
    return losses


def recipe(a, init):
    common = f'''epochs: 1000
seed: 3
batch: {a.batch}
precision: f32
init: {init}
optimizer: {{name: {a.optimizer}, lr: {a.lr}, momentum: 0.9, weight_decay: {a.decay}}}
schedule: {{name: constant}}
validate_every: 1000
keep_batches: {a.steps}
log_every: 1
checkpoint_every: 0
charts: no
width: {a.width}
height: {a.height}
'''
    if a.network == 'segment':
        return 'task: segment\nblocks: 2,2,2,1\ndropout: 0\nbalance: 0\nhold_out: 24\n' + common
    return f'task: classify\ndata: clothing\nbackbone: {a.network}\n' + common


def ours(a, folder, init):
    """Trains until there are enough steps; the losses and the batches."""
    path, run = os.path.join(folder, 'recipe.yaml'), os.path.join(folder, 'run')
    with open(path, 'w') as f:
        f.write(recipe(a, init))
    with subprocess.Popen([a.program, 'train', path, '--out', run], stdout=subprocess.DEVNULL) as p:
        last = os.path.join(run, 'batches', f'{a.steps:06d}.image.npy')
        while p.poll() is None and not os.path.exists(last):
            try:
                p.wait(0.2)
            except subprocess.TimeoutExpired:
                pass
        try:
            p.wait(5 + 2 * a.batch * a.width * a.height / 1e5)  # the last step and its loss
        except subprocess.TimeoutExpired:
            p.terminate()
    target = 'labels' if a.network == 'segment' else 'target'
    files = [os.path.join(run, 'batches', f'{i + 1:06d}.') for i in range(a.steps)]
    batches = [[torch.tensor(np.load(f + n + '.npy')) for n in ('image', target)] for f in files]
    return step_losses(run)[:a.steps], batches


def decayed(model, decay):
    """vitrine's groups: decay acts on weights that multiply, not on norms and biases."""
    flat = [p for p in model.parameters() if p.dim() < 2]
    return [{'params': [p for p in model.parameters() if p.dim() >= 2], 'weight_decay': decay},
            {'params': flat, 'weight_decay': 0}]


def theirs(a, model, batches):
    model.train()
    groups = decayed(model, a.decay)
    opt = torch.optim.SGD(groups, a.lr, momentum=0.9) if a.optimizer == 'sgd' else torch.optim.AdamW(groups, a.lr)
    loss_of = (train_peer.segment_loss if a.network == 'segment' else
               train_peer.margin_loss if 'capsnet' in a.network else train_peer.class_loss)
    losses = []
    for x, t in batches:
        opt.zero_grad()
        loss = loss_of(model, x, t)
        loss.backward()
        opt.step()
        losses.append(loss.item())
    return losses


def network(a):
    name = a.network
    if name == 'segment':
        return train_peer.UNet(CLASSES)
    if 'capsnet' in name:
        return train_peer.CapsNet(CLASSES, a.width, name == 'rccapsnet')
    import torchvision
    start = {'zero_init_residual': True} if name.startswith('resnet') else {}  # as the builders start
    return getattr(torchvision.models, name)(weights=None, num_classes=CLASSES, **start)


def main():
    p = argparse.ArgumentParser()
    p.add_argument('program')
    p.add_argument('network', nargs='?', default='resnet18')
    p.add_argument('--optimizer', choices=['sgd', 'adamw'], default='sgd')
    p.add_argument('--steps', type=int, default=50)
    p.add_argument('--batch', type=int, default=16)
    p.add_argument('--width', type=int, default=64)
    p.add_argument('--height', type=int, default=64)
    p.add_argument('--lr', type=float)
    p.add_argument('--decay', type=float, default=0.01)
    a = p.parse_args()
    a.program = os.path.abspath(a.program)
    # Small steps: a random start is chaotic, and at larger ones f32 and f64 part within PyTorch itself.
    a.lr = a.lr or (0.001 if a.optimizer == 'sgd' else 0.0003) / (3 if a.network in ('resnet50', 'sccapsnet', 'rccapsnet') else 1)
    torch.manual_seed(0)
    model = network(a)
    with tempfile.TemporaryDirectory() as folder:
        init = os.path.join(folder, 'init.safetensors')
        save_safetensors(model.state_dict(), init)
        mine, batches = ours(a, folder, init)
    peer = theirs(a, model, batches)
    worst = 0
    print('step      vitrine      PyTorch   difference')
    for i, (u, v) in enumerate(zip(mine, peer)):
        worst = max(worst, abs(u - v) / v)
        print(f'{i + 1:4d} {u:12.6f} {v:12.6f} {abs(u - v) / v:11.2e}')
    print(f'{a.network}, {a.optimizer}: {len(mine)} steps of {a.batch}, largest relative difference {worst:.2e}')
    sys.exit(len(mine) != a.steps or worst >= 0.01)


if __name__ == '__main__':
    main()
