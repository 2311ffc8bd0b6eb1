# usage: translate.sh PROGRAM.stan PROGRAM.hpp RECORD FLAG...
# Translates a Stan program and lists in RECORD.stan the files that it includes.
program=$1 target=$2 record=$3
shift 3
temporary=$target.tmp$$
trap 'rm -f "$temporary"' EXIT
trap 'exit 130' INT TERM HUP
bin/stanc "$@" --o="$temporary" "$program" || exit
bin/stanc "$@" --info "$program" 2>/dev/null | tr -d '\n' |
  sed -n 's/.*"included_files": *\[\([^]]*\)\].*/\1/p' | tr ',' '\n' | tr -d ' "' >"$record.stan" 2>/dev/null
mv -f "$temporary" "$target"
