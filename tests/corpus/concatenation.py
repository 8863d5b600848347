"""Programs and configuration that put a token together from two pieces."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Concatenation:
    """A language's way to put two texts together: what stands before, between and after them."""

    name: str
    before: str
    between: str
    after: str

    def data(self, token: str, split: int) -> bytes:
        """Return a file that holds a token whose first piece has so many characters."""
        return f"{self.before}{token[:split]}{self.between}{token[split:]}{self.after}".encode()

    @property
    def line(self) -> int:
        """The line where the first piece stands."""
        return 1 + self.before.count("\n")


CONCATENATIONS = (
    Concatenation("Python, adjacent", 'import os\nKEY = "', '" "', '"\n'),
    Concatenation("Python, adjacent over lines", 'KEY = (\n    "', '"\n    "', '"\n)\n'),
    Concatenation("Python, `+`", "KEY = '", "' + '", "'\n"),
    Concatenation("Python, `\\` at the end of the line", 'KEY = "', '" \\\n    "', '"\n'),
    Concatenation("JavaScript, `+`", "const key = '", "'+'", "';\n"),
    Concatenation("JavaScript, `+` over lines", "// key\nlet key = `", "` +\n  `", "`;\n"),
    Concatenation("PHP, `.`", "<?php\n$key = '", "' . '", "';\n"),
    Concatenation("Perl, `.`", 'my $key = "', '"."', '";\n'),
    Concatenation("Lua, `..`", 'local key = "', '" .. "', '"\n'),
    Concatenation("Visual Basic, `&`", 'Key = "', '" & "', '"\r\n'),
    Concatenation("Visual Basic, `& _` over lines", 'Key = "', '" & _\r\n    "', '"\r\n'),
    Concatenation("SQL, `||`", "SELECT '", "' || '", "';\n"),
    Concatenation("C, adjacent over lines", 'char *key = "', '"\n            "', '";\n'),
    Concatenation("Java, `+` over lines", 'String key = "', '"\n    + "', '";\n'),
    Concatenation("shell, `\"…\"'…'`", 'export KEY="', "\"'", "'\n"),
    Concatenation("shell, `\\` at the end of the line", "export KEY=", "\\\n", "\n"),
    Concatenation("YAML, `\\` at the end of the line", 'key: "', "\\\n  ", '"\n'),
    Concatenation("Dockerfile, `\\` at the end of the line", "FROM x\nENV KEY=", "\\\n", "\n"),
    Concatenation("Java properties, `\\` at the end of the line", "key=", "\\\n    ", "\n"),
    Concatenation("a line break and indentation", "key: ", "\n     ", "\n"),
    Concatenation("a CRLF line break and indentation", "key: ", "\r\n     ", "\r\n"),
)
"""All of them, in the order of the page."""
