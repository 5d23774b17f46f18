// Package columns breaks text into lines that fit a width: prose between words, and commands in such a way that the output
// can be pasted.
package columns

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Count returns a number with what it counts: 1 schedule, 2 schedules, 2 switches. A word that ends in s stays as it is.
func Count[N int | uint64](n N, what string) string {
	switch {
	case n == 1 || strings.HasSuffix(what, "s"):
	case strings.HasSuffix(what, "sh") || strings.HasSuffix(what, "ch"):
		what += "es"
	default:
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// Wrap breaks text at blanks into lines no wider than columns; the lines after the first begin with indent. A word that
// is wider than a line is broken at the end of the line. Columns below 1 mean no limit.
func Wrap(text string, columns int, indent string) []string { return wrap(text, columns, indent, true) }

// Words is like Wrap, but a word that is wider than a line stays whole and makes its line longer.
func Words(text string, columns int, indent string) []string {
	return wrap(text, columns, indent, false)
}

func wrap(text string, columns int, indent string, hard bool) (lines []string) {
	if columns < 1 {
		return []string{text}
	}
	for runes, begin := []rune(text), ""; ; begin = indent {
		room := max(1, columns-utf8.RuneCountInString(begin))
		if len(runes) <= room {
			return append(lines, begin+string(runes))
		}
		at := lastBlank(runes, room, begin == "")
		if at < 0 {
			if at = room; !hard {
				if at = nextBlank(runes, room); at == len(runes) {
					return append(lines, begin+string(runes))
				}
			}
		}
		lines = append(lines, strings.TrimRight(begin+string(runes[:at]), " "))
		for runes = runes[at:]; len(runes) > 0 && runes[0] == ' '; {
			runes = runes[1:]
		}
		if len(runes) == 0 {
			return lines
		}
	}
}

// lastBlank returns where a line of at most room letters ends between two words, -1 if it is one word. The blanks at the
// beginning of a first line do not count.
func lastBlank(runes []rune, room int, first bool) int {
	least := 0
	for first && least < room && runes[least] == ' ' {
		least++
	}
	for at := room; at > least; at-- {
		if runes[at] == ' ' {
			return at
		}
	}
	return -1
}

func nextBlank(runes []rune, from int) int {
	for from < len(runes) && runes[from] != ' ' {
		from++
	}
	return from
}
