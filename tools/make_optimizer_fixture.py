#!/usr/bin/env python3
"""Writes tests/fixtures/optimizers.csv: twelve steps of PyTorch's optimisers on the loss sum of w^4 / 4 + w^2 / 2 - w, from
w = (0.5, -1.5, 2), with the settings that the rows name. Needs Debian's python3-torch."""
import torch

CASES = [  # optimiser, settings, the same for PyTorch
    ("sgd", "optimizer.momentum=0 optimizer.weight_decay=0.01", lambda p: torch.optim.SGD(p, 0.05, weight_decay=0.01)),
    ("sgd", "optimizer.momentum=0.8", lambda p: torch.optim.SGD(p, 0.05, momentum=0.8)),
    ("sgd", "optimizer.momentum=0.8 optimizer.nesterov=yes", lambda p: torch.optim.SGD(p, 0.05, momentum=0.8, nesterov=True)),
    ("adagrad", "optimizer.eps=1e-8", lambda p: torch.optim.Adagrad(p, 0.05, eps=1e-8)),
    ("rmsprop", "optimizer.beta2=0.9 optimizer.momentum=0.5 optimizer.eps=1e-6",
     lambda p: torch.optim.RMSprop(p, 0.05, alpha=0.9, momentum=0.5, eps=1e-6)),
    ("adam", "optimizer.beta2=0.99 optimizer.weight_decay=0.01",
     lambda p: torch.optim.Adam(p, 0.05, betas=(0.9, 0.99), weight_decay=0.01)),
    ("adamw", "optimizer.beta2=0.99 optimizer.weight_decay=0.1",
     lambda p: torch.optim.AdamW(p, 0.05, betas=(0.9, 0.99), weight_decay=0.1)),
]
torch.set_default_dtype(torch.float64)
with open("tests/fixtures/optimizers.csv", "w", encoding="ascii") as out:
    out.write("optimizer,settings,step,w0,w1,w2\n")
    for name, settings, make in CASES:
        w = torch.tensor([[0.5, -1.5, 2.0]], requires_grad=True)
        optimizer = make([w])
        for step in range(1, 13):
            optimizer.zero_grad()
            (w**4 / 4 + w**2 / 2 - w).sum().backward()
            optimizer.step()
            if step in (1, 4, 12):
                out.write(f"{name},{settings},{step}," + ",".join(f"{v:.9g}" for v in w[0].tolist()) + "\n")
