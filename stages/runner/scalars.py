"""One unquoted word of a file of parameters: read where YAML 1.1 and YAML 1.2 agree on it, else refused.

DVC reads by YAML 1.2, most others (PyYAML, editors) by 1.1: `020` is 20 to the one and 16 to the others. A number that
means two things is no parameter, so what they read differently is refused with both readings.
"""

import functools
import json
import math
import re

import yaml

Scalar = str | int | float | bool | None

# YAML 1.2 as ruamel.yaml has it, which reads for DVC: it takes underscores and 0b beyond the core schema.
WORDS: dict[str, bool | None] = dict.fromkeys(("", "~", "null", "Null", "NULL"))
WORDS |= dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)
FLOAT = re.compile(
    r"[-+]?[0-9][0-9_]*\.[0-9_]*([eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
    r"|[-+]?\.[0-9_]+([eE][-+][0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
INT = re.compile(r"[-+]?(0b[01_]+|0o?[0-7_]+|[0-9_]+|0x[0-9a-fA-F_]+)")
BASES = {"0b": 2, "0o": 8, "0x": 16}
STARTS = frozenset("-+.0123456789")
# Text that is meant as a number but read as one by neither version, or by one alone.
EXPONENT = re.compile(r"([-+]?)(?=\.?[0-9])([0-9]*)\.?([0-9]*)[eE]([-+]?)([0-9]+)")
# What nobody can take for anything but text; every word that YAML 1.1 knows is shorter than four letters or listed.
PLAIN_TEXT = re.compile(r"[A-Za-z_][A-Za-z0-9_]{4,}([./-][A-Za-z0-9_./-]*)?")
OLD_TYPES = {f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str")}


class Unclear(ValueError):
    """A word that is no value; the message goes behind file and key."""


@functools.lru_cache(maxsize=4096)
def read(text: str) -> Scalar:
    """The value of an unquoted word.

    Raises: Unclear for one that the versions of YAML read differently, for a date, a merge key or a number that is not
    finite, and for a number that both read as text.
    """
    if PLAIN_TEXT.fullmatch(text) and text not in WORDS:
        return text
    old, new = _by_yaml_1_1(text), _by_yaml_1_2(text)
    if any(isinstance(value, float) and not math.isfinite(value) for value in (old, new)):
        raise Unclear(f"is {text}: expected a finite number; write one")
    if type(old) is not type(new) or old != new:
        raise Unclear(f"reads as {_shown(old)} in YAML 1.1 and as {_shown(new)} in YAML 1.2; write {_meant(text, new)}")
    if isinstance(new, str) and EXPONENT.fullmatch(text):
        raise Unclear(f"reads as text {text!r}; write {_meant(text, new)}")
    return new


def _shown(value: Scalar) -> str:
    return f"text {value!r}" if isinstance(value, str) else json.dumps(value)


def _by_yaml_1_1(text: str) -> Scalar:
    """What PyYAML makes of it."""
    loader = yaml.SafeLoader("")
    tag = loader.resolve(yaml.ScalarNode, text, (True, False))
    if tag not in OLD_TYPES:
        kind = {"timestamp": "a date", "merge": "a merge key"}.get(tag.rpartition(":")[2], "no value")
        remedy = "write the keys out" if kind == "a merge key" else f'write "{text}" for the text'
        raise Unclear(f"reads as {kind}, {text!r}; {remedy}")
    try:
        return loader.construct_object(yaml.ScalarNode(tag, text))
    except (ValueError, IndexError):
        raise Unclear(f"reads as a number that has no value, {_short(text)}; write it out in decimal digits") from None


def _by_yaml_1_2(text: str) -> Scalar:
    if text in WORDS:
        return WORDS[text]
    if text[0] not in STARTS:
        return text
    try:
        digits = text.replace("_", "")
        if FLOAT.fullmatch(text):
            return float(re.sub(r"\.(?=[in])", "", digits.lower()))
        if INT.fullmatch(text):
            sign, digits = (-1 if digits[0] == "-" else 1), digits.lstrip("+-")
            return sign * int(digits[2:] if digits[:2] in BASES else digits, BASES.get(digits[:2], 10))
    except (ValueError, IndexError):
        raise Unclear(f"reads as a number that has no value, {_short(text)}; write it out in decimal digits") from None
    return text


def _meant(text: str, value: Scalar) -> str:
    """How to write what is probably meant so that all read it alike."""
    if parts := EXPONENT.fullmatch(text):
        sign, whole, rest, power_sign, power = parts.groups()
        return f"{sign}{whole or 0}.{rest or 0}e{power_sign or '+'}{power}"
    if value is None or text.lower() in ("yes", "no", "on", "off"):
        return f'true or false, or "{text}" for the text'
    if isinstance(value, str):
        return f'"{text}" for the text, or the number in decimal digits'
    return f'{value} for the number, or "{text}" for the text'


def _short(text: str) -> str:
    return repr(text if len(text) < 40 else f"{text[:30]}… ({len(text)} characters)")
