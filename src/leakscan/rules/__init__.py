"""What tokens look like: rule files, loaded and checked, and the checksums they state."""

from leakscan.rules.checksum import compute, verify, verify_match
from leakscan.rules.load import (
    load_rules,
    read_rule,
    require_known,
    rule_files,
    select_rules,
    shipped_files,
    shipped_folder,
)

__all__ = [
    "compute",
    "load_rules",
    "read_rule",
    "require_known",
    "rule_files",
    "select_rules",
    "shipped_files",
    "shipped_folder",
    "verify",
    "verify_match",
]
