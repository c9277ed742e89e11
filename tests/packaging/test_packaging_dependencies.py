"""Dependencies are listed once, in pyproject.toml; constraints.txt pins all that they bring along."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
# Brought along by PyTorch's CUDA wheel, which pins them itself.
PINNED_BY_TORCH = re.compile(r"nvidia-|cuda-|triton")
SET_UP_STAMP = ROOT / ".venv" / "set-up-is-complete"


def _pins() -> dict[str, Version]:
    """Return the versions of constraints.txt that hold for this Python."""
    pins: dict[str, Version] = {}
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            pin = Requirement(line)
            (exact,) = pin.specifier
            assert exact.operator == "==" and "*" not in exact.version, line
            if pin.marker is None or pin.marker.evaluate():
                assert canonicalize_name(pin.name) not in pins, f"{pin.name} is pinned twice"
                pins[canonicalize_name(pin.name)] = Version(exact.version)
    return pins


def _named_requirements() -> Iterator[Requirement]:
    """Give what pyproject.toml names: base, every extra, and the build system."""
    everything = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for line in (
        *PROJECT["dependencies"],
        *(line for lines in EXTRAS.values() for line in lines),
        *everything["build-system"]["requires"],
    ):
        requirement = Requirement(line)
        if canonicalize_name(requirement.name) != canonicalize_name(PROJECT["name"]):
            yield requirement


def _brought_along(requirements: Iterator[Requirement]) -> dict[str, Distribution]:
    """Walk the installed distributions from `requirements` on; those not installed are left out."""
    distributions: dict[str, Distribution] = {}
    waiting = [(requirement, frozenset(requirement.extras)) for requirement in requirements]
    seen = set()
    while waiting:
        requirement, extras = waiting.pop()
        name = canonicalize_name(requirement.name)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            distributions[name] = distribution(name)
        except PackageNotFoundError:
            continue
        for line in distributions[name].requires or ():
            needed = Requirement(line)
            marker = needed.marker
            if marker is None or any(marker.evaluate({"extra": e}) for e in ("", *extras)):
                waiting.append((needed, frozenset(needed.extras)))
    return distributions


def test_pins_cover_everything_installed() -> None:
    missing = [
        name
        for name in _brought_along(_named_requirements())
        if name not in _pins() and not PINNED_BY_TORCH.match(name)
    ]
    assert not missing


def test_pins_satisfy_every_range() -> None:
    pins = _pins()
    for requirement in _named_requirements():
        pin = pins[canonicalize_name(requirement.name)]
        assert pin in requirement.specifier, f"{requirement} but {pin} is pinned"


@pytest.mark.parametrize(
    ("name", "version"), [("torch", "2.13.0"), ("torchaudio", "2.11.0"), ("brevitas", "0.13.4")]
)
def test_pins_named_in_the_documentation(name: str, version: str) -> None:
    assert str(_pins()[name]) == version


def test_the_set_up_installed_the_pins() -> None:
    """Only where `make` made this environment; an ordinary pip or conda install may be newer."""
    if Path(sys.prefix) != ROOT / ".venv" or not SET_UP_STAMP.exists():
        return
    for name, found in _brought_along(_named_requirements()).items():
        if name in _pins():
            assert Version(Version(found.version).public) == _pins()[name], name


def test_base_dependencies_stay_few() -> None:
    assert len(PROJECT["dependencies"]) <= 14


def test_nothing_is_listed_twice() -> None:
    names = [canonicalize_name(requirement.name) for requirement in _named_requirements()]
    # hatchling builds the package, and the tests build it again without a network.
    names.remove("hatchling")
    assert len(names) == len(set(names))


def test_conda_environment_points_at_pyproject() -> None:
    text = (ROOT / "environment.yml").read_text()
    items = re.findall(r"^ *- +(.+)$", text, re.MULTILINE)
    project = re.fullmatch(r"--editable \.\[([a-z,]+)\]", items.pop())
    assert project and set(project[1].split(",")) <= set(EXTRAS)
    assert items.pop() == "--constraint constraints.txt"
    assert items[:1] == ["conda-forge"] and items[2:] == ["pip", "pip:"]
    python = re.fullmatch(r"python=(3\.\d+)", items[1])
    assert (
        python and f"{python[1]}.99" in Requirement(f"python{PROJECT['requires-python']}").specifier
    )


def test_makefile_and_ci_name_no_python_package() -> None:
    makefile = (ROOT / "Makefile").read_text()
    installs = re.findall(r"^\t.*\$\((?:PIP|PROJECT)_INSTALL\) (.+)$", makefile, re.MULTILINE)
    assert installs
    for words in installs:
        assert re.match(r"--quiet pip$|--no-deps --group |--editable ['\"]\.\[", words), words
    assert "pip install" not in (ROOT / ".ci" / "run").read_text()
    extras = re.search(r"^OPTIONAL = (.+)$", makefile, re.MULTILINE)
    assert extras and set(extras[1].split()) <= set(EXTRAS)


def test_the_versions_agree() -> None:
    from workbench import __version__

    assert PROJECT["version"] == __version__
    assert re.search(
        rf"^version: {re.escape(__version__)}$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE
    )
    assert f"{__version__}" in (ROOT / "CHANGELOG.md").read_text()
