#!/usr/bin/env python3
"""Training throughput of the two recipes' networks in PyTorch: images per second, forward, backward and AdamW update.

The same layers as src/model/arch_*.c, channels last; bf16 autocast where --bf16 is given. Development tool."""
import argparse, time, torch, torch.nn as nn, torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, i, o, s):
        super().__init__()
        self.c1, self.b1 = nn.Conv2d(i, o, 3, s, 1, bias=False), nn.BatchNorm2d(o)
        self.c2, self.b2 = nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o)
        self.d = nn.Sequential(nn.Conv2d(i, o, 1, s, bias=False), nn.BatchNorm2d(o)) if s > 1 or i != o else None

    def forward(self, x):
        y = F.relu(self.b1(self.c1(x)))
        return F.relu(self.b2(self.c2(y)) + (self.d(x) if self.d else x))


def cnr(i, o, k, s=1):
    return nn.Sequential(nn.Conv2d(i, o, k, s, k // 2, bias=False), nn.BatchNorm2d(o), nn.ReLU())


class Encoder(nn.Module):
    def __init__(self, width=(48, 96, 192, 384), stem=32):
        super().__init__()
        self.stem, self.pool = cnr(3, stem, 7, 2), nn.MaxPool2d(3, 2, 1)
        self.stages, i = nn.ModuleList(), stem
        for k, w in enumerate(width):
            self.stages.append(nn.Sequential(Block(i, w, 2 if k else 1), Block(w, w, 1)))
            i = w

    def forward(self, x):
        f = [self.stem(x)]
        y = self.pool(f[0])
        for s in self.stages:
            y = s(y)
            f.append(y)
        return f


class UNet(nn.Module):
    def __init__(self, classes=17, width=(48, 96, 192, 384), stem=32, decoder=(128, 96, 64, 32)):
        super().__init__()
        self.enc, skip, i = Encoder(width, stem), (width[2], width[1], width[0], stem), width[3]
        self.reduce, self.mix = nn.ModuleList(), nn.ModuleList()
        for o, s in zip(decoder, skip):
            self.reduce.append(cnr(i, o, 1))
            self.mix.append(cnr(o + s, o, 3))
            i = o
        self.head = nn.Conv2d(i, classes, 1)

    def forward(self, x):
        f = self.enc(x)
        y = f[4]
        for k in range(4):
            y = F.interpolate(self.reduce[k](y), scale_factor=2, mode='bilinear', align_corners=False)
            y = self.mix[k](torch.cat([y, f[3 - k]], 1))
        return self.head(y)


class Embed(nn.Module):
    def __init__(self, dim=256, classes=(141, 46, 5, 17)):
        super().__init__()
        self.enc, self.fc = Encoder(), nn.Linear(384, dim, bias=False)
        self.heads = nn.ModuleList(nn.Linear(dim, c, bias=False) for c in classes)

    def forward(self, x):
        y = F.normalize(self.fc(self.enc(x)[4].mean((2, 3))))
        return y, [h(y) for h in self.heads]


def main():
    a = argparse.ArgumentParser()
    a.add_argument('--net', choices=['segment', 'embed'], default='embed')
    a.add_argument('--bf16', action='store_true')
    a.add_argument('--steps', type=int, default=8)
    a.add_argument('--threads', type=int, default=2)
    o = a.parse_args()
    torch.set_num_threads(o.threads)
    torch.manual_seed(1)
    seg = o.net == 'segment'
    net = (UNet() if seg else Embed()).to(memory_format=torch.channels_last).train()
    opt = torch.optim.AdamW(net.parameters(), 1e-3)
    n = 16 if seg else 64
    x = torch.randn(n, 3, *((288, 192) if seg else (96, 72))).to(memory_format=torch.channels_last)
    t = torch.randint(0, 17, (n, 144, 96)) if seg else torch.randint(0, 5, (n,))
    times = []
    for _ in range(o.steps):
        start = time.perf_counter()
        with torch.autocast('cpu', dtype=torch.bfloat16, enabled=o.bf16):
            if seg:
                y = net(x).float()
                p, hot = y.softmax(1), F.one_hot(t, 17).permute(0, 3, 1, 2).float()
                dice = 1 - (2 * (p * hot).sum((0, 2, 3)) / ((p + hot).sum((0, 2, 3)) + 1e-6)).mean()
                loss = F.cross_entropy(y, t) + dice
            else:
                e, heads = net(x)
                e = e.float()
                d = torch.cdist(e, e)
                loss = sum(F.cross_entropy(20 * h.float(), t) for h in heads) + F.relu(d[::2] - d[1::2] + 0.2).mean()
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        times.append(time.perf_counter() - start)
    times = sorted(times[min(2, len(times) - 1):])
    print(f'{o.net} {"bf16" if o.bf16 else "f32"} batch {n}: {n / times[len(times) // 2]:.1f} images/s (median), torch {torch.__version__}')


main()
