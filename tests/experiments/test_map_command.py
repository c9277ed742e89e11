"""`workbench map` from results to files: real trials, both kinds of products, mistakes in one sentence."""

import json
from pathlib import Path

import pytest

from workbench.cli import main
from workbench.experiments.campaigns.manifest import Campaign
from workbench.experiments.campaigns.shards import encode
from workbench.experiments.campaigns.store import Store
from workbench.experiments.campaigns.trial_table import trial_table
from workbench.experiments.maps.products import MAP_FILES
from workbench.experiments.voices.voice import open_voice
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.protection import ProtectionMask
from workbench.memory.faults.transients import Sites
from workbench.memory.trials.laboratory import Laboratory

VOICE = open_voice()
IMAGE = VOICE.image()
SITES = Sites(IMAGE)
LABS = {word: Laboratory(IMAGE, VOICE.inputs(word)) for word in ("1", "2")}


def campaign(
    folder: Path, plan: str, trials: int, *, words: str = "12", mask: ProtectionMask | None = None
) -> Path:
    """The folder that a campaign leaves: a shard a word."""
    what = Campaign(
        plan=str(Plan.parse(plan)),
        image=IMAGE.content_hash,
        program=IMAGE.program.content_hash,
        utterances=tuple(words),
        inputs="",
        trials=trials,
        trials_a_shard=trials,
        protection=mask.digest if mask else "",
    )
    with Store(folder, what) as store:
        for number in range(what.shards):
            shard = what.shard(number)
            table = trial_table(
                LABS[shard.utterance], SITES, utterance=shard.utterance, plan=Plan.parse(plan),
                indexes=shard.indexes, mask=mask,
            )  # fmt: skip
            store.add(number, encode(table, number=number, campaign=what.identity))
    return folder


pytestmark = pytest.mark.usefixtures("rough_pictures")


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["map", *words]) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1 and not said.out
    return said.err


def test_a_map_of_two_campaigns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = campaign(tmp_path / "a", "flips=1,seed=1", 3000)
    second = campaign(tmp_path / "b", "flips=1,seed=2", 3000)
    out, figures = tmp_path / "out", tmp_path / "figures.json"
    words = ["map", str(first), str(second), "--protect", "1%", "--out", str(out)]
    assert main([*words, "--json", str(figures)]) == 0
    said = capsys.readouterr().out
    assert sorted(path.name for path in out.iterdir()) == sorted(MAP_FILES)
    map_figures = json.loads(figures.read_text())
    assert map_figures["trials"] == 12_000
    assert f"1 % of the bytes carry {100 * map_figures['harm_carried']:.0f} % of the harm" in said
    mask = ProtectionMask.load(out / "protection.mask")
    mask.check(IMAGE)
    assert len(mask.addresses) == 902 and mask.digest in said

    def broken(path: Path, _: object) -> None:
        raise ValueError(f"cannot draw {path.name}")

    monkeypatch.setattr("workbench.experiments.maps.map_pictures.save_figure", broken)
    words = [*words[:-1], str(tmp_path / "tables")]
    assert main([*words, "--json", str(tmp_path / "again.json")]) == 2
    said = capsys.readouterr()
    assert "map.png failed (ValueError: cannot draw map.png); protection.png failed" in said.err
    assert said.err.count("\n") == 1 and "1 % of the bytes carry" in said.out
    assert json.loads((tmp_path / "again.json").read_text()) == map_figures
    assert {path.suffix for path in (tmp_path / "tables").iterdir()} == {".csv", ".mask"}


