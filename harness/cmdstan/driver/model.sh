# usage: model.sh TARGET RECORD ID verbose|quiet COMMAND...
# Compiles and links one model by COMMAND -o TARGET, then records ID and the files that the model is made from:
# those of RECORD.stan (written when it was translated) and the user's C++ headers.
target=$1 record=$2 id=$3 mode=$4
shift 4
temporary=$target.tmp$$
trap 'rm -f "$temporary" "$temporary.d"' EXIT
trap 'exit 130' INT TERM HUP
[ "$mode" = verbose ] && printf '%s ' "$@" && echo
"$@" -MMD -MF "$temporary.d" -o "$temporary" || exit
# A home that is read-only serves all the same; its models are then made anew each time.
{
  echo "$id"
  cat "$record.stan"
  tr -s ' \\' '\n\n' <"$temporary.d" | grep -v -e ':$' -e '^include/' -e '^obj/' -e "^$target.hpp$" -e '^$'
} 2>/dev/null >"$temporary.d.record"
mv -f "$temporary.d.record" "$record" 2>/dev/null || rm -f "$temporary.d.record"
mv -f "$temporary" "$target"
