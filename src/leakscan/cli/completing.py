"""How shells complete the command line: click's ways, mended for what follows an equals sign.

Click completes the value of ``--format=sar`` as if it were a word of its own, as bash has it; but
then it loses the option, and zsh and fish replace the whole word.  It knows a file only as a whole
word, too, and no word that goes on (``--also sarif=``).

A script gets lines from the program: the kind of a word (``plain``, one that goes on: ``open``, or
``file`` and ``dir``, which the shell completes), the word or the path as far as it is typed, and of
paths, behind a tab, what stands before it in the same word.
"""

from __future__ import annotations

import os

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)

_BASH = """\
%(complete_func)s() {
    local response kind value
    response=$(IFS=$'\\n'; env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD \
%(complete_var)s=bash_complete $1)
    while IFS=, read -r kind value; do
        case $kind in
            plain) COMPREPLY+=("$value") ;;
            open) COMPREPLY+=("$value"); compopt -o nospace ;;
            dir) COMPREPLY=(); compopt -o dirnames ;;
            file) COMPREPLY=(); compopt -o default ;;
        esac
    done <<< "$response"
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""

_ZSH = """\
#compdef %(prog_name)s

%(complete_func)s() {
    local kind value help
    local -a response words_plain words_open words_described
    (( ! $+commands[%(prog_name)s] )) && return 1
    response=("${(@f)$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) \
%(complete_var)s=zsh_complete %(prog_name)s)}")
    for kind value help in "${(@)response}"; do
        case $kind in
            plain)
                if [[ $help == _ ]]; then words_plain+=("$value")
                else words_described+=("$value:$help"); fi ;;
            open) words_open+=("$value") ;;
            dir|file)
                # What is typed of the path is the end of the word.
                value=${value%%%%$'\\t'*}
                [[ $PREFIX == *=* && $PREFIX == *"$value" ]] &&
                    compset -p $(( ${#PREFIX} - ${#value} ))
                if [[ $kind == dir ]]; then _path_files -/; else _path_files -f; fi ;;
        esac
    done
    (( $#words_described )) && _describe -V unsorted words_described -U
    (( $#words_plain )) && compadd -U -V unsorted -a words_plain
    (( $#words_open )) && compadd -U -S '' -V unsorted -a words_open
    return 0
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""

_FISH = """\
function %(complete_func)s
    for line in (env %(complete_var)s=fish_complete COMP_WORDS=(commandline -cp) \
COMP_CWORD=(commandline -t) %(prog_name)s)
        set -l kind (string split -m 1 , -- $line)
        set -l path (string split -m 1 \\t -- $kind[2])
        switch $kind[1]
            case plain open
                echo $kind[2]
            case dir
                for found in (__fish_complete_directories $path[1]); echo $path[2]$found; end
            case file
                for found in (__fish_complete_path $path[1]); echo $path[2]$found; end
        end
    end
end

complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""


class _Mended(ShellComplete):
    """Offers whole words, where click offers what follows the equals sign of an option."""

    def complete(self) -> str:
        """Return what the script is to offer."""
        args, word = self.get_completion_args()
        option, sign, _ = word.partition("=")
        start = option + sign if sign and word.startswith("-") else ""
        items = [self._placed(item, word, start) for item in self.get_completions(args, word)]
        return "\n".join(map(self.format_completion, items))

    def _placed(self, item: CompletionItem[str], word: str, start: str) -> CompletionItem[str]:
        if item.type in ("file", "dir"):
            value = f"{item.value}\t{word.removesuffix(item.value)}"
        else:
            value = self._offered(start + item.value)
        return CompletionItem(value, item.type, item.help)

    def _offered(self, whole: str) -> str:
        """Return of a whole word what the shell puts in place of what it takes for the word."""
        return whole


class _Bash(_Mended, BashComplete):
    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        """Put together again what bash has taken apart at equals signs (COMP_WORDBREAKS)."""
        given = split_arg_string(os.environ["COMP_WORDS"])
        position = int(os.environ["COMP_CWORD"])
        typed = given[position] if position < len(given) else ""
        words: list[str] = []
        for before, word in zip(["", *given], [*given[:position], typed], strict=False):
            if words and "=" in (before, word):
                words[-1] += word
            else:
                words.append(word)
        self._kept = words[-1].removesuffix("" if typed == "=" else typed)
        return words[1:-1], words[-1]

    def _offered(self, whole: str) -> str:
        return whole.removeprefix(self._kept)


class _Zsh(_Mended, ZshComplete):
    source_template = _ZSH


class _Fish(_Mended, FishComplete):
    source_template = _FISH


def register() -> None:
    """Have click use these ways instead of its own."""
    for way in (_Bash, _Zsh, _Fish):
        add_completion_class(way)
