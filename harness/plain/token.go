// One schedule of one test as a line of text.

package plain

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/racewindow/racewindow/harness/sched"
)

// A Token names a test, or a sub-test, and a schedule of it: v1 test=TestX/sub; @ main/serve#1@(*Cache).Get.RLock#2>main.
// Without a schedule, there is no switch.
type Token struct {
	Test string
	// Alone says that the schedule must be the first thing that a process executes: v1 test=TestX; alone; @ ...
	Alone    bool
	Schedule sched.Schedule
}

// ErrToken is wrapped by every error about the text of a token.
var ErrToken = errors.New("not a token of a plain test")

const head = "v1 test="

// alone is the clause of Token.Alone.
const alone = "; alone"

// escaped are the characters of a sub-test's name that mean something in the text.
const escaped = "%; @'\"\\"

// String returns the text that ParseToken reads.
func (t Token) String() string {
	var name strings.Builder
	for _, r := range t.Test {
		if strings.ContainsRune(escaped, r) || r < ' ' {
			fmt.Fprintf(&name, "%%%02X", r)
		} else {
			name.WriteRune(r)
		}
	}
	text := head + name.String()
	if t.Alone {
		text += alone
	}
	if len(t.Schedule) > 0 {
		text += "; @ " + t.Schedule.String()
	}
	return text
}

// ParseToken reads what String prints. Line breaks are blanks, and lines that begin with # are comments.
func ParseToken(text string) (t Token, err error) {
	text, _ = withoutComments(text)
	text = strings.Join(strings.Fields(text), " ")
	rest, is := strings.CutPrefix(text, head)
	if !is {
		return t, fmt.Errorf("%w: a token begins with 'v1 test=NAME', and %.80q does not", ErrToken, text)
	}
	name, schedule, scheduled := strings.Cut(rest, ";")
	if t.Test, err = url.PathUnescape(strings.TrimSpace(name)); err != nil || t.Test == "" {
		return t, fmt.Errorf("%w: %.80q is not the name of a test", ErrToken, name)
	}
	if first, rest, more := strings.Cut(schedule, ";"); strings.TrimSpace(first) == "alone" {
		t.Alone, schedule, scheduled = true, rest, more
	}
	if !scheduled {
		return t, nil
	}
	schedule, is = strings.CutPrefix(strings.TrimSpace(schedule), "@")
	if !is {
		return t, fmt.Errorf("%w: after the test's name come '; alone', if it must be the first execution in its process, and '; @ ' with the schedule; %.80q belongs to a harness.Check, or is misspelt", ErrToken, schedule)
	}
	if t.Schedule, err = sched.ParseSchedule(schedule); err != nil {
		return t, fmt.Errorf("%w: %w", ErrToken, err)
	}
	return t, nil
}

// withoutComments splits off the lines that begin with #.
func withoutComments(text string) (rest, comments string) {
	for line := range strings.Lines(text) {
		if comment, is := strings.CutPrefix(strings.TrimSpace(line), "#"); is {
			comments += strings.TrimSpace(comment) + "\n"
		} else {
			rest += line
		}
	}
	return rest, comments
}
