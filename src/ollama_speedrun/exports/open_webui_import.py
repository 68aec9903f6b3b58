"""Open WebUI as a JSON file to import, which goes before the variables of its start. Pure."""

import json

from .fleet import Fleet
from .open_webui import default_models, hosts
from .pools import pools


def render(fleet: Fleet) -> str:
    """Return the file for the import in the admin settings."""
    urls, configs = hosts(fleet)
    settings = {
        "ollama.enable": True,
        "ollama.base_urls": urls,
        "ollama.api_configs": configs,
        "ui.default_models": ",".join(default_models(fleet)),
        "ui.model_order_list": [pool.name for pool in pools(fleet) if not pool.members[0].is_embedding],
    }
    return json.dumps(settings, indent=2) + "\n"
