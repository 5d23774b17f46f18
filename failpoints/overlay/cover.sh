#!/bin/sh
# Starts a tool of the go command. The cover tool gets the staged files in place of those on disk, and never a binding
# file: that one is copied to where the covered file is expected, and its name is taken out of the list of outputs.
stage=${0%/*}
tool=$1
shift
case ${tool##*/} in
cover | cover.exe) ;;
*) exec "$tool" "$@" ;;
esac

outputs=
package=
before=
for arg do
	case $before in
	-outfilelist) outputs=$arg ;;
	-pkgcfg) package=$(sed -n 's/.*"PkgPath":"\([^"]*\)".*/\1/p' "$arg") ;;
	esac
	before=$arg
done

# staged prints the file to read in place of $1.
staged() {
	case $1 in
	/*) found=$stage/src$1 ;;
	*) found=$stage/src$PWD/$1 ;;
	esac
	if [ ! -f "$found" ] && [ -n "$package" ]; then found=$stage/package/$package/${1##*/}; fi
	if [ ! -f "$found" ]; then found=$1; fi
	printf '%s\n' "$found"
}

if [ -z "$outputs" ]; then
	exec "$tool" "$@"
fi

# The first output is of the whole package; the others belong to the files, in order.
kept=$outputs.racewindow
exec 3<"$outputs" || exit 1
IFS= read -r output <&3
printf '%s\n' "$output" >"$kept" || exit 1
before=
for arg do
	shift
	if [ "$before" = -outfilelist ]; then arg=$kept; fi
	before=$arg
	case $arg in
	*.go)
		IFS= read -r output <&3
		file=$(staged "$arg")
		case $arg in
		*zz_racewindow_binding*.go)
			{ printf '//line %s:1:1\n' "$arg" && cat "$file"; } >"$output" || exit 1
			continue
			;;
		esac
		printf '%s\n' "$output" >>"$kept" || exit 1
		arg=$file
		;;
	esac
	set -- "$@" "$arg"
done
exec 3<&-
exec "$tool" "$@"
