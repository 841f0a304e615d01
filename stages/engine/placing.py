"""A method on the device where it is trained, alike in all processes."""

import torch

from stages.engine.method import Trainable
from stages.engine.world import World


def place(method: Trainable, world: World, channels_last: bool) -> None:
    """Moves nets and memory to the device in the layout asked for, with the values of process 0; frozen nets freeze."""
    for name, net in method.frozen.items():
        method.frozen[name] = net.to(world.device).eval().requires_grad_(False)
    for name, net in method.nets.items():
        method.nets[name] = net.to(world.device).train()
        world.broadcast([*net.parameters(), *net.buffers()])
    for name, tensor in method.memory.items():
        method.memory[name] = tensor.to(world.device)
    world.broadcast(list(method.memory.values()))
    for net in (*method.nets.values(), *method.frozen.values()):
        net.to(memory_format=torch.channels_last if channels_last else torch.contiguous_format)
