package values

import (
	"fmt"
	"reflect"
	"strings"
)

const (
	maxSplitBytes   = 1 << 20
	maxLiteralBytes = 64 << 10
)

// A SyntaxError says what is wrong with a text, where, and what to write instead.
type SyntaxError struct {
	Text    string // the whole text
	Offset  int    // in bytes from its start
	Problem string
	Remedy  string
}

// Error quotes the text around the error.
func (e *SyntaxError) Error() string {
	const around = 24
	offset := min(max(e.Offset, 0), len(e.Text))
	from, to := max(offset-around, 0), min(offset+around, len(e.Text))
	near := e.Text[from:to]
	if from > 0 {
		near = "..." + near
	}
	if to < len(e.Text) {
		near += "..."
	}
	return fmt.Sprintf("at byte %d of %s: %s; %s", offset+1, appendQuoted(nil, near), e.Problem, e.Remedy)
}

// A Piece is a part of a text between separators, without the spaces around it.
type Piece struct {
	Text      string
	Offset    int  // offset of Text in the whole text
	Separator byte // the separator that ended it; 0 for the last piece
}

// Split splits a text at each separator outside of strings, rune literals, parentheses, brackets and braces:
//
//	put("a, b", 1), get("c")
//
// has two pieces at commas. A blank text has no pieces; two separators in a row have an empty piece between them.
func Split(text, separators string) ([]Piece, error) {
	if len(text) > maxSplitBytes {
		return nil, &SyntaxError{text, 0, fmt.Sprintf("the text has %d bytes, at most %d are read", len(text), maxSplitBytes), "make it shorter"}
	}
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var pieces []Piece
	from := 0
	cut := func(to int, separator byte) {
		part := text[from:to]
		trimmed := strings.TrimLeft(part, " \t\r\n")
		pieces = append(pieces, Piece{strings.TrimRight(trimmed, " \t\r\n"), from + len(part) - len(trimmed), separator})
		from = to + 1
	}
	n := nesting{text: text}
	for i := 0; i < len(text); i++ {
		if len(n.open) == 0 && strings.IndexByte(separators, text[i]) >= 0 {
			cut(i, text[i])
			continue
		}
		next, err := n.step(i)
		if err != nil {
			return nil, err
		}
		i = next
	}
	if len(n.open) > 0 {
		at := n.open[len(n.open)-1]
		return nil, &SyntaxError{text, at, fmt.Sprintf("%q is not closed", text[at]), fmt.Sprintf("close it with %q", closing(text[at]))}
	}
	cut(len(text), 0)
	return pieces, nil
}

// A nesting records which brackets are open while a text is read.
type nesting struct {
	text string
	open []int // offsets of the open brackets
}

func closing(bracket byte) byte {
	return ")]}"[strings.IndexByte("([{", bracket)]
}

// step reads the character or string literal at i, and returns the offset of its last byte.
func (n *nesting) step(i int) (int, error) {
	switch c := n.text[i]; c {
	case '"', '\'', '`':
		return n.quoted(i)
	case '(', '[', '{':
		if n.open = append(n.open, i); len(n.open) > maxDepth {
			return 0, &SyntaxError{n.text, i, fmt.Sprintf("brackets nest deeper than %d levels", maxDepth), "make the value simpler"}
		}
	case ')', ']', '}':
		if len(n.open) == 0 {
			return 0, &SyntaxError{n.text, i, fmt.Sprintf("%q closes nothing", c), "remove it, or open it before"}
		}
		at := n.open[len(n.open)-1]
		if want := closing(n.text[at]); c != want {
			return 0, &SyntaxError{n.text, i, fmt.Sprintf("%q closes the %q at byte %d", c, n.text[at], at+1), fmt.Sprintf("write %q", want)}
		}
		n.open = n.open[:len(n.open)-1]
	}
	return i, nil
}

