"""Which models there are, and where the weights of one lie on this machine."""

from seaguard_cli.weights.catalogue import Catalogue, Model, load_catalogue
from seaguard_cli.weights.locate import Weights, locate

__all__ = ["Catalogue", "Model", "Weights", "load_catalogue", "locate"]
