"""``leakscan digests``: make and ask the issuer's list of issued tokens."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from leakscan.cli.options import config_option
from leakscan.config import load_config
from leakscan.errors import UsageError
from leakscan.model import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from leakscan.model import Rule

KEY_FILE = click.option(
    "--key-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Read the key here.  [default: LEAKSCAN_DIGEST_KEY, then the configuration]",
)


@click.group()
def digests() -> None:
    """Make and ask the issuer's list of issued tokens: keyed digests, never tokens."""


@digests.command()
@click.argument("tokens", type=click.File("rb"), default="-", metavar="[TOKENS_FILE]")
@click.option(
    "--output",
    "-o",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write here.",
)
@KEY_FILE
@config_option
def build(tokens: BinaryIO, output: Path, key_file: Path | None, config_path: Path | None) -> None:
    """Build a digest file of the tokens in TOKENS_FILE, one a line, or on standard input."""
    from leakscan.cli.detection import usable_rules
    from leakscan.detect.digests import build_digest_file, digest_key

    config = load_config(config_path, Path.cwd())
    key = digest_key(key_file, config.digest_key_file)
    rules = usable_rules(config, ["all"])
    count = build_digest_file(_tokens(tokens, rules), key, output)
    click.echo(f"Wrote {output}.  Different tokens: {count}.")


@digests.command()
@click.argument("digest_file", type=click.Path(path_type=Path), metavar="FILE")
@KEY_FILE
@config_option
def check(digest_file: Path, key_file: Path | None, config_path: Path | None) -> None:
    """Say of each token on standard input, one a line, whether the issuer issued it."""
    from leakscan.cli.detection import usable_rules
    from leakscan.detect.digests import DigestFile, digest_key

    config = load_config(config_path, Path.cwd())
    key = digest_key(key_file, config.digest_key_file)
    with DigestFile.open(digest_file, key) as issued:
        for token in _tokens(sys.stdin.buffer, usable_rules(config, ["all"])):
            verdict = "issued" if token in issued else "not issued"
            click.echo(f"{verdict:<10}  {Secret(token).redacted()}")


def _tokens(lines: BinaryIO, rules: Iterable[Rule]) -> Iterator[str]:
    """Yield the token of each line that is not blank.

    A list of something else would make every real token count as not issued, so that a
    line which no rule can ever find is refused.  Lines are named by number, never quoted.

    Raises:
        UsageError: a line is not text or no token, or all are blank.
    """
    import regex

    patterns = [regex.compile(rule.pattern.encode()) for rule in rules]
    found = False
    for number, line in enumerate(lines, start=1):
        try:
            token = line.decode().strip()
        except UnicodeDecodeError:
            raise UsageError(f"line {number}: not UTF-8 text", "give one token a line") from None
        if not token:
            continue
        if not any(pattern.fullmatch(line.strip()) for pattern in patterns):
            raise UsageError(f"line {number}: no known rule finds it", "give one token a line")
        found = True
        yield token
    if not found:
        raise UsageError("no tokens were given", "give one token a line")