// quoted returns the offset at which the string or rune literal that starts at i ends.
func (n *nesting) quoted(i int) (int, error) {
	quote := n.text[i]
	for j := i + 1; j < len(n.text); j++ {
		switch {
		case n.text[j] == quote:
			return j, nil
		case n.text[j] == '\\' && quote != '`':
			j++
		case n.text[j] == '\n' && quote != '`':
			return 0, &SyntaxError{n.text, j, "a line ends inside of quotes", `write \n for the end of a line`}
		}
	}
	return 0, &SyntaxError{n.text, i, fmt.Sprintf("%c is not closed", quote), fmt.Sprintf("close it with %c", quote)}
}

// A CallText is the text of a call, before its arguments are read.
type CallText struct {
	Name      string
	Arguments []Piece // with offsets in Text
	Text      string
}

// ParseCall reads name(argument, argument). Operation.Parse reads the arguments.
func ParseCall(text string) (CallText, error) {
	const example = `write it as name(arguments), such as put("a", 1)`
	trimmed := strings.TrimLeft(text, " \t")
	at := len(text) - len(trimmed)
	length := nameLength(trimmed)
	if length == 0 {
		return CallText{}, &SyntaxError{text, at, "there is no name of an operation", example}
	}
	name := trimmed[:length]
	open := at + length
	for open < len(text) && text[open] == ' ' {
		open++
	}
	if open == len(text) || text[open] != '(' {
		return CallText{}, &SyntaxError{text, open, "no arguments follow " + name, example + "; without arguments " + name + "()"}
	}
	end, err := matching(text, open)
	if err != nil {
		return CallText{}, err
	}
	if rest := strings.TrimSpace(text[end+1:]); rest != "" {
		return CallText{}, &SyntaxError{text, end + 1, "something follows the call", "separate calls by commas"}
	}
	pieces, err := Split(text[open+1:end], ",")
	if err != nil {
		return CallText{}, moved(err, text, open+1)
	}
	for i := range pieces {
		pieces[i].Offset += open + 1
	}
	return CallText{Name: name, Arguments: pieces, Text: text}, nil
}

// matching returns the offset of the bracket that closes the one at open.
func matching(text string, open int) (int, error) {
	n := nesting{text: text}
	for i := open; i < len(text); i++ {
		next, err := n.step(i)
		if err != nil {
			return 0, err
		}
		if i = next; len(n.open) == 0 {
			return i, nil
		}
	}
	at := n.open[len(n.open)-1]
	return 0, &SyntaxError{text, at, fmt.Sprintf("%q is not closed", text[at]), fmt.Sprintf("close it with %q", closing(text[at]))}
}

// moved turns a syntax error of a part of a text into one of the whole text.
func moved(err error, whole string, offset int) error {
	if s, ok := err.(*SyntaxError); ok {
		return &SyntaxError{whole, s.Offset + offset, s.Problem, s.Remedy}
	}
	return err
}

// Parse reads the arguments of a call of this operation. The caller has already looked up the operation by the call's name.
func (o *Operation) Parse(call CallText) ([]reflect.Value, error) {
	if !o.counts(len(call.Arguments)) {
		count := fmt.Sprintf("it takes %d", o.fixed())
		if o.variadic {
			count += " or more"
		}
		return nil, &SyntaxError{call.Text, 0, fmt.Sprintf("%s has %d arguments, and %s", call.Name, len(call.Arguments), count), "write it as " + o.String()}
	}
	arguments := make([]reflect.Value, len(call.Arguments))
	for i, piece := range call.Arguments {
		if piece.Text == "" {
			return nil, &SyntaxError{call.Text, piece.Offset, fmt.Sprintf("argument %d is missing", i+1), "write it as " + o.String()}
		}
		v, err := Parse(piece.Text, o.argument(i).kind)
		if err != nil {
			return nil, moved(err, call.Text, piece.Offset)
		}
		arguments[i] = v
	}
	return arguments, nil
}

// ParseText combines ParseCall and Parse for a text that must be a call of this operation.
func (o *Operation) ParseText(text string) ([]reflect.Value, error) {
	call, err := ParseCall(text)
	if err != nil {
		return nil, err
	}
	if call.Name != o.name {
		return nil, &SyntaxError{text, 0, "the operation is " + call.Name + ", not " + o.name, "write it as " + o.String()}
	}
	return o.Parse(call)
}
