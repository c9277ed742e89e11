"""What is no generator is not registered, and what no configuration of one can be is refused."""

from typing import Any

import pytest
from tones import Tones, TonesConfig

from workbench.errors import WorkbenchError
from workbench.generators.generator_registry import register


class _Nameless(Tones):
    name = "two words"


class _Shipped(Tones):
    name = "challenge"


class _Shapeless(Tones):
    name, configuration = "shapeless", dict


class _Untrained(Tones):
    name = "untrained"
    presets = {}  # noqa: RUF012


@pytest.mark.parametrize(
    ("wrong", "message"),
    [(_Shapeless(), "the generator shapeless has no configuration"), (_Untrained(), "has no preset 'default'"),
     (Tones, "what is to be registered is"), (_Nameless(), "cannot be called 'two words'"),
     (_Shipped(), "challenge ships with the workbench")],
)  # fmt: skip
def test_what_is_no_generator_is_not_registered(wrong: Any, message: str) -> None:
    with pytest.raises(WorkbenchError, match=message):
        register(wrong)


@pytest.mark.parametrize(
    ("field", "value"),
    [("frames", 1 << 20), ("names", ["low", 7e30]), ("channels", "x" * 5000), ("colour", 3), ("frames", None)],
)  # fmt: skip
def test_an_impossible_configuration_is_refused(field: str, value: object) -> None:
    from workbench.generators.configuration import configuration_of

    plain = {"names": ["low"], "frames": 24, "channels": 16}
    assert configuration_of(Tones(), plain, "it") == TonesConfig(("low",))
    with pytest.raises(WorkbenchError, match="it: bad configuration"):
        configuration_of(Tones(), {**plain, field: value}, "it")
