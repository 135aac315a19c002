#!/usr/bin/python3
"""Builders against torchvision: the same random weights in both, the same picture, the largest difference of the
outputs as a share of the largest output.

Weights go over as a safetensors file, written here by hand; batch-norm statistics are set from the network's own
activations on random pictures, so that no layer vanishes or saturates. Residual branches end in scales below one, as in
trained networks: with larger ones 50 blocks amplify rounding (resnet152 in PyTorch's f32 then is 1.2e-4 from its f64).
The last column is the same share with another
picture's output: what a network that ignores its input would get.

usage: bench/builders.py [VITRINE] [NETWORK...]     needs Debian's python3-torchvision"""
import json, os, struct, subprocess, sys, tempfile, warnings
import numpy as np
import torch
import torchvision

NETWORKS = (['resnet18', 'resnet34', 'resnet50', 'resnet101', 'resnet152', 'densenet121', 'densenet161', 'densenet169',
             'densenet201', 'mobilenet_v2', 'mobilenet_v3_small', 'mobilenet_v3_large', 'squeezenet1_0', 'squeezenet1_1',
             'inception_v3'] + [f'vgg{n}{bn}' for n in (11, 13, 16, 19) for bn in ('', '_bn')] +
            [f'efficientnet_b{k}' for k in range(8)])
LIMIT = 1e-4


def write_safetensors(path, state):
    names = {torch.float32: 'F32', torch.int64: 'I64'}
    header, blobs, at = {}, [], 0
    for name, t in state.items():
        blob = np.ascontiguousarray(t.numpy()).tobytes()
        header[name] = {'dtype': names[t.dtype], 'shape': list(t.shape), 'data_offsets': [at, at + len(blob)]}
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text)
        for blob in blobs:
            f.write(blob)


def network(name, pictures):
    """Random weights whose batch norms know what they will see."""
    torch.manual_seed(1)
    net = getattr(torchvision.models, name)()
    with torch.no_grad():
        for m in net.modules():
            if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear)):
                torch.nn.init.kaiming_normal_(m.weight)
                if m.bias is not None:
                    m.bias.uniform_(-0.1, 0.1)
            elif isinstance(m, torch.nn.BatchNorm2d):
                m.weight.uniform_(0.5, 1.5)
                m.bias.uniform_(-0.3, 0.3)
                m.momentum = None  # the plain mean over the batches seen
        for m in net.modules():
            if isinstance(m, torchvision.models.resnet.Bottleneck):
                m.bn3.weight.uniform_(0.2, 0.6)
        net.train()
        for m in net.modules():
            if isinstance(m, torch.nn.Dropout):
                m.eval()
        net(pictures)
    return net.eval()


def side_of(vitrine, name):
    rows = subprocess.run([vitrine, 'model', 'list', '--json'], check=True, capture_output=True, text=True).stdout
    return next(r['size'] for r in map(json.loads, rows.splitlines()) if r.get('network') == name)


def compare(vitrine, name, folder):
    side = side_of(vitrine, name)
    rng = np.random.default_rng(1)
    coarse = torch.from_numpy(rng.standard_normal((6, 3, 8, 8)).astype(np.float32))
    pictures = torch.nn.functional.interpolate(coarse, size=(side, side), mode='bilinear')  # (6, 3, side, side)
    net = network(name, pictures[2:])
    paths = [os.path.join(folder, f) for f in ('w.safetensors', 'x.npy', 'y.npy', 'net.onnx')]
    write_safetensors(paths[0], net.state_dict())
    np.save(paths[1], pictures[:2].numpy())
    with torch.no_grad():
        want = net(pictures[:2]).numpy()
    subprocess.run([vitrine, 'model', 'build', name, '-w', paths[0], '-o', paths[3]], check=True)
    subprocess.run([vitrine, 'model', 'run', paths[3], '-i', paths[1], '-o', paths[2]], check=True)
    have, largest = np.load(paths[2]), np.abs(want).max()
    return np.abs(have - want).max() / largest, np.abs(want[::-1] - want).max() / largest


def main():
    warnings.simplefilter('ignore')
    torch.set_num_threads(int(os.environ.get('OMP_NUM_THREADS', '2')))
    args = sys.argv[1:] or ['build/vitrine']
    failed = 0
    print(f'{"network":<22}{"difference":>12}{"other picture":>15}')
    with tempfile.TemporaryDirectory() as folder:
        for name in args[1:] or NETWORKS:
            share, other = compare(args[0], name, folder)
            good = share <= LIMIT < other
            failed += not good
            print(f'{name:<22}{share:12.1e}{other:15.1e}{"" if good else "  FAILED"}', flush=True)
    sys.exit(failed > 0)


main()
