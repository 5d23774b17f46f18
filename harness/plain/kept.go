// A finding is kept in the package's folder testdata/racewindow/TEST, as for a harness.Check, and is executed first the next time.
// The go command ignores that folder.

package plain

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/output"
)

// keptIn is the folder of a test's schedules, below that of its package.
func keptIn(test string) string { return filepath.Join("testdata", "racewindow", test) }

// A ForeignError says that nothing is kept in the folder of a package that does not belong to the user.
type ForeignError struct{ Package, Why string }

func (e *ForeignError) Error() string {
	return fmt.Sprintf("what is found in %s is not kept in its folder, because %s: the command under replay shows it, and --out DIR writes it elsewhere", e.Package, e.Why)
}

// Keep writes the token of a finding to where the next run finds it; about is a line that says what it shows. It returns the file,
// relative to the package's folder. The error is a *ForeignError if that folder is not the user's.
func (p Package) Keep(token Token, about string) (file string, err error) {
	if p.Foreign != "" {
		return "", &ForeignError{p.ImportPath, p.Foreign}
	}
	text := token.String()
	sum := sha256.Sum256([]byte(text))
	folder := filepath.Join(p.Dir, keptIn(token.top()))
	if err := output.MakeFolder(folder); err != nil {
		return "", fmt.Errorf("the schedule could not be kept: %w", err)
	}
	name := hex.EncodeToString(sum[:8]) + ".case"
	content := "# " + strings.Join(strings.Fields(about), " ") + "\n" + text + "\n"
	if err := output.Write(filepath.Join(folder, name), []byte(content)); err != nil {
		return "", fmt.Errorf("the schedule could not be kept: %w", err)
	}
	return filepath.ToSlash(filepath.Join(keptIn(token.top()), name)), nil
}

// top is the name of the test function.
func (t Token) top() string {
	name, _, _ := strings.Cut(t.Test, "/")
	return name
}

// maxTokenBytes bounds a file with a token.
const maxTokenBytes = 1 << 20

// ReadToken reads what Keep has written; about are its comments.
func ReadToken(file string) (t Token, about string, err error) {
	info, err := os.Stat(file)
	if err != nil {
		return t, "", err
	}
	if info.Size() > maxTokenBytes {
		return t, "", fmt.Errorf("%w: the file has %d bytes, and one with a token has at most %d", ErrToken, info.Size(), maxTokenBytes)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return t, "", err
	}
	_, about = withoutComments(string(content))
	t, err = ParseToken(string(content))
	return t, about, err
}

// A KeptError says that a kept file holds no schedule of its test.
type KeptError struct {
	File string
	Err  error
}

func (e *KeptError) Error() string {
	return fmt.Sprintf("the kept case %s cannot be executed: %v; remove it if the code that it tests is gone", e.File, e.Err)
}

func (e *KeptError) Unwrap() error { return e.Err }

// kept returns the kept schedules of a package's tests, by test or sub-test. Those with a data race count only under the
// race detector.
func (b *binary) kept() (all map[string][]drive.KeptSchedule, err error) {
	all = map[string][]drive.KeptSchedule{}
	for _, test := range b.of.Tests {
		files, _ := filepath.Glob(filepath.Join(b.of.Dir, keptIn(test), "*.case")) // the pattern is well formed
		for _, file := range files {
			name, _ := filepath.Rel(b.of.Dir, file)
			token, about, failed := ReadToken(file)
			switch {
			case errors.Is(failed, fs.ErrNotExist):
				continue
			case failed == nil && token.top() != test:
				failed = fmt.Errorf("it belongs to %s", token.Test)
			case failed == nil && strings.Contains(about, raceMark) && !b.Race:
				continue
			}
			if failed != nil {
				err = errors.Join(err, &KeptError{filepath.ToSlash(name), failed})
				continue
			}
			all[token.Test] = append(all[token.Test], drive.KeptSchedule{File: filepath.ToSlash(name), Schedule: token.Schedule})
		}
	}
	return all, err
}

// raceMark is in the comment of a case that only the race detector shows.
const raceMark = ": data race"

// giveKept writes the kept schedules to a file for the driver, because the environment has limited room.
func (b *binary) giveKept() (file string, err error) {
	all, problem := b.kept()
	if len(all) == 0 {
		return "", problem
	}
	text, err := json.Marshal(all)
	if err == nil {
		file = filepath.Join(b.folder, "kept.json")
		err = os.WriteFile(file, text, 0o600)
	}
	return file, errors.Join(problem, err)
}
