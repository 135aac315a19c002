#!/usr/bin/env python3
"""Training throughput in PyTorch: images per second, forward, backward and AdamW update.

    bench/train_peer.py --net segment|embed|resnet50|resnet18|... [--bf16] [--contiguous] [--batch N] [--side PIXELS]

segment and embed are the recipes' networks, the same layers as src/model/arch_*.c, with their recipes' losses and
sizes; any other name is one of torchvision's. Channels last unless --contiguous; bf16 autocast where --bf16 is given. Development tool."""
import argparse
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, i, o, s):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(i, o, 3, s, 1, bias=False), nn.BatchNorm2d(o)
        self.conv2, self.bn2 = nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o)
        self.downsample = None
        if s > 1 or i != o:
            self.downsample = nn.Sequential(nn.Conv2d(i, o, 1, s, bias=False), nn.BatchNorm2d(o))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + (self.downsample(x) if self.downsample else x))


class ConvNormRelu(nn.Module):
    def __init__(self, i, o, k, s=1):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(i, o, k, s, k // 2, bias=False), nn.BatchNorm2d(o)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


class Encoder(nn.Module):
    def __init__(self, width=(48, 96, 192, 384), stem=32, blocks=(2, 2, 2, 2)):
        super().__init__()
        self.stem, self.pool, i = ConvNormRelu(3, stem, 7, 2), nn.MaxPool2d(3, 2, 1), stem
        for k, (w, n) in enumerate(zip(width, blocks)):
            stage = [Block(w if b else i, w, 1 if b or not k else 2) for b in range(n)]
            setattr(self, f'layer{k + 1}', nn.Sequential(*stage))
            i = w

    def forward(self, x):
        f = [self.stem(x)]
        y = self.pool(f[0])
        for s in (self.layer1, self.layer2, self.layer3, self.layer4):
            y = s(y)
            f.append(y)
        return f


class StepUp(nn.Module):
    def __init__(self, i, skip, o):
        super().__init__()
        self.reduce, self.mix = ConvNormRelu(i, o, 1), ConvNormRelu(o + skip, o, 3)

    def forward(self, y, skip):
        y = F.interpolate(self.reduce(y), scale_factor=2, mode='bilinear', align_corners=False)
        return self.mix(torch.cat([y, skip], 1))


class UNet(nn.Module):
    """Parameters have the names of the recipe's network."""
    def __init__(self, classes=17, width=(48, 96, 192, 384), stem=32, decoder=(128, 96, 64, 32), blocks=(2, 2, 2, 1)):
        super().__init__()
        self.encoder, self.decoder, i = Encoder(width, stem, blocks), nn.ModuleList(), width[3]
        for o, s in zip(decoder, (width[2], width[1], width[0], stem)):
            self.decoder.append(StepUp(i, s, o))
            i = o
        self.head = nn.Conv2d(i, classes, 1)

    def forward(self, x):
        f = self.encoder(x)
        y = f[4]
        for k, step in enumerate(self.decoder):
            y = step(y, f[3 - k])
        return self.head(y)


class Embed(nn.Module):
    def __init__(self, dim=256, classes=(141, 46, 5, 17)):
        super().__init__()
        self.enc, self.fc = Encoder(), nn.Linear(384, dim, bias=False)
        self.heads = nn.ModuleList(nn.Linear(dim, c, bias=False) for c in classes)

    def forward(self, x):
        y = F.normalize(self.fc(self.enc(x)[4].mean((2, 3))))
        return y, [h(y) for h in self.heads]


class CapsNet(nn.Module):
    """sccapsnet, or rccapsnet where residual, for pictures of `side` pixels; scores are the capsules' lengths."""
    def __init__(self, classes=17, side=64, residual=False, width=(16, 32, 64, 128, 128), maps=32, dim=8, out=16):
        super().__init__()
        self.features, i = nn.ModuleList(), 3
        for w in width:
            self.features.append(nn.Sequential(ConvNormRelu(i, w, 3, 2),
                                               Block(w, w, 1) if residual else ConvNormRelu(w, w, 3)))
            if residual:
                nn.init.zeros_(self.features[-1][1].bn2.weight)  # as the builder starts
            i, side = w, (side + 1) // 2
        self.primary, self.dim, self.shape = nn.Conv2d(i, maps * dim, 3, 1, 1), dim, (maps, side * side, classes, out)
        self.capsules = nn.Module()
        inputs = maps * side * side
        self.capsules.weight = nn.Parameter(torch.randn(inputs, dim, classes * out) * classes / 3 / (inputs * out)**.5)

    @staticmethod
    def squash(s):
        square = (s * s).sum(-1, keepdim=True)
        return s * (square + 1e-7).sqrt() / (1 + square)

    def forward(self, x):
        for f in self.features:
            x = f(x)
        maps, places, classes, out = self.shape
        u = self.primary(x).reshape(-1, maps, self.dim, places).transpose(2, 3).flatten(1, 2)
        hat = torch.einsum('nid,ido->nio', self.squash(u), self.capsules.weight).unflatten(2, (classes, out))
        logits = torch.zeros(hat.shape[:3])
        for r in range(3):
            v = self.squash(torch.einsum('nij,nijo->njo', logits.softmax(2), hat))
            logits = logits + torch.einsum('njo,nijo->nij', v, hat)
        return ((v * v).sum(-1) + 1e-7).sqrt()


def margin_loss(net, x, t):
    v, there = net(x), F.one_hot(t, 17)
    return (there * F.relu(0.9 - v)**2 + 0.5 * (1 - there) * F.relu(v - 0.1)**2).sum(1).mean()


def segment_loss(net, x, t, smooth=1, ignore=255):
    """Cross-entropy plus soft Dice over the classes that occur; pixels with the label `ignore` do not count."""
    y = net(x).float()
    known = (t != ignore)[:, None]
    hot = F.one_hot(t.where(known[:, 0], torch.zeros_like(t)), y.shape[1]).permute(0, 3, 1, 2) * known
    p = y.softmax(1) * known
    dice = (2 * (p * hot).sum((0, 2, 3)) + smooth) / ((p + hot).sum((0, 2, 3)) + smooth)
    return F.cross_entropy(y, t, ignore_index=ignore) + 1 - dice[hot.sum((0, 2, 3)) > 0].mean()


def embed_loss(net, x, t):
    e, heads = net(x)
    e = e.float()
    d = torch.cdist(e, e)
    return sum(F.cross_entropy(20 * h.float(), t) for h in heads) + F.relu(d[::2] - d[1::2] + 0.2).mean()


def class_loss(net, x, t):
    return F.cross_entropy(net(x).float(), t)


def setup(o):
    """Network, loss, batch and targets."""
    if o.net == 'segment':
        n = o.batch or 16
        return UNet(), segment_loss, torch.randn(n, 3, 288, 192), torch.randint(0, 17, (n, 144, 96))
    if o.net == 'embed':
        n = o.batch or 64
        return Embed(), embed_loss, torch.randn(n, 3, 96, 72), torch.randint(0, 5, (n,))
    import torchvision
    n = o.batch or 16
    net = getattr(torchvision.models, o.net)(weights=None, num_classes=17)
    return net, class_loss, torch.randn(n, 3, o.side, o.side), torch.randint(0, 17, (n,))


def main():
    a = argparse.ArgumentParser()
    a.add_argument('--net', default='embed')
    a.add_argument('--batch', type=int)
    a.add_argument('--side', type=int, default=224)
    a.add_argument('--bf16', action='store_true')
    a.add_argument('--contiguous', action='store_true', help='NCHW instead of channels last')
    a.add_argument('--steps', type=int, default=8)
    a.add_argument('--threads', type=int, default=2)
    o = a.parse_args()
    torch.set_num_threads(o.threads)
    torch.manual_seed(1)
    net, loss_of, x, t = setup(o)
    layout = torch.contiguous_format if o.contiguous else torch.channels_last
    net = net.to(memory_format=layout).train()
    x = x.to(memory_format=layout)
    opt = torch.optim.AdamW(net.parameters(), 1e-3)
    times = []
    for _ in range(o.steps):
        start = time.perf_counter()
        with torch.autocast('cpu', dtype=torch.bfloat16, enabled=o.bf16):
            loss = loss_of(net, x, t)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        times.append(time.perf_counter() - start)
    times = sorted(times[min(2, len(times) - 1):])
    print(f'{o.net} {"bf16" if o.bf16 else "f32"} batch {len(x)}: {len(x) / times[len(times) // 2]:.2f} images/s (median), '
          f'{len(x) / times[0]:.2f} (best), torch {torch.__version__}')


if __name__ == '__main__':
    main()
