// Cleans text for a terminal. Rounds find text that a tested engine or a child process wrote. It may hold line breaks, escape
// sequences that a terminal obeys, or characters that reverse the order of others. None of these must reach a terminal.

package soak

import (
	"strings"
	"unicode"
)

// Clean replaces each character that a terminal would obey by a blank, except line breaks and tabs.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		return shown(r)
	}, strings.ToValidUTF8(text, "?"))
}

// OneLine does what Clean does, and replaces line breaks and tabs too.
func OneLine(text string) string { return strings.Map(shown, strings.ToValidUTF8(text, "?")) }

// shown replaces a character that is not shown but has an effect by a blank: control characters, and format characters such as
// those that change the direction of the text.
func shown(r rune) rune {
	if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
		return ' '
	}
	return r
}
