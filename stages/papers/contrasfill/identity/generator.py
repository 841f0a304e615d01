"""The unconditional generator and its discriminator as a model folder: trained, or converted from the user's files."""

from pathlib import Path

import torch

from stages.engine.loop import train
from stages.engine.weights import write_weights
from stages.engine.world import World
from stages.papers.contrasfill.discovering import Study, note_model
from stages.papers.contrasfill.identity import official
from stages.papers.contrasfill.methods.stylegan import method as stylegan

Block = stylegan.Block


def discover(study: Study) -> None:
    """Leaves weights.safetensors, curve.jsonl (empty where nothing was trained) and model.json.

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
    state = official.read_named(key, file, digest, block.generator_prefix)
    average = official.read_named(key, file, digest, "")
    if block.generator_average not in average:
        raise ValueError(f"key generator_average: {file} holds no tensor {block.generator_average!r}")
    planes = official.plane_names(generator.sides, block.layout)
    beside = {name for name, _ in planes} | {block.generator_average.removeprefix(block.generator_prefix)}
    names = official.generator_names(generator.sides, block.mapping_layers, block.layout)
    official.fill(generator, state, names, beside, file)
    fill_planes(generator.planes, state, planes, file)
    # pSp's checkpoints repeat the average code for every layer.
    made.memory["latent_average"] = average[block.generator_average].reshape(-1, block.latent)[0].clone()
    key, file, digest = "discriminator_file", block.discriminator_file, block.discriminator_sha256
    state = official.read_named(key, file, digest, block.discriminator_prefix)
    official.fill(discriminator, state, official.discriminator_names(generator.sides, block.layout), set(), file)
    write_weights(made.nets, made.memory, out)
    (out / "curve.jsonl").write_text("", encoding="utf-8")


def fill_planes(planes: torch.Tensor, state: dict, names: list[tuple[str, int]], where: str) -> None:
    """Takes the file's noise planes, all or none. Raises: ValueError where some are missing or of another side."""
    held = [name for name, _ in names if name in state]
    if not held:
        return
    wrong = [name for name, side in names if name not in state or state[name].numel() != side * side]
    if wrong:
        raise ValueError(f"{where}: of {len(names)} noise planes {len(wrong)} are missing or not square: {wrong[:3]}")
    planes.copy_(torch.cat([state[name].reshape(1, -1) for name, _ in names], dim=1))
