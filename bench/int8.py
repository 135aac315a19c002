#!/usr/bin/python3
"""Models in 8 bits against the same in floats: quantises each with 'vitrine model quantize', shows both other photos, and
prints the cosine of the outputs after the mean output over the photos is taken off (without that, a network that says
the same of every picture would look right), the least over the photos, what another photo's output gets, and, with
ORT_HOME, the cosine of onnxruntime's output for the file in 8 bits with ours in floats.

    bench/int8.py VITRINE PHOTOS MODEL.onnx... [--out FOLDER] [--calibrate 200] [--photos 20] [--keep]

Photos to calibrate with are the first of the folder, those that are measured the last. Needs numpy and Pillow."""
import argparse, os, subprocess, sys, tempfile
import numpy as np
from PIL import Image

MEAN, STD = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)
LIMIT = 0.99
ORT = """
import { createRequire } from 'node:module'
import { readFileSync, writeFileSync } from 'node:fs'
const ort = createRequire(process.env.ORT_HOME + '/')('onnxruntime-node')
const [model, input, output, side] = process.argv.slice(2)
const s = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3 })
const all = new Float32Array(readFileSync(input).buffer.slice(0)), one = 3 * side * side, out = []
for (let i = 0; i * one < all.length; i++) {
  const x = new ort.Tensor('float32', all.slice(i * one, (i + 1) * one), [1, 3, Number(side), Number(side)])
  out.push(Buffer.from((await s.run({ [s.inputNames[0]]: x }))[s.outputNames[0]].data.buffer.slice(0)))
}
writeFileSync(output, Buffer.concat(out))
"""


def prepared(names, side):
    pictures = []
    for name in names:
        im = Image.open(name).convert('RGB').resize((side, side), Image.BILINEAR)
        pictures.append(((np.asarray(im, np.float32) / 255 - MEAN) / STD).transpose(2, 0, 1))
    return np.ascontiguousarray(np.stack(pictures), np.float32)  # (N, 3, side, side)


def outputs(vitrine, model, pictures, folder, precision):
    rows = []
    for i in range(len(pictures)):  # one at a time: models may be exported so
        x, y = os.path.join(folder, 'x.npy'), os.path.join(folder, 'y.npy')
        np.save(x, pictures[i:i + 1])
        subprocess.run([vitrine, 'model', 'run', model, '-i', x, '-o', y, '--precision', precision], check=True)
        rows.append(np.load(y).reshape(-1))
    return np.stack(rows)


def by_onnxruntime(model, pictures, folder, side):
    paths = [os.path.join(folder, n) for n in ('run.mjs', 'x.bin', 'y.bin')]
    open(paths[0], 'w').write(ORT)
    pictures.tofile(paths[1])
    subprocess.run(['node', paths[0], model, paths[1], paths[2], str(side)], check=True)
    return np.fromfile(paths[2], np.float32).reshape(len(pictures), -1)


def cosines(a, b):
    a, b = a - a.mean(0), b - b.mean(0)
    return (a * b).sum(1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1) + 1e-30)


def measure(a, model, names, folder):
    side = 299 if 'inception_v3' in model else 224
    name = os.path.splitext(os.path.basename(model))[0]
    int8 = os.path.join(a.out or folder, name + '.int8.onnx')
    if not (a.keep and os.path.exists(int8)):
        inputs = os.path.join(folder, 'calibrate')
        os.makedirs(inputs, exist_ok=True)
        for n in names[:a.calibrate]:
            if not os.path.exists(os.path.join(inputs, os.path.basename(n))):
                os.symlink(os.path.abspath(n), os.path.join(inputs, os.path.basename(n)))
        subprocess.run([a.vitrine, 'model', 'quantize', model, '-o', int8, '--photos', inputs, '--count',
                        str(a.calibrate)], check=True, stdout=subprocess.DEVNULL)
    pictures = prepared(names[-a.photos:], side)
    want = outputs(a.vitrine, model, pictures, folder, 'f32')
    have = outputs(a.vitrine, int8, pictures, folder, 'auto')
    plain = outputs(a.vitrine, int8, pictures, folder, 'f32')
    c = cosines(want, have)
    ort = cosines(want, by_onnxruntime(int8, pictures, folder, side)).mean() if os.environ.get('ORT_HOME') else np.nan
    good = c.mean() >= LIMIT > cosines(want[::-1], have).mean()
    same = (want.argmax(1) == have.argmax(1)).mean()
    print(f'{name:<20}{c.mean():10.5f}{c.min():10.5f}{cosines(want, plain).mean():12.5f}{ort:13.5f}'
          f'{cosines(want[::-1], have).mean():13.5f}{same:8.2f}{"" if good else "  FAILED"}', flush=True)
    return good


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('vitrine')
    p.add_argument('folder')
    p.add_argument('models', nargs='+')
    p.add_argument('--out')
    p.add_argument('--calibrate', type=int, default=200)
    p.add_argument('--photos', type=int, default=20)
    p.add_argument('--keep', action='store_true', help='take files in 8 bits that lie in --out already')
    a = p.parse_args()
    names = sorted(os.path.join(a.folder, n) for n in os.listdir(a.folder) if n.lower().endswith(('.jpg', '.png')))
    if len(names) < a.calibrate + a.photos:
        sys.exit(f'{a.folder}: {len(names)} photos, {a.calibrate + a.photos} are needed')
    print(f'{"network":<20}{"cosine":>10}{"least":>10}{"in floats":>12}{"onnxruntime":>13}{"other photo":>13}{"top-1":>8}')
    with tempfile.TemporaryDirectory() as folder:
        good = [measure(a, m, names, folder) for m in a.models]
    sys.exit(not all(good))


main()
