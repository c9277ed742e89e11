"""A real wheel, installed away from the checkout, finds its recordings and checkpoints."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _run(*words: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *words],
        cwd=environment.pop("cwd", ROOT),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the source distribution, and from it alone the wheel, without a network."""
    folder = tmp_path_factory.mktemp("dist")
    _run("-m", "hatchling", "build", "-t", "sdist", "-d", str(folder))
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(folder, filter="data")
    source = folder / archive.name.removesuffix(".tar.gz")
    _run("-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=str(source))
    return folder


def _shipped(folder: str) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_package_and_data(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
    expected = {f"workbench/{name}" for name in _shipped("data")} | _shipped("workbench")
    assert expected <= names
    extra = {name for name in names - expected if ".dist-info/" not in name}
    assert not extra
    for licence in (
        "LICENSE",
        "data/recordings/LICENSE.txt",
        "data/pronunciations/LICENSE.txt",
    ):
        assert any(name.endswith(f".dist-info/licenses/{licence}") for name in names)


def test_the_source_distribution_holds_what_make_needs(dist: Path) -> None:
    (archive,) = dist.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        names = {name.split("/", 1)[1] for name in file.getnames()}
    assert _shipped("data") | _shipped("workbench") <= names
    assert {"Makefile", "constraints.txt", "environment.yml", "LICENSE", "README.md"} <= names
    assert not any(name.startswith((".venv", "out/", ".git/")) for name in names)


def test_the_installed_wheel_finds_its_data(dist: Path, tmp_path: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as file:
        file.extractall(site)
    said = _run("-m", "workbench", "data", "check", cwd=str(tmp_path), PYTHONPATH=str(site))
    assert str(site / "workbench" / "data" / "recordings") in said
