// What rounds find is text that a tested engine or a child process wrote: it may hold line breaks, escape sequences that a
// terminal obeys, or letters that turn the order of others around. None of it reaches a terminal as such.

package soak

import (
	"strings"
	"unicode"
)

// Clean replaces what a terminal would obey, but for line breaks and tabs.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		return shown(r)
	}, strings.ToValidUTF8(text, "?"))
}

// OneLine replaces line breaks and tabs too.
func OneLine(text string) string { return strings.Map(shown, strings.ToValidUTF8(text, "?")) }

// shown is a letter, or a blank in the place of one that is not shown but does something: controls, and formats such as those that
// change the direction of the text.
func shown(r rune) rune {
	if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
		return ' '
	}
	return r
}
