"""The programs that a verdict can be exported to: one row each. Light, because help names them."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # not out of typing, whose import would take an eighth of what --help may cost
if TYPE_CHECKING:
    from .fleet import Fleet


class Target:
    """A program, the module that makes its configuration, and where that belongs.

    `suffix` is the ending of a file for which this row holds, empty for all others. Where `has_comments` is False the
    format has no place for the sentences on what it rests on.
    """

    def __init__(self, name: str, module: str, place: str, *, suffix: str = "", has_comments: bool = True) -> None:
        self.name = name
        self.module = module
        self.place = place
        self.suffix = suffix
        self.has_comments = has_comments

    def render(self, fleet: Fleet) -> str:
        """Return the configuration as text, ending in a line feed."""
        text: str = import_module(f".{self.module}", __package__).render(fleet)
        return text


TARGETS = (
    Target("litellm", "litellm", "config.yaml of the LiteLLM proxy: litellm --config FILE"),
    Target(
        "open-webui", "open_webui_import", "import in Open WebUI's admin settings", suffix=".json", has_comments=False
    ),
    Target("open-webui", "open_webui", "an env file: docker run --env-file FILE"),
    Target("olla", "olla", "config.yaml of olla"),
    Target("continue", "continue_dev", "~/.continue/config.yaml"),
    Target("opencode", "opencode", "opencode.json of a project, or ~/.config/opencode/opencode.json"),
    Target("aider", "aider", ".aider.model.settings.yml in the home or the project"),
    Target("zed", "zed", "merge into Zed's settings.json"),
    Target("llm", "llm", "extra-openai-models.yaml in the directory of: llm logs path"),
    Target("prometheus", "prometheus", "a .prom file for node_exporter's textfile collector"),
    Target("shell", "shell", "source it: . FILE"),
)
NAMES = tuple(dict.fromkeys(target.name for target in TARGETS))


def target_of(name: str, suffix: str = "") -> Target:
    """Return the row of a target, for a file with that ending."""
    rows = [target for target in TARGETS if target.name == name]
    return next((target for target in rows if target.suffix == suffix), None) or next(
        target for target in rows if not target.suffix
    )
