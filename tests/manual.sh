#!/bin/sh
# The manual page and the completions against the program: every verb and every option that --help tells is in
# them, and what reads such files has no complaint.
set -u
program=${VITRINE_PROGRAM:?}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0
verdict() { # NAME CODE: prints what the step left in $dir/why
  if [ "$2" -eq 0 ]; then echo "ok $1"; else echo "not ok $1"; sed 's/^/  /' "$dir/why" | head -20; failed=1; fi
}
: >"$dir/why"
"$program" help --man >"$dir/vitrine.1" 2>"$dir/why"
verdict manual_is_written $?

if command -v groff >/dev/null; then
  groff -man -Tutf8 -ww -P-c "$dir/vitrine.1" >"$dir/page" 2>"$dir/why"
  [ ! -s "$dir/why" ]
  verdict groff_has_no_complaint $?
else
  echo "skip groff_has_no_complaint groff is not installed"
fi
if command -v mandoc >/dev/null; then
  mandoc -Tlint -W error "$dir/vitrine.1" >"$dir/why" 2>&1
  verdict mandoc_has_no_complaint $?
else
  echo "skip mandoc_has_no_complaint mandoc is not installed"
fi

# Verbs as the overview lists them: two blanks, the name, at least two blanks, the summary.
"$program" --help | sed -n 's/^  \([a-z]\{2,\}\( [a-z]\{2,\}\)\{0,1\}\)   *[A-Za-z].*/\1/p' | sed 's/ *$//' >"$dir/verbs"
for shell in bash zsh fish; do "$program" help --completions $shell >"$dir/$shell"; done
sed 's/\\-/-/g; s/\\f[A-Z]//g' "$dir/vitrine.1" >"$dir/plain"
: >"$dir/why"
while read -r first second; do
  verb="$first${second:+ $second}"
  # shellcheck disable=SC2086
  "$program" $verb --help >"$dir/help" || echo "$verb --help fails" >>"$dir/why"
  sed -n "/^\.SS $verb\$/,/^\.S[SH] /p" "$dir/plain" >"$dir/section"
  sed '/^options:/,$d' "$dir/help" | LC_ALL=C.UTF-8 awk -v verb="$verb" 'length > 115 {print verb " --help: over 115 columns: " $0}' >>"$dir/why"
  [ -s "$dir/section" ] || echo "$verb is not in the manual" >>"$dir/why"
  grep -q "\"$verb\") words=" "$dir/bash" || echo "$verb is not in bash's completions" >>"$dir/why"
  grep -q "^ *'$verb')" "$dir/zsh" || echo "$verb is not in zsh's completions" >>"$dir/why"
  for option in $(sed -n 's/^  [ -].\{0,3\} *--\([a-z][a-z0-9-]*\).*/\1/p' "$dir/help"); do
    grep -q -- "--$option\b" "$dir/section" || echo "$verb --$option is not in the manual" >>"$dir/why"
    grep "^ *\"$verb\") words=" "$dir/bash" | grep -q -- " --$option\b" ||
      echo "$verb --$option is not in bash's completions" >>"$dir/why"
    grep -q -- "-l $option\b" "$dir/fish" || echo "$verb --$option is not in fish's completions" >>"$dir/why"
    echo "$verb --$option" >>"$dir/options"
  done
done <"$dir/verbs"
[ "$(wc -l <"$dir/verbs")" -ge 10 ] && [ "$(wc -l <"$dir/options")" -ge 50 ] || echo "too few verbs or options" >>"$dir/why"
[ ! -s "$dir/why" ]
verdict every_verb_and_option $?

for shell in bash zsh fish; do
  if command -v $shell >/dev/null; then
    $shell -n "$dir/$shell" 2>"$dir/why"
    verdict ${shell}_parses $?
  else
    echo "skip ${shell}_parses $shell is not installed"
  fi
done

# complete WORD…: what bash offers for the last of the words.
if command -v bash >/dev/null; then
  cat >"$dir/try" <<'END'
. "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_vitrine
echo "${COMPREPLY[*]}"
END
  {
    [ "$(bash "$dir/try" "$dir/bash" vitrine sea)" = search ] || echo "sea is not completed to search"
    [ "$(bash "$dir/try" "$dir/bash" vitrine data sy)" = synth ] || echo "data sy is not completed to data synth"
    [ "$(bash "$dir/try" "$dir/bash" vitrine search --she)" = --sheet ] || echo "--she is not completed to --sheet"
    [ "$(bash "$dir/try" "$dir/bash" vitrine search --precision bf)" = bf16 ] || echo "bf is not completed to bf16"
  } >"$dir/why" 2>&1
  [ ! -s "$dir/why" ]
  verdict bash_completes $?
fi
exit $failed
