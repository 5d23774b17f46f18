// Who wrote each line. A planted file mixes lines of its author with lines of patches. //line directives tell every tool
// which is which: a panic in a planted line names the patch, and a panic after it names the line that the author knows.

package overlay

import (
	"bytes"
	"fmt"
	"go/scanner"
	"go/token"
	"path/filepath"
	"strings"
)

// An authoredLine is one line of a file on its way into the build.
type authoredLine struct {
	text string // with its newline
	file string // the patch that added it; empty for the author's own file
	line int    // its number in that file
}

// authored returns the current lines of the file, before markers are spliced.
func (f *sourceFile) authored() []authoredLine {
	if f.lines != nil {
		return f.lines
	}
	var lines []authoredLine
	for _, text := range strings.SplitAfter(string(f.content), "\n") {
		if text != "" {
			lines = append(lines, authoredLine{text: text, line: len(lines) + 1})
		}
	}
	return lines
}

func joined(lines []authoredLine) string {
	var all strings.Builder
	for _, l := range lines {
		all.WriteString(l.text)
	}
	return all.String()
}

// written returns where line n of the planted file was written. Lines that the splicer adds come after the last line.
func (f *sourceFile) written(n int) (file string, line int) {
	if f.lines == nil {
		return f.path, n
	}
	l := authoredLine{line: 1}
	if len(f.lines) > 0 {
		l = f.lines[max(min(n, len(f.lines)), 1)-1]
	}
	if l.file == "" {
		l.file = f.path
	}
	return l.file, l.line
}

// directed returns the text of a planted file with a //line directive before every line whose number the compiler would
// otherwise get wrong. A raw string or a comment has no place for a directive, so it goes before the next line that has one.
func (f *sourceFile) directed(lineName string, text []byte) []byte {
	var out bytes.Buffer
	places := directivePlaces(text)
	name, next := "", 0
	for i, line := range strings.SplitAfter(string(text), "\n") {
		file, number := f.written(i + 1)
		if file == f.path {
			file = lineName
		}
		if (file != name || number != next) && i < len(f.lines) && (i == 0 || places[i+1]) {
			fmt.Fprintf(&out, "//line %s:%d:1\n", file, number)
			name, next = file, number
		}
		out.WriteString(line)
		next++
	}
	return out.Bytes()
}

// directivePlaces returns the lines that a //line directive may precede: those that begin with a token which is neither a
// comment nor an import. (cgo reads the comment before an import as C.)
func directivePlaces(text []byte) map[int]bool {
	places := map[int]bool{}
	fset := token.NewFileSet()
	file := fset.AddFile("", fset.Base(), len(text))
	var s scanner.Scanner
	s.Init(file, text, func(token.Position, string) {}, scanner.ScanComments)
	reached := 0 // the line on which the last token ended
	for {
		pos, tok, literal := s.Scan()
		if tok == token.EOF {
			return places
		}
		if tok == token.SEMICOLON && literal != ";" {
			continue // inserted by the scanner at the end of a line
		}
		line := file.PositionFor(pos, false).Line
		if line > reached && tok != token.COMMENT && tok != token.IMPORT {
			places[line] = true
		}
		reached = line + strings.Count(literal, "\n")
	}
}

// blame changes the positions in the problems of a planted file to the places where the lines were written.
func (f *sourceFile) blame(err error) error {
	var problems Problems
	if f.lines == nil || !problems.collect(err) {
		return err
	}
	for i := range problems {
		problems[i].File, problems[i].Line = f.written(problems[i].Line)
	}
	return problems
}

// place changes the positions of the points of a planted file to the places where the lines were written.
func (f *sourceFile) place(points []boundPoint) {
	for i := range points {
		if f.lines != nil {
			file, line := f.written(points[i].line)
			points[i].file, points[i].line = filepath.Base(file), line
		}
	}
}
