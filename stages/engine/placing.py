"""A method on the device where it is trained, alike in all processes."""

from pathlib import Path

import torch

from stages.engine.compiling import compile_chains
from stages.engine.method import Trainable
from stages.engine.plan import CompiledBlock, TrainBlock
from stages.engine.world import World


def place(method: Trainable, world: World, block: TrainBlock, resume: Path) -> None:
    """Moves nets and memory to the device in the layout asked for, with the values of process 0; frozen nets freeze.

    What is to be compiled is told so. A GPU tries which of its convolutions is quickest at each size: a training has
    few sizes, unlike a detection of photos.
    """
    for name, net in method.frozen.items():
        method.frozen[name] = net.to(world.device).eval().requires_grad_(False)
    for name, net in method.nets.items():
        method.nets[name] = net.to(world.device).train()
        world.broadcast([*net.parameters(), *net.buffers()])
    for name, tensor in method.memory.items():
        method.memory[name] = tensor.to(world.device)
    world.broadcast(list(method.memory.values()))
    for net in (*method.nets.values(), *method.frozen.values()):
        net.to(memory_format=torch.channels_last if block.channels_last else torch.contiguous_format)
    torch.backends.cudnn.benchmark = world.device.type == "cuda"
    if isinstance(block, CompiledBlock) and block.compile == "elementwise":
        compile_chains(method.nets, world.device, resume / "compiled")
