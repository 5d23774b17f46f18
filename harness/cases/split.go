package cases

import (
	"fmt"
	"strings"
)

// Split cuts a text at a separator, and trims the blanks around each part. It does not cut within quotes (" and ' with
// backslashes, or backquotes) or brackets, so Go literals stay whole. An unclosed quote or bracket is an error.
func Split(text string, separator byte) (parts []string, err error) {
	var open []byte
	begin := 0
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case b == '"' || b == '\'' || b == '`':
			if i = closing(text, i); i < 0 {
				return nil, fmt.Errorf("a quote %c is not closed: write it once more, or take it away", b)
			}
		case b == '(' || b == '[' || b == '{':
			open = append(open, b+closes[b])
		case (b == ')' || b == ']' || b == '}') && len(open) > 0:
			if open[len(open)-1] != b {
				return nil, fmt.Errorf("a bracket is not closed: there is %c where %c should be", b, open[len(open)-1])
			}
			open = open[:len(open)-1]
		case b == separator && len(open) == 0:
			parts = append(parts, strings.TrimSpace(text[begin:i]))
			begin = i + 1
		}
	}
	if len(open) > 0 {
		return nil, fmt.Errorf("a bracket is not closed: %c is missing", open[len(open)-1])
	}
	return append(parts, strings.TrimSpace(text[begin:])), nil
}

// closes is the distance in ASCII from an opening bracket to its closing one.
var closes = map[byte]byte{'(': 1, '[': 2, '{': 2}

// closing returns the index at which the quote that begins at i ends; -1 if it does not end.
func closing(text string, i int) int {
	quote := text[i]
	for i++; i < len(text); i++ {
		switch {
		case text[i] == quote:
			return i
		case text[i] == '\\' && quote != '`':
			i++
		}
	}
	return -1
}
