import msgspec
import pytest

from exports.samples import CLEVER, CODER, DESK, EMBED, GPU, HERE, HOSTS, QUICK, listed, measured, run_of, sample
from ollama_speedrun.exports.basis import basis, comment
from ollama_speedrun.exports.fleet import address, fleet
from ollama_speedrun.exports.pools import pools, weights
from specimens import host


def test_a_fleet_has_each_model_on_each_host_and_the_picks_by_name() -> None:
    found = fleet(sample())
    assert sorted(one.key for one in found.served) == sorted(
        [(GPU, CLEVER), (DESK, CLEVER), (DESK, CODER), (HERE, QUICK), (GPU, EMBED)]
    )
    named = {alias.name: alias.served.key for alias in found.aliases}
    assert set(named) == {"best", "chat", "code", "agent", "batch", "rag", "tier-lt2", "tier-2-4", "tier-4-8", "embed"}
    assert named["best"] == named["tier-4-8"] == named["agent"] == (GPU, CLEVER)
    assert (named["tier-2-4"], named["tier-lt2"], named["embed"]) == ((DESK, CODER), (HERE, QUICK), (GPU, EMBED))


def test_what_is_left_out_is_named_with_its_reason() -> None:
    assert fleet(sample()).left_out == ("broken:7b (failed in the benchmark)", "vast:cloud (not measured)")


def test_the_basis_says_which_run_when_how_sure_and_what_works_from_here_only() -> None:
    found = fleet(sample())
    sentences = basis(found, "The target's own note.")
    assert sentences[0] == "Made by ollama-speedrun out of run 12345678 of 2026-01-02 03:04 UTC: 5 models on 3 hosts."
    why = next(alias.why for alias in found.aliases if alias.name == "best")
    assert f"best = {CLEVER} on gpu box: {why}" in sentences
    assert f"Works from the machine that measured only: {HERE}." in sentences
    assert sentences[-1] == "The target's own note."


def test_the_reasons_of_picks_call_hosts_by_their_names() -> None:
    run = run_of(
        measured("here:8b", GPU, 90.0),
        measured("there:8b", DESK, 30.0),
        models=(listed("here:8b", GPU), listed("there:8b", DESK)),
        right={"here:8b": 70, "there:8b": 20},
    )
    why = next(alias.why for alias in fleet(run).aliases if alias.name == "best")
    assert "points ahead of there:8b on desk, " in why


def test_an_interrupted_run_is_said_to_be_one() -> None:
    run = msgspec.structs.replace(sample(), complete=False)
    assert "That run was interrupted: what it did not reach is not in here." in basis(fleet(run))


def test_a_run_without_a_pick_says_why() -> None:
    run = run_of(measured(CLEVER, GPU, 90.0))
    assert any(line.startswith("No pick: no answers were graded") for line in basis(fleet(run)))


def test_a_comment_cannot_be_left_by_what_it_quotes() -> None:
    lines = comment(["a\nb" * 3, "word " * 60], "#").splitlines()
    assert all(line.startswith("# ") for line in lines)
    assert max(map(len, lines)) <= 114


@pytest.mark.parametrize(
    "url",
    [
        "http://user:secret@10.0.0.5:11434",
        "ftp://10.0.0.5",
        "http://",
        "http://a b",
        "http://10.0.0.5:99999",
        "http://x\n",
        "http://[::1",
        "10.0.0.5:11434",
        "http://h?token=1",
    ],
)
def test_an_address_that_no_configuration_may_hold_leaves_its_models_out(url: str) -> None:
    assert address(url) is None
    found = fleet(run_of(measured(CLEVER, url, 9.0), hosts=(host(url),)))
    assert found.served == ()
    assert "an address that no configuration can hold" in found.left_out[0]


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "a\x1b[31m", "a\u202eb", "n" * 201, "a\u2028b"])
def test_a_name_that_could_break_a_line_is_left_out(name: str) -> None:
    found = fleet(run_of(measured(name, GPU, 9.0), measured(CLEVER, GPU, 8.0)))
    assert [one.model for one in found.served] == [CLEVER]


def test_hosts_of_one_name_have_different_slugs() -> None:
    names = ("a/b", "A b", None)
    hosts = tuple(msgspec.structs.replace(one, name=name) for one, name in zip(HOSTS, names, strict=True))
    found = fleet(run_of(measured("x", GPU, 1.0), measured("y", DESK, 1.0), measured("z", HERE, 1.0), hosts=hosts))
    assert sorted(one.slug for one in found.served) == ["127.0.0.1", "a-b", "a-b-2"]


def test_an_alias_never_hides_a_model_of_its_name() -> None:
    run = run_of(measured("best", GPU, 50.0), models=(listed("best", GPU),), right={"best": 70})
    assert "best" not in {alias.name for alias in fleet(run).aliases}


def test_a_base_model_is_left_out() -> None:
    base = msgspec.structs.replace(listed(CODER, GPU), kind="base")
    found = fleet(run_of(measured(CODER, GPU, 50.0), models=(base,)))
    assert (found.served, found.left_out) == ((), ("coder:4b (base models, which follow no instructions)",))


def test_one_variant_of_a_model_is_named_and_the_other_mentioned() -> None:
    slow = msgspec.structs.replace(measured("q:8b", GPU, 20.0), variant="thinking")
    fast = msgspec.structs.replace(measured("q:8b", GPU, 60.0), variant="direct")
    found = fleet(run_of(slow, fast))
    assert [one.result.variant for one in found.served] == ["direct"]
    assert found.left_out == ("q:8b (thinking) (another variant of the same model is named instead)",)
    assert len(found.measured) == 2


def test_hosts_of_one_model_are_a_pool_weighted_by_their_rates() -> None:
    pool = next(pool for pool in pools(fleet(sample())) if pool.name == CLEVER)
    assert [one.url for one in pool.members] == [GPU, DESK]
    assert weights(pool) == (90.0, 30.0)


def test_another_digest_under_the_same_name_is_no_part_of_the_pool() -> None:
    run = run_of(measured(CLEVER, GPU, 90.0), measured(CLEVER, DESK, 30.0, digest="0" * 64))
    assert [(pool.name, len(pool.members)) for pool in pools(fleet(run))] == [(CLEVER, 1), (f"{CLEVER}@desk", 1)]


def test_a_pool_with_an_unknown_rate_shares_equally() -> None:
    unknown = msgspec.structs.replace(measured(CLEVER, DESK, 30.0), decode_tps=None)
    (pool,) = pools(fleet(run_of(measured(CLEVER, GPU, 90.0), unknown)))
    assert weights(pool) == (1.0, 1.0)
