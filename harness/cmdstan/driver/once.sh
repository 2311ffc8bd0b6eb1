# usage: once.sh TARGET SOURCE verbose|quiet COMMAND...
# Runs COMMAND -o TARGET unless TARGET is newer than SOURCE by now: two makes that need the same file at once
# take turns (where flock exists) and the second finds it done; a killed one leaves no half-written TARGET.
target=$1 source=$2 mode=$3
shift 3
temporary=$target.tmp$$
mkdir -p "$(dirname "$target")" obj/locks || exit
trap 'rm -f "$temporary"' EXIT
trap 'exit 130' INT TERM HUP
if command -v flock >/dev/null 2>&1; then
  exec 9>"obj/locks/$(echo "$target" | tr / _)" && flock 9
  rm -f "$target".tmp*
fi
[ "$target" -nt "$source" ] && [ -z "$(find driver -newer "$target" -name '*.[ch]pp')" ] && exit 0
[ "$mode" = verbose ] && printf '%s ' "$@" && echo
echo "--- Compiling $source ---"
"$@" -o "$temporary" 9>&- && mv -f "$temporary" "$target"
