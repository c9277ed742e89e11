"""Results and identifiers of versions that spoke of words: they are read, and say what they said."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from small_campaign import IMAGE, run_small, small_campaign

from workbench.errors import WorkbenchError
from workbench.experiments.campaigns.campaign_run import campaign_of
from workbench.experiments.campaigns.manifest import Campaign
from workbench.experiments.campaigns.shards import encode, read_shard, shard_name
from workbench.experiments.campaigns.store import merge, open_results
from workbench.experiments.campaigns.summary import summary
from workbench.memory.faults.plan import Plan, TrialId

OF_WORDS = 2  # the format


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("new")
    run_small(folder, small_campaign(trials=60, log_mel=10))
    return folder


@pytest.fixture
def old(new: Path, tmp_path: Path) -> Path:
    """The results as the earlier version wrote them."""
    campaign = replace(Campaign.load(new), format=OF_WORDS)
    campaign.save(tmp_path)
    (tmp_path / "shards").mkdir()
    for path in (new / "shards").iterdir():
        number, table = int(path.name.split("-")[0]), read_shard(path)
        names = ["word" if name == "utterance" else name for name in table.column_names]
        data = encode(table.rename_columns(names), number=number, campaign=campaign.identity)
        (tmp_path / "shards" / shard_name(number, data)).write_bytes(data)
    return tmp_path


def test_the_manifest_is_the_earlier_one(old: Path) -> None:
    contents = json.loads((old / "manifest.json").read_text())
    assert contents["words"] == ["one", "two"] and "utterances" not in contents
    assert Campaign.load(old).utterances == ("one", "two")


def test_they_are_read_as_if_they_were_new(old: Path, new: Path, tmp_path: Path) -> None:
    earlier, now = open_results(old), open_results(new)
    earlier.check(IMAGE)
    assert earlier.table().equals(now.table())
    some = ["snr_db", "utterance", "trial"]
    assert earlier.table(some).equals(now.table(some))
    figures, expected = summary([earlier, now])
    assert figures["utterances"] == expected["utterances"]
    assert figures["worst"] == expected["worst"]
    assert merge([old, old], tmp_path / "merged") == []
    assert open_results(tmp_path / "merged").table().equals(now.table())
    assert Campaign.load(tmp_path / "merged") == Campaign.load(old)


def test_they_are_not_gone_on_with(old: Path) -> None:
    with pytest.raises(
        WorkbenchError, match=r"results of another campaign .*choose another folder"
    ):
        run_small(old, small_campaign(trials=60, log_mel=10))


def test_an_edited_manifest_of_words_is_found_out(old: Path) -> None:
    path = old / "manifest.json"
    path.write_text(path.read_text().replace('"one"', '"six"'))
    with pytest.raises(WorkbenchError, match="was edited"):
        Campaign.load(old)


def test_identifiers_of_words_are_the_same_trials() -> None:
    trial = TrialId.of(IMAGE, "two words, one", Plan.parse("mbu=2,word=8"), 7)
    text = str(trial)
    assert ",utterance=two%20words%2C%20one," in text and ",word=8," in text
    earlier = text.replace(",utterance=", ",word=", 1)
    assert TrialId.parse(earlier) == TrialId.parse(text) == trial


def test_a_campaign_is_of_todays_format() -> None:
    made = campaign_of(IMAGE, {"one": {}}, Plan.parse("each=flip"), trials=1)
    assert made.format == OF_WORDS + 1
