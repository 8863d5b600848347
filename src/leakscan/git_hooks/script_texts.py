"""The texts that the script of a git hook is put together from."""

from __future__ import annotations

LISTENING = ("pre-push", "pre-receive")
"""The git hooks that are told on standard input what they are about."""

START = """import _signal, sys
_signal.signal(2, _signal.SIG_DFL)
sys.path += sys.argv[1:{end}]
sys.argv[:{end}] = ["leakscan"]
try:
    from leakscan.__main__ import start
    start()
except ImportError as error:
    print("leakscan: cannot import", error.name, file=sys.stderr)
    sys.exit(127)"""
"""Runs leakscan where Python has looked for no packages, which takes long; they are named.

Signal 2 is SIGINT, of Ctrl-C: it ends this without a traceback, and the git that runs it as well.
While Python starts, which would show one, the script ignores it.
"""

SCRIPT = """\
#!/bin/sh
{mark}{version} for {hook}, check sum {sum}.
# It blocks what would leak an API token, and runs the hook that was here before ({kept_name}),
# if there is one.  `leakscan install-hook --uninstall --type {hook}` takes it away.

case $0 in
  */*) folder=${{0%/*}} ;;
  *) folder=. ;;
esac
kept=$folder/{kept_name}
python={python}
# Of the pre-commit program, should it have led to the git that runs this: what is true is here.
unset PRE_COMMIT_FROM_REF PRE_COMMIT_TO_REF PRE_COMMIT_REMOTE_NAME \\
  PRE_COMMIT_LOCAL_BRANCH PRE_COMMIT_REMOTE_BRANCH

check() {{
  # Options of `leakscan {command}`; to change them: leakscan install-hook --type {hook} -- OPTIONS
  set -- {options}"$@"
  [ -x "$python" ] || refuse {gone}
  trap '' INT
  {variables}"$python" -I -S -c '{start}' {packages} {command} "$@"
  status=$?
  trap - INT
  case $status in
    126 | 127) refuse {broken} ;;
  esac
  return $status
}}

# Nothing is let through unseen because the program that would look is gone.
refuse() {{
  printf '%s\\n' >&2 "leakscan: nothing was checked, so nothing passes: $1"
{remedies}
  exit 3
}}

case $0 in
  *{kept_suffix}) refuse 'leakscan took its own hook ({kept_name}) for an earlier one' ;;
esac
{before}if [ ! -x "$kept" ]; then
  check "$@"
  exit
fi
if [ -n "${{PRE_COMMIT_RUNNING_LEGACY-}}" ] && grep -q '^{the_programs}' "$kept"
then
  # The pre-commit program was installed twice, the second time over this: it is running now.
  check "$@"
  exit
fi
{both}
"""

BOTH = """\
check "$@" || exit
"$kept" "$@" || exit
# It may have staged more, or changed the message.
again=$(check "$@" 2>&1) && exit
status=$?
printf '%s\\n' >&2 'leakscan looked again, after {kept_name} has run:' "$again"
exit $status\
"""

BOTH_LISTENING = """\
told=$(cat && echo .) || refuse 'what git tells cannot be read'
told=${told%.}
printf %s "$told" | check "$@" || exit
printf %s "$told" | "$kept" "$@"\
"""

BEFORE = {
    "pre-applypatch": """\
if [ -e "$(git rev-parse --git-path rebase-apply/rebasing)" ]; then
  # `git rebase --apply` moves commits that are there already.
  [ ! -x "$kept" ] || exec "$kept" "$@"
  exit 0
fi
index=$(git rev-parse --git-path index) || refuse 'git does not name its index'
trap 'status=$?
  [ $status = 0 ] || echo "leakscan: go on with git am --continue, or git am --abort" >&2
  exit $status' EXIT
"""
}

VARIABLES = {"pre-applypatch": 'GIT_INDEX_FILE="$index" '}
"""Set for leakscan; as git does for its hook pre-commit."""

COMMANDS = {"pre-applypatch": "pre-commit"}
"""What leakscan calls what it does for a hook, if that is not the name of the hook."""

REMEDIES = """\
  # Names no path, which is not always fit to be shown, and works in each folder of a repository.
  remove="rm \\"\\$(git rev-parse --git-path hooks/${{0##*/}})\\""
  if [ -e "$kept" ] && [ "${{0##*/}}" = {hook} ]; then
    remove="(cd \\"\\$(git rev-parse --git-path hooks)\\" && mv {kept_name} {hook})"
  fi
  printf '%s\\n' >&2 \\
    '  to go on:      install leakscan again, then run `leakscan install-hook`' \\
    "  to do without: $remove"{skip}\
"""

SKIPS = {
    "pre-commit": "git commit --no-verify",
    "commit-msg": "git commit --no-verify",
    "pre-push": "git push --no-verify",
}

SERVER_REMEDIES = """\
  # Who pushes is shown this, and cannot mend it.  To go on, install leakscan again, then run
  # `leakscan install-hook` here.  To do without, remove this file; if there is a {kept_name},
  # give that the name {hook}.
  echo '  Tell those who run the server: the hook {hook} says more.' >&2\
"""
