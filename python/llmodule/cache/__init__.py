"""The models in the cache: what there is, whether it is whole, and how it is removed.

The cache is the folder `$LLMODULE_CACHE`, else the system's usual place for such files. What is being loaded, by any
process, is never removed, and nothing outside the folder ever is.
"""

from __future__ import annotations

from llmodule._download import cache_folder
from llmodule.cache._upkeep import CachedModel, Damage, find, list_models, prune, remove, verify

__all__ = ["CachedModel", "Damage", "cache_folder", "find", "list_models", "prune", "remove", "verify"]
