"""No file and no text makes a reader raise anything but a WorkbenchError, or read what was edited.

$WORKBENCH_FUZZ: how many mutations there are in all (20,000). $WORKBENCH_FUZZ_SEED: other ones.
`corpus/READER/CASE/` keeps the files of every case that was ever handled wrongly, to be tried for ever.
"""

from __future__ import annotations

import os
import random
import shutil
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
from mutations import MUTATIONS
from readers import CONTAINER, READERS, Reader

from workbench.errors import WorkbenchError
from workbench.memory.faults import fault_registry as registry

TOTAL = int(os.environ.get("WORKBENCH_FUZZ", "20000"))
SEED = os.environ.get("WORKBENCH_FUZZ_SEED", "0")
PARTS = sum(reader.weight for reader in READERS.values())
CORPUS = Path(__file__).parent / "corpus"
TEXTS = ("plans", "identifiers", "schedule", "log", "costs")  # whose files the test reads itself
CASES = sorted(CORPUS.glob("*/*"))


class Folder:
    """A folder with a reader's valid files, to be changed and put right again."""

    def __init__(self, folder: Path, reader: Reader) -> None:
        self.folder, self.reader = folder, reader
        reader.make(folder)
        self.files = self.present()
        self.target = min(folder.glob(reader.file))
        self.result = reader.read(folder)

    def present(self) -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}

    def restore(self) -> None:
        present = self.present()
        for path in present.keys() - self.files.keys():
            path.unlink()
        for path, data in self.files.items():
            if present.get(path) != data:
                path.write_bytes(data)

    def mutate(self, rng: random.Random) -> bool:
        """Change the target; whether all digests are right, so that anything may be read."""
        kind = rng.choice(self.reader.kinds)
        self.target.write_bytes(MUTATIONS[kind](self.files[self.target], rng))
        if self.reader.seal is None or rng.random() < 0.5:
            return kind == CONTAINER
        with suppress(Exception):  # it is beyond sealing
            self.reader.seal(self.folder, self.target)
            return True
        return False

    def complaint(self, sealed: bool) -> str:
        """What the reader does wrong with the folder as it is, "" if nothing."""
        try:
            result = self.reader.read(self.folder)
        except WorkbenchError as error:
            return f"says {str(error)!r}" if "\n" in str(error) or not str(error) else ""
        except Exception as error:
            return f"raises {error!r:.300}"
        if sealed or self.reader.free or result == self.result:
            return ""
        return "reads what was edited"

    def keep(self, case: Path) -> None:
        """Write the files that differ from the valid ones."""
        for path, data in self.present().items():
            if self.files.get(path) != data:
                kept = case / path.relative_to(self.folder)
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_bytes(data)


@pytest.fixture(autouse=True)
def same_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every unknown name is looked for in all installed packages, which does not change here."""
    monkeypatch.setattr(registry, "entry_points", cache(registry.entry_points))


@pytest.mark.parametrize("name", READERS)
def test_mutated_files(name: str, tmp_path: Path) -> None:
    (tmp_path / "valid").mkdir()
    folder = Folder(tmp_path / "valid", READERS[name])
    complaints = {}
    for number in range(-(-TOTAL * READERS[name].weight // PARTS)):
        sealed = folder.mutate(random.Random(f"{name} {SEED} {number}"))
        if complaint := folder.complaint(sealed):
            case = tmp_path / "cases" / name / f"{SEED}-{number}"
            folder.keep(case)
            complaints.setdefault(complaint, case)
        if sealed or complaint:  # else the target alone was changed, and will be again
            folder.restore()
    listed = "\n".join(f"{complaint}: {case}" for complaint, case in complaints.items())
    assert not complaints, f"{name}; mend it and keep the case in {CORPUS / name}:\n{listed}"


@pytest.mark.parametrize("name", [name for name in READERS if name not in TEXTS])
def test_a_pipe_in_place_of_a_file_is_refused_at_once(name: str, tmp_path: Path) -> None:
    folder = Folder(tmp_path, READERS[name])
    folder.target.unlink()
    os.mkfifo(folder.target)
    with pytest.raises(WorkbenchError):
        folder.reader.read(tmp_path)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_kept_cases(case: Path, tmp_path: Path) -> None:
    (tmp_path / "valid").mkdir()
    folder = Folder(tmp_path / "valid", READERS[case.parent.name])
    folder.target.unlink()
    shutil.copytree(case, folder.folder, dirs_exist_ok=True)
    if not any(folder.folder.glob(READERS[case.parent.name].file)):
        folder.target.write_bytes(folder.files[folder.target])  # what is beside it was changed
    assert not folder.complaint(sealed=True)
