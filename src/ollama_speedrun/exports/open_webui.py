"""Open WebUI as an env file: which host serves which model, since it takes a random one of several. Pure."""

import json
import re
from typing import Any, Final

from .basis import headed
from .fleet import Fleet, Served
from .pools import pools

_RISKY: Final = re.compile(r"[^A-Za-z0-9 {}\[\]\",:./_+@-]")
"""What an env file, Docker Compose or a shell might read as more than a character."""


def render(fleet: Fleet) -> str:
    """Return an env file for `docker run --env-file` and for Compose."""
    notes = (
        "Open WebUI asks a random host of those that list a model, so each model is listed on its fastest host alone.",
        "After its first start its database goes before these variables: import the form of --output FILE.json then.",
    )
    urls, configs = hosts(fleet)
    lines = {
        "OLLAMA_BASE_URLS": ";".join(urls),
        "OLLAMA_API_CONFIGS": encoded(configs),
        "DEFAULT_MODELS": ",".join(default_models(fleet)),
    }
    return headed(fleet, "#", *notes) + "".join(f"{name}={value}\n" for name, value in lines.items())


def hosts(fleet: Fleet) -> tuple[list[str], dict[str, dict[str, Any]]]:
    """Return the base URLs, and for each, by its number, the models that it is to serve."""
    placed = [pool.members[0] for pool in pools(fleet)]
    urls = list(dict.fromkeys(one.url for one in placed if ";" not in one.url))
    configs = {
        str(number): {"enable": True, "model_ids": [one.model for one in placed if one.url == url]}
        for number, url in enumerate(urls)
    }
    return urls, configs


def default_models(fleet: Fleet) -> list[str]:
    """Return the model that a new chat begins with, as a list of at most one."""
    found: Served | None = fleet.pick("best", "chat") or next(iter(fleet.chat), None)
    return [found.model] if found is not None and "," not in found.model else []


def encoded(value: object) -> str:
    """Return JSON on one line that holds no character with a meaning of its own in an env file."""
    text = json.dumps(value, separators=(",", ":"))
    return _RISKY.sub(lambda found: found[0] if found[0] == "\\" else f"\\u{ord(found[0]):04x}", text)
