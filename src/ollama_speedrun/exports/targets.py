"""The programs that a verdict can be exported to: one row each. Light, because help names them."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # not out of typing, whose import would take an eighth of what --help may cost
if TYPE_CHECKING:
    from typing import Literal, TypeAlias

    from .fleet import Fleet

    Needs: TypeAlias = Literal["chat", "models", "figures"]


class Target:
    """A program, the module that makes its configuration, where that belongs, and what it `needs` to be of use.

    `suffix` is the ending of a file for which this row holds, empty for all others. Where `has_comments` is False the
    format has no place for the sentences on what it rests on.
    """

    def __init__(  # noqa: PLR0913 - a row of the table below
        self, name: str, module: str, needs: Needs, place: str, *, suffix: str = "", has_comments: bool = True
    ) -> None:
        self.name = name
        self.module = module
        self.needs = needs
        self.place = place
        self.suffix = suffix
        self.has_comments = has_comments

    def has_use_for(self, fleet: Fleet) -> bool:
        """Return whether there is anything to configure: models that answer, models at all, or figures."""
        return bool({"chat": fleet.chat, "models": fleet.served, "figures": fleet.measured}[self.needs])

    def render(self, fleet: Fleet) -> str:
        """Return the configuration as text, ending in a line feed."""
        text: str = import_module(f".{self.module}", __package__).render(fleet)
        return text


TARGETS = (
    Target("litellm", "litellm", "models", "config.yaml of the LiteLLM proxy: litellm --config FILE"),
    Target(
        "open-webui",
        "open_webui_import",
        "models",
        "import in Open WebUI's admin settings",
        suffix=".json",
        has_comments=False,
    ),
    Target("open-webui", "open_webui", "models", "an env file: docker run --env-file FILE"),
    Target("olla", "olla", "models", "config.yaml of olla"),
    Target("continue", "continue_dev", "models", "~/.continue/config.yaml"),
    Target("opencode", "opencode", "chat", "opencode.json of a project, or ~/.config/opencode/opencode.json"),
    Target("aider", "aider", "chat", ".aider.model.settings.yml in the home or the project"),
    Target("zed", "zed", "chat", "merge into Zed's settings.json"),
    Target("llm", "llm", "chat", "extra-openai-models.yaml in the directory of: llm logs path"),
    Target("prometheus", "prometheus", "figures", "a .prom file for node_exporter's textfile collector"),
    Target("shell", "shell", "chat", "source it: . FILE"),
)
NAMES = tuple(dict.fromkeys(target.name for target in TARGETS))


def target_of(name: str, suffix: str = "") -> Target:
    """Return the row of a target, for a file with that ending."""
    rows = [target for target in TARGETS if target.name == name]
    return next((target for target in rows if target.suffix == suffix), None) or next(
        target for target in rows if not target.suffix
    )