def test_a_curve_with_and_without_a_mask(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sweep is named as a whole, of the other one every folder."""
    biases = IMAGE.layout.sections["bias"]
    mask = ProtectionMask.of(IMAGE, range(biases.start, biases.stop))
    for rate in (1e-5, 1e-4):
        campaign(tmp_path / "bare" / f"{rate}", f"ber={rate}", 30)
        campaign(tmp_path / "masked" / f"{rate}", f"ber={rate}", 30, mask=mask)
    folders = [tmp_path / "bare", *(tmp_path / "masked").iterdir()]
    out, figures = tmp_path / "out", tmp_path / "figures.json"
    words = ["map", *map(str, folders), "--out", str(out), "--json", str(figures)]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert [path.name for path in out.iterdir()] == ["curve.png"]
    points = json.loads(figures.read_text())["points"]
    assert {(p["rate"], p["protection"], p["trials"]) for p in points} == {
        (rate, kind, 60) for rate in (1e-5, 1e-4) for kind in ("", f"mask {mask.digest}")
    }
    assert said.count("of 60 words, 30 devices") == 4
    assert said.count("bit-error rate") == 4 and f"0.0001 with mask {mask.digest}" in said


def test_other_words_of_one_plan_are_the_same_devices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    campaign(tmp_path / "one", "ber=1e-4", 30, words="1")
    campaign(tmp_path / "two", "ber=1e-4", 30, words="2")
    campaign(tmp_path / "drawn anew", "ber=1e-4,seed=1", 30, words="1")
    for names, devices in ((("one", "two"), 30), (("one", "drawn anew"), 60)):
        folders = [str(tmp_path / name) for name in names]
        assert main(["map", *folders, "--out", str(tmp_path / "out")]) == 0
        assert f"of 60 words, {devices} devices" in capsys.readouterr().out


def test_a_map_of_some_bits_says_so_and_protects_no_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = "each=flip,section=bias,operator=up2"
    layout = IMAGE.layout
    tried = layout.positions(("bias",), operators=("up2",)) // 8
    mask = ProtectionMask.of(IMAGE, tried[:1])
    whole = campaign(tmp_path / "whole", plan, 16)
    masked = campaign(tmp_path / "masked", plan, 16, mask=mask)
    out = ["--protect", "5%", "--out", str(tmp_path / "out")]
    assert main(["map", str(whole), *out]) == 0
    said = capsys.readouterr().out
    assert "all shares are of these alone" in said and "broken words of the bits tried" in said
    stored = ProtectionMask.load(tmp_path / "out" / "protection.mask")
    assert stored.addresses.tolist() == sorted(set(tried.tolist()))
    monkeypatch.setattr(
        "workbench.experiments.maps.map_pictures.save_figure", lambda *_: None
    )  # it looks the same
    assert main(["map", str(masked), *out]) == 0
    said = capsys.readouterr().out
    assert f"under the protection mask {mask.digest}" in said
    stored = ProtectionMask.load(tmp_path / "out" / "protection.mask")
    assert stored.addresses.tolist() == sorted(set(tried[8:].tolist()))
    assert "different protection masks" in refused([str(whole), str(masked), *out], capsys)


def test_mistakes_are_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flips = str(campaign(tmp_path / "flips", "flips=1", 50, words="1"))
    curve = str(campaign(tmp_path / "ber", "ber=1e-5", 5, words="1"))
    out = ["--out", str(tmp_path / "out")]
    assert "holds no trials at a bit-error rate" in refused([curve, flips, *out], capsys)
    assert "a curve protects nothing" in refused([curve, "--protect", "1%", *out], capsys)
    for share in ("0.3", "nan%", "101%"):
        assert "no share of the bytes" in refused([flips, "--protect", share, *out], capsys)
    assert "holds no results of a campaign" in refused([str(tmp_path / "nowhere"), *out], capsys)
    faulty = tmp_path / "faulty.image"
    IMAGE.flip([5]).save(faulty)
    assert "holds the trials of image" in refused([flips, "--image", str(faulty), *out], capsys)
    shard = next((tmp_path / "ber" / "shards").iterdir())
    shard.write_bytes(shard.read_bytes()[:-50])
    assert "was cut short or altered" in refused([curve, *out], capsys)
    assert not (tmp_path / "out").exists()
    for plan in ("each=set", "stuck=1"):
        folder = str(campaign(tmp_path / plan, plan, 50, words="1"))
        assert "a map needs bits that flip" in refused([folder, *out], capsys)
    many = str(campaign(tmp_path / "many", "flips=4", 5, words="1"))
    assert "a map needs single flips" in refused([many, *out], capsys)
