package soak

import (
	"errors"
	"fmt"
)

// CloseFindings marks findings as fixed. It is for those that no case can show again: a leak, a race, a killed process. A
// finding that is seen again counts again. Errors wrap ErrConfig, ErrLocked or ErrJournal, or are the disk's.
func CloseFindings(out string, prints []string) (err error) {
	if _, err := ReadState(out); err != nil { // before openJournal, which would create a campaign
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	s := &Soak{config: Config{Out: out}.withDefaults(), state: NewState()}
	if s.journal, err = openJournal(out, s.state.Fold); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.journal.close()) }()
	var closed []Finding
	for _, print := range prints {
		f := s.state.Findings[print]
		switch {
		case f == nil:
			return fmt.Errorf("%w: %s has no finding %q", ErrConfig, out, print)
		case f.Gone:
			return fmt.Errorf("%w: finding %s is already gone", ErrConfig, print)
		}
		closed = append(closed, Finding{Fingerprint: print, Gone: true})
	}
	return s.append(Entry{Type: entryChecks, Checks: s.state.Checks, Findings: closed})
}
