// A case on the command line: its text, or the file that holds it.

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/racewindow/racewindow/harness/cases"
)

const caseRemedy = "give a file, or a case, which begins with 'v1 scenario=log handover=NAME', or with 'v1 test=TestX' if it belongs to a test"

// isCaseText reports whether an argument is the text of a case: it looks like one, and no file has this name.
func isCaseText(argument string) bool {
	if !cases.IsText(argument) {
		return false
	}
	return !isFile(argument) || strings.HasPrefix(strings.TrimSpace(argument), "v1 ")
}

// isFile reports whether a file or folder of this name exists.
func isFile(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// readCase reads a case from the argument itself, or from the file that it names.
func readCase(ctx context.Context, argument string) (cases.Case, error) {
	if isCaseText(argument) {
		return parseCase(argument)
	}
	return unlessInterrupted(ctx, argument, func() (cases.Case, error) {
		file, err := openNamed(argument)
		if err != nil {
			return cases.Case{}, err
		}
		defer file.Close()
		return caseIn(file, file)
	})
}

// parseCase parses a case of a subject that the command brings. For the case of a test it returns an ofTest error with the
// text.
func parseCase(text string) (cases.Case, error) {
	c, err := cases.ParseFile(text, subjectOf)
	var other *ofTest
	if errors.As(err, &other) {
		other.text = text
	}
	return c, err
}

// unlessInterrupted calls read and returns early if the context ends. Reading a pipe that nobody writes to would block for
// ever, and closing the pipe would not end it.
func unlessInterrupted[T any](ctx context.Context, argument string, read func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := read()
		done <- outcome{value, err}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		var none T
		return none, fmt.Errorf("interrupted while %s was read: %w", argument, ctx.Err())
	}
}

// caseIn reads the case in a file, from a reader of that file.
func caseIn(file *os.File, from io.Reader) (cases.Case, error) {
	content, err := io.ReadAll(io.LimitReader(from, cases.MaxTextBytes+1))
	if err != nil {
		return cases.Case{}, fmt.Errorf("read %s: %w", file.Name(), plainError(err))
	}
	if len(content) > cases.MaxTextBytes {
		size := fmt.Sprintf("more than %d", cases.MaxTextBytes)
		if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
			size = fmt.Sprint(info.Size())
		}
		return cases.Case{}, fmt.Errorf("%s: %w: the file has %s bytes, and a file with a case has at most %d", file.Name(), cases.ErrCase, size, cases.MaxTextBytes)
	}
	c, err := parseCase(string(content))
	if err != nil {
		return cases.Case{}, fmt.Errorf("%s: %w", file.Name(), err)
	}
	return c, nil
}

// openNamed opens the file that an argument names. The error says what the argument is instead.
func openNamed(argument string) (*os.File, error) {
	if argument == "" {
		return nil, errors.New("the argument is empty: " + caseRemedy)
	}
	info, err := os.Stat(argument)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("no file is called %.200q: %s", argument, caseRemedy)
	case err != nil:
		return nil, fmt.Errorf("%.200q: %w: %s", argument, plainError(err), caseRemedy)
	case info.IsDir():
		return nil, fmt.Errorf("%s is a folder: give a file in it", argument)
	}
	file, err := os.Open(argument)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", argument, plainError(err))
	}
	return file, nil
}

// plainError drops the name of the file from an error, because the message names it already.
func plainError(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
