// A case on the command line: its text, or the file that holds it.

package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/racewindow/racewindow/harness/cases"
)

const caseRemedy = "give a file, or a case, which begins with 'v1 scenario=log handover=NAME'"

// isCaseText says whether an argument is the text of a case: it looks like one, and no file is called so.
func isCaseText(argument string) bool {
	if !cases.IsText(argument) {
		return false
	}
	_, err := os.Lstat(argument)
	return err != nil || strings.HasPrefix(strings.TrimSpace(argument), "v1 ")
}

// readCase reads a case from the argument itself, or from the file that it names.
func readCase(argument string) (cases.Case, error) {
	if isCaseText(argument) {
		return cases.ParseFile(argument)
	}
	file, err := openNamed(argument)
	if err != nil {
		return cases.Case{}, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, cases.MaxTextBytes+1))
	if err != nil {
		return cases.Case{}, fmt.Errorf("read %s: %w", argument, plainError(err))
	}
	if len(content) > cases.MaxTextBytes {
		size := fmt.Sprintf("more than %d", cases.MaxTextBytes)
		if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
			size = fmt.Sprint(info.Size())
		}
		return cases.Case{}, fmt.Errorf("%s: %w: the file has %s bytes, and a file with a case has at most %d", argument, cases.ErrCase, size, cases.MaxTextBytes)
	}
	c, err := cases.ParseFile(string(content))
	if err != nil {
		return cases.Case{}, fmt.Errorf("%s: %w", argument, err)
	}
	return c, nil
}

// openNamed opens a file that an argument names; an error says what the argument is instead.
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

// plainError is what the system said, without the name of the file, which is said before it.
func plainError(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
