"""Downloads over HTTP into the cache: resumed, verified, and never half of a file. See docs/downloads.md."""

from llmodule._download.background import Download
from llmodule._download.cache import Record, cache_folder, is_whole, read_record, record_path, verify
from llmodule._download.control import Control
from llmodule._download.fetch import fetch_all
from llmodule._download.remote import Remote, shown

__all__ = [
    "Control",
    "Download",
    "Record",
    "Remote",
    "cache_folder",
    "fetch_all",
    "is_whole",
    "read_record",
    "record_path",
    "shown",
    "verify",
]
