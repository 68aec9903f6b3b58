import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent


def declared() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    texts = [
        *project["project"]["dependencies"],
        *(text for extra in project["project"]["optional-dependencies"].values() for text in extra),
        *(text for group in project["dependency-groups"].values() for text in group if isinstance(text, str)),
        *project["build-system"]["requires"],
    ]
    return [Requirement(text) for text in texts]


def test_every_declared_dependency_is_locked_at_a_version_that_it_allows() -> None:
    locked = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    versions = {canonicalize_name(name): version for name, version in locked.items()}
    wrong = [
        str(requirement)
        for requirement in declared()
        if not requirement.specifier.contains(versions.get(canonicalize_name(requirement.name), "0"), prereleases=True)
    ]
    assert wrong == []


def test_every_locked_file_has_its_hash_and_no_address() -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text().strip())
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert [entry for entry in entries if "://" in entry or "index-url" in entry] == []
