package properties

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/harness/subjects/log/check"
)

// Replayed returns how often, in n executions, the shrunk case breaks the promise. The report shows the last execution that
// did.
func (s *Search) Replayed(n int) (times int) {
	for range n {
		if breaks, _ := s.breaks(s.Shrunk, replayPatience); breaks {
			times++
		}
	}
	return times
}

// Report says what was promised, what happened instead, the shrunk case, how it was found, and how to run it again.
func (s *Search) Report() string {
	var text strings.Builder
	if s.hung {
		v := s.Found.Violation
		fmt.Fprintf(&text, "FAIL %s  %q\n     %s\n     %v; neither shrunk nor replayed: each try would take as long\n", v.Promise.Name, v.Promise.Sentence, v.Detail, SizeOf(s.Shrunk))
		fmt.Fprintf(&text, "replay: racewindow replay '%v'\n", s.Shrunk)
	} else {
		s.reportShrunk(&text)
	}
	fmt.Fprintf(&text, "property: %s, gopter seed %d, case %d\n", s.Name, s.Seed, s.Drawn())
	if s.Again != "" {
		fmt.Fprintf(&text, "search again: %s\n", s.Again)
	}
	fmt.Fprintf(&text, "drawn as: %v\n", s.First)
	return text.String()
}

func (s *Search) reportShrunk(text *strings.Builder) {
	const replays = 5
	times := s.Replayed(replays)
	s.Found.WriteViolation(text)
	fmt.Fprintf(text, "     %v\n     shrunk from %v in %d steps, %d candidates tried", SizeOf(s.Shrunk), SizeOf(s.First), s.Steps, s.Tries)
	if s.exhausted() {
		text.WriteString("; it may be smaller: shrinking was ended")
	}
	// No command judges what only the property judges.
	if slices.Contains(check.Promises(), s.Found.Violation.Promise) {
		fmt.Fprintf(text, "\nreplay: racewindow replay '%v'", s.Shrunk)
	} else {
		fmt.Fprintf(text, "\nshrunk to: %v", s.Shrunk)
	}
	fmt.Fprintf(text, "\n        replayed %d of %d times", times, replays)
	if times < replays {
		text.WriteString("; the Go scheduler has its say: --times 100")
	}
	fmt.Fprintf(text, "\n%s", s.Found.Timeline(24, false))
}

// WriteReport writes a report into the folder that RACEWINDOW_OUT names; if it is not set, it does nothing.
func WriteReport(property string, seed int64, report string) error {
	folder := os.Getenv("RACEWINDOW_OUT")
	if folder == "" {
		return nil
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return fmt.Errorf("RACEWINDOW_OUT: %w", err)
	}
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, property)
	return os.WriteFile(filepath.Join(folder, fmt.Sprintf("shrunk-%s-%d.txt", name, seed)), []byte(report), 0o666)
}
