"""What a stage is about to do, known before it does it: its receipt without the outputs."""

import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from stages.block import Block
from stages.runner import layers, params, receipt
from stages.runner.arguments import Arguments
from stages.runner.code import Code
from stages.runner.digest import file_digest
from stages.runner.exits import RETRY, StageFailure

LOCK = Path("envs/core.lock")
RUNNER = "stages.runner.main"

ModuleOf = Callable[[dict[str, str]], str | tuple[str, ...]]


def modules(verb: str, choices: dict[str, str], module_of: ModuleOf | None) -> tuple[str, ...]:
    """The modules that a verb's choices name, the one with the Block first; without `module_of` the verb itself."""
    chosen = module_of(choices) if module_of else f"stages.{verb}"
    return (chosen,) if isinstance(chosen, str) else chosen


def roots(verb: str, targets: tuple[str, ...]) -> tuple[str, ...]:
    """Where a stage's code begins: the verb, what wraps it, and the modules that its choices name."""
    return (f"stages.{verb}", RUNNER, *targets)


def modules_of(verb: str, choices: dict[str, str]) -> tuple[str, ...]:
    """`modules` by the verb's name alone; imports the verb, which is light."""
    return modules(verb, choices, getattr(importlib.import_module(f"stages.{verb}"), "module_of", None))


class Plan:
    """Everything of a receipt that needs neither a built input nor an import of the stage's own module."""

    def __init__(self, arguments: Arguments, targets: tuple[str, ...], lock: Path = LOCK) -> None:
        """Raises: StageFailure 78 for wrong layers; FileNotFoundError for a module that is not there."""
        self.arguments, self.targets, self.lock = arguments, targets, lock
        code = Code()
        self.code = code.digests(roots(arguments.verb, targets))
        self.code_digest = code.digest(self.code)
        self.lock_digest = file_digest(lock)
        self.params = layers.merge(params.load(names=arguments.layers), arguments.layers)
        self.gaps = layers.gaps(arguments.layers)

    def module(self) -> ModuleType:
        """The module that holds the Block: the running program where the verb itself does."""
        main, own = sys.modules["__main__"], self.targets[0] == f"stages.{self.arguments.verb}"
        return main if own and hasattr(main, "Block") else importlib.import_module(self.targets[0])

    def block(self, module: ModuleType) -> Block:
        """The validated parameters, which then stand in the receipt as the block has them.

        Raises: StageFailure 78 naming every wrong key.
        """
        block = layers.validate(module.Block, self.params, self.arguments.layers)
        self.params = block.model_dump(mode="json")
        return block

    def receipt(self, entry: Callable[[Path], Mapping[str, Any]]) -> dict[str, Any]:
        """The receipt but for the outputs; `entry` looks at an input.

        Raises: whatever `entry` raises for an input that is not built or not sound.
        """
        arguments = self.arguments
        content = {
            "schema": receipt.SCHEMA,
            "stage": arguments.out.as_posix(),
            "verb": arguments.verb,
            "command": list(arguments.canonical),
            "layers": list(arguments.layers),
            "params": self.params,
            "gaps": self.gaps,
            "inputs": {name: dict(entry(path)) for name, path in sorted(arguments.inputs.items())},
            "code": self.code,
            "code_digest": self.code_digest,
            "environment": {"lock": self.lock.as_posix(), "sha256": self.lock_digest},
        }
        return {**content, "fingerprint": receipt.fingerprint(content)}

    def refuse_if_changed(self) -> None:
        """Raises: StageFailure 75 naming a file of the code, or the lock, that is no longer what the receipt says."""
        now = Code().digests(roots(self.arguments.verb, self.targets))
        other = sorted(path for path in self.code.keys() | now.keys() if self.code.get(path) != now.get(path))
        if file_digest(self.lock) != self.lock_digest:
            other.append(self.lock.as_posix())
        if other:
            raise StageFailure(RETRY, f"{other[0]} was edited while the stage ran; run it again, with the code at rest")


def resume_name(content: Mapping[str, Any]) -> str:
    """The folder of a run's saved states: the same after an edit that leaves the code's digest equal."""
    return receipt.fingerprint({key: value for key, value in content.items() if key != "code"})[:16]
