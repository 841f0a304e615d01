"""The unconditional generator and its discriminator as a model folder: trained, or converted from the user's files."""

from pathlib import Path

import torch

from stages.engine.loop import train
from stages.engine.record import write_curve
from stages.engine.weights import write_files, write_weights
from stages.engine.world import World
from stages.papers.contrasfill.discovering import Study, note_model
from stages.papers.contrasfill.methods.stylegan import method as stylegan
from stages.teachers import stylegan_weights
from stages.teachers.weights import open_file

Block = stylegan.Block


def discover(study: Study) -> None:
    """Leaves weights.safetensors, curve.csv (without a line where nothing was trained) and model.json.

    Raises: FileNotFoundError and ValueError naming key, file and tensors where the published files do not fit.
    """
    if study.block.source == "file":
        convert(study.block, study.session.world, study.session.out)
    else:
        method, source = stylegan.for_training(study.block, study.inputs, study.seed, study.session.world)
        train(method, source, study.block, study.seed, study.session)
    note_model(study)


def convert(block: Block, world: World, out: Path) -> None:
    """Fills the networks from the user's files; the average code comes from the generator's file."""
    made = stylegan.for_sampling(block, world)
    generator, discriminator = made.generator, made.discriminator
    key, file, digest = "generator_file", block.generator_file, block.generator_sha256
    whole = open_file(key, file, digest).tensors
    if block.generator_average not in whole:
        raise ValueError(f"key generator_average: {file} holds no tensor {block.generator_average!r}")
    given = stylegan_weights.open_named(key, file, digest, block.generator_prefix)
    planes = stylegan_weights.plane_names(generator.sides, block.layout)
    beside = {name for name, _ in planes} | {block.generator_average.removeprefix(block.generator_prefix)}
    names = stylegan_weights.generator_names(generator.sides, block.mapping_layers, block.layout)
    size = f"a StyleGAN2 of {block.size_px} px by the names of {block.layout}"
    stylegan_weights.fill(generator, given, names, beside, f"the generator of {size}")
    fill_planes(generator.planes, dict(given.tensors), planes, given.where)
    made.memory["latent_average"] = average_code(block, whole[block.generator_average], given.where)
    key, file, digest = "discriminator_file", block.discriminator_file, block.discriminator_sha256
    given = stylegan_weights.open_named(key, file, digest, block.discriminator_prefix)
    names = stylegan_weights.discriminator_names(generator.sides, block.layout)
    stylegan_weights.fill(discriminator, given, names, set(), f"the discriminator of {size}")
    write_weights(made.nets, made.memory, out)
    write_files(made.nets.values(), out)
    write_curve(out)


def fill_planes(planes: torch.Tensor, state: dict, names: list[tuple[str, int]], where: str) -> None:
    """Takes the file's noise planes, all or none. Raises: ValueError where some are missing or of another side."""
    held = [name for name, _ in names if name in state]
    if not held:
        return
    wrong = [name for name, side in names if name not in state or state[name].numel() != side * side]
    if wrong:
        raise ValueError(f"{where}: of {len(names)} noise planes {len(wrong)} are missing or not square: {wrong[:3]}")
    found = torch.cat([state[name].reshape(1, -1).to(planes) for name, _ in names], dim=1)
    if not torch.isfinite(found).all():
        raise ValueError(f"{where}: its noise planes are not all finite numbers; get another file")
    planes.copy_(found)


def average_code(block: Block, found: torch.Tensor, where: str) -> torch.Tensor:
    """The average code, which pSp's checkpoints repeat for every layer. Raises: ValueError for anything else."""
    if not found.is_floating_point() or not found.numel() or found.numel() % block.latent:
        raise ValueError(
            f"{where}: {block.generator_average} should hold codes of {block.latent} numbers (key latent), found "
            f"{str(found.dtype).removeprefix('torch.')} of shape {tuple(found.shape)}"
        )
    code = found.reshape(-1, block.latent)[0].float().clone()
    if not torch.isfinite(code).all():
        raise ValueError(f"{where}: {block.generator_average} is not all finite numbers; get another file")
    return code
