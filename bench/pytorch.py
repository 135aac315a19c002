#!/usr/bin/env python3
"""Median time of a torchvision network in PyTorch, in eval mode: bench/pytorch.py NAME BATCH SIDE SECONDS THREADS
(development tool: Debian's python3-torchvision). Prints milliseconds of the faster layout, channels-last or the default;
with PROCESSOR_TIME set, those that the process computed. Weights are random: they do not change the time."""
import os, sys, time, torch, torchvision

name, batch, side, seconds, threads = sys.argv[1], *(float(v) for v in sys.argv[2:6])
torch.set_num_threads(int(threads))
torch.set_flush_denormal(True)
more = {"aux_logits": False, "init_weights": False} if name in ("inception_v3", "googlenet") else {}
clock = time.process_time if os.environ.get("PROCESSOR_TIME") else time.perf_counter


def median(layout):
    net = getattr(torchvision.models, name)(weights=None, **more).eval().to(memory_format=layout)
    x = torch.randn(int(batch), 3, int(side), int(side)).contiguous(memory_format=layout)
    times = []
    with torch.inference_mode():
        for _ in range(2):
            net(x)
        end = time.perf_counter() + seconds
        while len(times) < 5 or time.perf_counter() < end:
            start = clock()
            net(x)
            times.append(clock() - start)
    return sorted(times)[len(times) // 2] * 1e3


print(f"{min(median(torch.contiguous_format), median(torch.channels_last)):.2f}")
