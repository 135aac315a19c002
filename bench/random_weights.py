"""Random weights that keep a comparison of outputs informative. (development tool, imported by export_models.py)

Plain random networks are of no use for that: a deep one's output vanishes or is the same for every photo, and with
batch norms in it is chaotic. A normalised z, shifted by b and cut by an activation f, hands on noise and signal in
the ratio E[f'(z + b)^2] / Var[f(z + b)], never below 1: 1.47 for ReLU and b = 0, so that 50 layers magnify any
rounding a hundred million times, whoever computes them; 1.02 for b = 2. Trained networks are not like that. So:

  - norms shift most of what they hand on to where the activation is nearly linear (FIGURES); a few percent meet the
    kink, so that every activation still counts;
  - a norm's scales go with the deviations of its channels over the photos: scaling all to one would magnify the
    rounding of the channels in which photos hardly differ;
  - layers that an activation follows without a norm (VGG, SqueezeNet, squeeze-and-excitation, hidden layers of
    classifiers) get one while photos are shown, which is folded into them afterwards;
  - weights are uniform, their sum over the input channels zero at every place of the kernel: else the maps' mean,
    cut off at borders by padding, is all that is left after some layers. Kernels are a random mixture of channels
    plus as much that is random at each place; depthwise ones, of one channel, weigh their middle most. The first
    layer looks at differences of colours more than at brightness, in which photos differ most;
  - residual branches are a fraction of what they are added to, so that sums grow slowly.

The price: such networks are closer to linear than trained ones, and outputs of different photos lie near a space of
few dimensions (bench/networks.py says how few), though they differ as much as they did."""
import torch
import torchvision
from torch import fx, nn

# (scale, bias) of a norm in front of ...
FIGURES = {"relu": (1, 2), "relu6": (0.8, 3), "hardswish": (0.5, 1.5), "silu": (1, 1.5), "gelu": (1, 1.5),
           "sigmoid": (0.3, 0), "hardsigmoid": (0.3, 0), "nothing": (1, 0),
           "shortcut": (1, 2), "branch, relu": (0.35, 0.12), "branch": (0.3, 0)}
SPREAD = 0.2
# Brightness, red against blue, green against both: the photo's colours as the first layer mixes them.
COLOURS = torch.tensor([[1.0, 1, 1], [6, 0, -6], [3, -6, 3]])


def kind(node, modules):
    """What a node of the traced graph does, as FIGURES calls it."""
    if node.op == "call_module":
        return type(modules[node.target]).__name__.lower()
    return getattr(node.target, "__name__", str(node.target)).rstrip("_")


def follower(node, modules):
    """The first node that reads this one and does anything; None: no one or several do."""
    users = list(node.users)
    if len(users) != 1:
        return None
    passes = kind(users[0], modules) in ("dropout", "identity", "stochasticdepth", "stochastic_depth")
    return follower(users[0], modules) if passes else users[0]


def role(node, modules):
    after = follower(node, modules)
    what = kind(after, modules) if after else "nothing"
    if what in ("add", "iadd"):
        last = follower(after, modules)
        if not last or kind(last, modules) not in FIGURES:
            return "branch"
        return "shortcut" if ".downsample." in node.target or ".proj." in node.target else "branch, relu"
    return what if what in FIGURES else "nothing"


class Affine:
    """Scales and biases of a norm."""

    def __init__(self, norm, figures):
        scale, bias = figures
        self.norm = norm
        norm.weight.uniform_(scale * (1 - SPREAD), scale * (1 + SPREAD))
        norm.bias.uniform_(bias - SPREAD * scale, bias + SPREAD * scale)
        self.start = norm.weight.clone()
        self.hook = norm.register_forward_pre_hook(self.see)

    def see(self, norm, inputs):
        x = inputs[0]
        self.share(x.var([d for d in range(x.dim()) if d != 1]))

    def share(self, variance):
        self.norm.weight.copy_(self.start * (variance / variance.mean()).sqrt())

    def finish(self):
        self.hook.remove()
        self.share(self.norm.running_var)


class Folded(Affine):
    """A norm for what a layer without one gives, over all but its channels; folded into the layer in the end."""

    def __init__(self, layer, figures):
        super().__init__(nn.BatchNorm1d(layer.weight.shape[0]), figures)
        self.layer = layer
        self.behind = layer.register_forward_hook(lambda m, i, y: self.over(y))

    def over(self, y):
        at = 1 if isinstance(self.layer, nn.Conv2d) else y.dim() - 1
        moved = y.movedim(at, -1)
        return self.norm(moved.reshape(-1, moved.shape[-1])).reshape(moved.shape).movedim(-1, at)

    def finish(self):
        super().finish()
        self.behind.remove()
        n, w, b = self.norm, self.layer.weight, self.layer.bias
        by = n.weight / (n.running_var + n.eps).sqrt()
        w.mul_(by.reshape(-1, *[1] * (w.dim() - 1)))
        b.copy_(n.bias + (b - n.running_mean) * by)


def fill(w):
    """Weights of a convolution or a linear layer. // (out, in / groups, height, width) or (out, in)"""
    bound = (3 / w[0].numel()) ** 0.5
    w.uniform_(-bound, bound)
    if w.shape[1] == 1:
        w.mul_(0.5)[:, :, w.shape[2] // 2, w.shape[3] // 2] = 3 * bound
        return
    if w.dim() == 4 and w[0, 0].numel() > 1:
        w.add_(torch.empty(*w.shape[:2], 1, 1).uniform_(-bound, bound))
    if w.shape[1] == len(COLOURS):
        w.copy_(torch.einsum("oihw,ij->ojhw", w, COLOURS))
    else:
        w.sub_(w.mean(1, keepdim=True))


def parts(proxy):
    """What an assignment takes apart: a shape of four numbers, else a pair. (PyTorch 1.13 reads how many from Python
    3.10's bytecode, wrongly under 3.11.)"""
    return iter([proxy[i] for i in range(4 if proxy.node.target in ("size", getattr) else 2)])


def wake(net):
    """Gives the network such weights. Returns what is to be finished after photos have been shown."""
    fx.Proxy.__iter__ = parts
    whole = (torchvision.models.shufflenetv2.channel_shuffle,)
    nodes, modules = fx.Tracer(autowrap_functions=whole).trace(net).nodes, dict(net.named_modules())
    norms = []
    with torch.no_grad():
        for n in nodes:
            m = modules.get(n.target) if n.op == "call_module" else None
            if isinstance(m, nn.BatchNorm2d):
                norms.append(Affine(m, FIGURES[role(n, modules)]))
            if isinstance(m, (nn.Conv2d, nn.Linear)):
                fill(m.weight)
                if m.bias is not None and role(n, modules) != "nothing":
                    norms.append(Folded(m, FIGURES[role(n, modules)]))
        for name, p in net.named_parameters():
            if name.endswith("layer_scale"):
                p.uniform_(0.1, 0.3)
    return norms


def settle(net, norms, batches):
    """Statistics of the photos, averaged over batches, layer inputs being already normalised."""
    for m in [*net.modules(), *[a.norm for a in norms]]:
        if isinstance(m, nn.modules.batchnorm._BatchNorm):
            m.reset_running_stats()
            m.momentum = None
        if isinstance(m, (nn.Dropout, torchvision.ops.StochasticDepth)):
            m.p = 0
    net.train()
    with torch.no_grad():
        for b in batches if norms else []:
            net(b)
        for a in norms:
            a.finish()
    net.eval()
