"""The first `check` with a model that is not here: fetch it now, if a person says so."""

from __future__ import annotations

from seaguard_cli.cli.ask import agreed, can_ask
from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.offline import is_offline
from seaguard_cli.errors import WeightsMissing
from seaguard_cli.weights import Model, find_model, load_catalogue


def fetch_now(missing: WeightsMissing, environment: Environment, *, offline: bool) -> bool:
    """Ask whether to download what is missing, and do it; tell whether it is here now.

    No one is asked where no one is there, or offline. Raises SeaguardError when fetching fails.
    """
    if not can_ask(environment) or is_offline(environment, asked=offline):
        return False
    name = f"{missing.facts['model']}:{missing.facts['quant']}"
    model, quant = find_model(name, load_catalogue())
    if model.embedded or not agreed(environment, _question(model, quant)):
        return False
    from seaguard_cli.cli.pull import PullRequest, pull

    pull(PullRequest(name), environment, {})
    return True


def _question(model: Model, quant: str) -> str:
    from seaguard_cli.cli.sizes import size_words
    from seaguard_cli.weights.memory_need import weights_size

    size = weights_size(model.shape, quant) if model.shape else None
    large = f", about {size_words(size)}" if size else ""
    licence = f", licence {model.licence}" if model.licence else ""
    return f"{model.short}:{quant} is not on this machine{large}{licence}: download now?"
