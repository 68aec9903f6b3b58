import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LOCKS = (ROOT / "requirements.lock", ROOT / "docs" / "requirements.lock")
"""The lock of the program and its tests, and that of the documentation site."""
SITE = "docs"


def declared(lock: Path) -> list[Requirement]:
    """Return what pyproject.toml asks for, as far as this lock is for it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    if lock.parent.name == SITE:
        return [Requirement(text) for text in groups[SITE]]
    texts = [
        *project["project"]["dependencies"],
        *(text for extra in project["project"]["optional-dependencies"].values() for text in extra),
        *(text for name, group in groups.items() if name != SITE for text in group if isinstance(text, str)),
        *project["build-system"]["requires"],
    ]
    return [Requirement(text) for text in texts]


@pytest.mark.parametrize("lock", LOCKS, ids=("program", "site"))
def test_every_declared_dependency_is_locked_at_a_version_that_it_allows(lock: Path) -> None:
    locked = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", lock.read_text(), re.MULTILINE))
    versions = {canonicalize_name(name): version for name, version in locked.items()}
    wrong = [
        str(requirement)
        for requirement in declared(lock)
        if not requirement.specifier.contains(versions.get(canonicalize_name(requirement.name), "0"), prereleases=True)
    ]
    assert wrong == []


@pytest.mark.parametrize("lock", LOCKS, ids=("program", "site"))
def test_every_locked_file_has_its_hash_and_no_address(lock: Path) -> None:
    entries = re.split(r"\n(?=\S)", lock.read_text().strip())
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert [entry for entry in entries if "://" in entry or "index-url" in entry] == []
