"""What torch can compute on here; the GPU takes part where there is one, since the arithmetic is the same."""

import torch

DEVICES = ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)
