package columns

import (
	"strings"
	"unicode/utf8"
)

// Command breaks a command line so that the printed lines can be pasted into a shell. Between arguments, a line ends with a
// backslash. Inside quotes, it is broken only where a line break counts as a blank: in a case, a program or a round. No word
// is broken; one that is wider than a line makes its line longer. A note in parentheses after the command is prose, and
// begins a new line. The lines after the first begin with indent.
func Command(text string, columns int, indent string) (lines []string) {
	command, note := text, ""
	if at := strings.LastIndex(text, " ("); at >= 0 && strings.HasSuffix(text, ")") && !strings.Contains(text[at:], "'") {
		command, note = text[:at], text[at+1:]
	}
	lines = breakCommand(command, columns, indent)
	if note != "" {
		for _, line := range Wrap(note, columns-utf8.RuneCountInString(indent), "") {
			lines = append(lines, indent+line)
		}
	}
	return lines
}

// A piece is a text that is not broken; quoted says that the blank before it is inside quotes.
type piece struct {
	text   string
	quoted bool
}

func breakCommand(text string, columns int, indent string) (lines []string) {
	line := ""
	pieces := piecesOf(text)
	for i, p := range pieces {
		room := columns - utf8.RuneCountInString(line) - 1
		if i+1 < len(pieces) && !pieces[i+1].quoted {
			room -= 2 // for the backslash
		}
		switch {
		case i == 0:
			line = p.text
		case utf8.RuneCountInString(p.text) <= room || columns < 1:
			line += " " + p.text
		case p.quoted:
			lines, line = append(lines, line), indent+p.text
		default:
			lines, line = append(lines, line+` \`), indent+p.text
		}
	}
	return append(lines, line)
}

// piecesOf splits a command at the blanks at which it may be broken.
func piecesOf(text string) (pieces []piece) {
	quote, from, soft, quoted := byte(0), 0, false, false
	for i := range len(text) {
		switch c := text[i]; {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
			soft = breakable(text[:i], text[i+1:])
		case c == ' ' && (quote == 0 || soft):
			pieces = append(pieces, piece{text[from:i], quoted})
			from, quoted = i+1, quote != 0
		}
	}
	return append(pieces, piece{text[from:], quoted})
}

// breakable says whether a line break counts as a blank inside these quotes.
func breakable(before, quoted string) bool {
	version, _, _ := strings.Cut(quoted, " ")
	number, ok := strings.CutPrefix(version, "v")
	return ok && number != "" && strings.Trim(number, "0123456789") == "" || strings.HasSuffix(strings.TrimRight(before, " ="), "--program")
}
