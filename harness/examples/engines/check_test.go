package engines

import (
	"context"
	"os"
	"testing"

	"github.com/racewindow/racewindow/harness"
)

var bug = os.Getenv("RACEWINDOW_EXAMPLE_BUG") == "1"

// numbers are what a Read of a Numbered showed: the values, and whether their numbers increase. Which numbers they are, nobody
// promises.
func numbers(e *Numbered, ctx context.Context) (values []int, increase bool) {
	last := uint64(0)
	increase = true
	for number, value := range e.Read(ctx, 0) {
		increase = increase && number > last
		last, values = number, append(values, value)
	}
	return values, increase
}

func TestNumbered(t *testing.T) {
	harness.Check(t, harness.Subject[*Numbered]{
		Open: func(_ context.Context, env harness.Env) (*Numbered, error) {
			e, err := OpenNumbered(env.Disk())
			if err == nil {
				e.givesEarly = bug
			}
			return e, err
		},
		Errors: map[string]error{"ErrBroken": ErrBroken},
		Ops: harness.Ops{
			"append": harness.Op{Do: (*Numbered).Append, Durable: harness.OnReturn, Result: func(_ uint64, err error) error { return err }},
			"read":   numbers,
		},
	})
}

func TestSingles(t *testing.T) {
	harness.Check(t, harness.Subject[*Singles]{
		Open: func(_ context.Context, env harness.Env) (*Singles, error) {
			e, err := OpenSingles(env.Disk())
			if err == nil {
				e.reserves = bug
			}
			return e, err
		},
		Errors:          map[string]error{"ErrBroken": ErrBroken},
		LosesOnlyTheEnd: true,
		Ops: harness.Ops{
			"append": harness.Op{Do: (*Singles).Append, Durable: "flush"},
			"flush":  (*Singles).Flush,
			"read":   (*Singles).Read,
		},
	})
}

func TestIndexed(t *testing.T) {
	harness.Check(t, harness.Subject[*Indexed]{
		Open: func(_ context.Context, env harness.Env) (*Indexed, error) {
			e, err := OpenIndexed(env.Disk())
			if err == nil {
				e.countsFirst = bug
			}
			return e, err
		},
		Errors: map[string]error{"ErrBroken": ErrBroken, "ErrNoRecord": ErrNoRecord},
		Ops: harness.Ops{
			"append": harness.Op{Do: (*Indexed).Append, Durable: harness.OnReturn},
			"at":     (*Indexed).At,
		},
	})
}

func TestLate(t *testing.T) {
	harness.Check(t, harness.Subject[*Late]{
		Open: func(_ context.Context, env harness.Env) (*Late, error) {
			e, err := OpenLate(env.Disk())
			if err == nil {
				e.forgets = bug
			}
			return e, err
		},
		Errors:        map[string]error{"ErrHandedOver": ErrHandedOver},
		Indeterminate: []error{ErrHandedOver},
		GoesOn:        true,
		Ops: harness.Ops{
			"append": harness.Op{Do: (*Late).Append, Durable: harness.OnReturn},
			"read":   (*Late).Read,
		},
	})
}

func journal(wedges, looksEarly bool) harness.Subject[*Journal] {
	return harness.Subject[*Journal]{
		Open: func(_ context.Context, env harness.Env) (*Journal, error) {
			e, err := OpenJournal(env.Disk(), wedges)
			if err == nil {
				e.looksEarly = looksEarly
			}
			return e, err
		},
		Errors: map[string]error{"ErrBroken": ErrBroken},
		Ops: harness.Ops{
			"append": harness.Op{Do: (*Journal).Append, Durable: harness.OnReturn},
			"read":   (*Journal).Read,
		},
	}
}

// A journal that wedges promises no more, so it holds with faults too.
func TestJournalThatWedges(t *testing.T) { harness.Check(t, journal(true, bug)) }

// The bug is one that wedges and says that it goes on: it takes a fault (--faults) to tell.
func TestJournalThatGoesOn(t *testing.T) {
	s := journal(bug, false)
	s.GoesOn = true
	harness.Check(t, s)
}

func TestKept(t *testing.T) {
	harness.Check(t, harness.Subject[*Kept]{
		Open: func(_ context.Context, env harness.Env) (*Kept, error) {
			e, err := OpenKept(env.Disk())
			if err == nil {
				e.forgetsLock = bug
			}
			return e, err
		},
		Ops: harness.Ops{
			"append": harness.Op{Do: (*Kept).Append, Durable: harness.AfterClose},
			"read":   (*Kept).Read,
		},
	})
}
