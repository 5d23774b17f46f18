package kill

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// A Target is what was done on one disk, with one kind of end.
type Target struct {
	Dir        string `json:"dir"`
	FileSystem string `json:"file_system"`
	Kind       string `json:"kind"`
	// NotRun says why nothing was done; empty if something was.
	NotRun string `json:"not_run,omitempty"`
	// Kills counts kills with SIGKILL. Of these, UnderLoad came after at least one acknowledgement, BeforeOpen before the child
	// had recovered the log. Ended counts children that ended by themselves, because the log was poisoned or the disk full.
	Kills      uint64 `json:"kills"`
	UnderLoad  uint64 `json:"kills_under_load"`
	BeforeOpen uint64 `json:"kills_before_open"`
	Ended      uint64 `json:"ended_by_themselves"`
	// The following are counts of messages.
	Acknowledged uint64 `json:"appends_acknowledged"`
	Durable      uint64 `json:"durable_acknowledged"`
	Failed       uint64 `json:"appends_failed"`
	Poisoned     uint64 `json:"clients_poisoned"`
	Full         uint64 `json:"disk_full"`
	Resumed      uint64 `json:"resumed_after_full"`
	Reopened     uint64 `json:"reopened_beside_clients"`
	Waited       uint64 `json:"waits_called_off"`
	// Checks is how often the parent opened the log and read all of it, LeftToNext after how many kills the next child opened it
	// instead.
	Checks       uint64 `json:"checks"`
	LeftToNext   uint64 `json:"left_to_the_next_child"`
	Records      uint64 `json:"records_checked"`
	Transactions uint64 `json:"transactions_checked"`
	// Lost counts transactions that were acknowledged and not durable, and are gone, as the contract allows.
	Lost uint64 `json:"lost_as_allowed"`

	resumedBy uint32
}

func (t *Target) count(m message) {
	switch m.kind {
	case acknowledged:
		t.Acknowledged++
	case durable:
		t.Durable++
	case failed:
		t.Failed++
	case poisoned:
		t.Poisoned++
	case full:
		t.Full++
	case resumed:
		t.Resumed++
	case reopened:
		t.Reopened++
	case waited:
		t.Waited++
	}
}

// A Finding is a violation.
type Finding struct {
	Promise    string `json:"promise"`
	Sentence   string `json:"sentence"`
	Detail     string `json:"detail"`
	Dir        string `json:"dir"`
	FileSystem string `json:"file_system"`
	Kind       string `json:"kind"`
	Log        int    `json:"log"`
	Child      int    `json:"child"`
}

// A Summary says what a run did, and what it found.
type Summary struct {
	Seed      uint64        `json:"seed"`
	Shows     string        `json:"shows"`
	ShowsNot  string        `json:"shows_not"`
	Targets   []*Target     `json:"targets"`
	Kills     uint64        `json:"kills"`
	Elapsed   time.Duration `json:"elapsed_ns"`
	Rate      float64       `json:"kills_per_second"`
	Canary    string        `json:"canary,omitempty"`
	Violation *Finding      `json:"violation,omitempty"`
	Failure   string        `json:"failure,omitempty"`
}

// WriteText writes what was done, and the verdict.
func (s *Summary) WriteText(w io.Writer) error {
	var b strings.Builder
	if f := s.Violation; f != nil {
		fmt.Fprintf(&b, "FAIL %s  %q\n     %s\n     %s on %s (%s), log %d, child %d\n\n", f.Promise, f.Sentence, f.Detail, f.Kind, f.FileSystem, f.Dir, f.Log, f.Child)
	}
	fmt.Fprintf(&b, "kill: %d kills in %.1f s (%.0f/s), seed %d\n", s.Kills, s.Elapsed.Seconds(), s.Rate, s.Seed)
	for _, t := range s.Targets {
		fmt.Fprintf(&b, "%s on %s (%s)\n", t.Kind, t.FileSystem, t.Dir)
		if t.NotRun != "" {
			fmt.Fprintf(&b, "  NOT RUN   %s\n", t.NotRun)
			continue
		}
		fmt.Fprintf(&b, "  children  %d killed: %d under load, %d before the log was open; %d ended by themselves\n", t.Kills, t.UnderLoad, t.BeforeOpen, t.Ended)
		fmt.Fprintf(&b, "  load      %d appends acknowledged, %d times as durable\n", t.Acknowledged, t.Durable)
		if t.Kind == string(kindKilled) {
			fmt.Fprintf(&b, "  besides   the store was closed beside clients and opened again %d times, appends were made to wait %d times\n", t.Reopened, t.Waited)
		}
		if t.Failed+t.Poisoned+t.Full > 0 {
			fmt.Fprintf(&b, "  errors    %d appends failed, %d clients saw the poison stick, the disk was full %d times and went on %d times\n", t.Failed, t.Poisoned, t.Full, t.Resumed)
		}
		fmt.Fprintf(&b, "  checked   %d times, %d left to the next child; %d records in %d transactions; %d not durable were lost\n", t.Checks, t.LeftToNext, t.Records, t.Transactions, t.Lost)
	}
	fmt.Fprintf(&b, "  shows     %s\n  shows not %s\n", s.Shows, s.ShowsNot)
	if s.Canary != "" {
		fmt.Fprintf(&b, "  canary    %s\n", s.Canary)
	}
	switch {
	case s.Violation != nil:
		fmt.Fprintf(&b, "%s was violated.\n", s.Violation.Promise)
	case s.Failure != "":
		fmt.Fprintf(&b, "No verdict: %s\n", s.Failure)
	default:
		b.WriteString("No promise violated.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// tooLittle is an error if a run without a violation did too little for that to mean anything.
func (s *Summary) tooLittle(c Config, interrupted bool) error {
	if interrupted {
		return fmt.Errorf("%w: interrupted after %v; the summary has what was done until then", ErrTooLittle, s.Elapsed.Round(time.Millisecond))
	}
	for _, t := range s.Targets {
		if t.NotRun != "" {
			continue
		}
		what := ""
		switch {
		case t.Durable == 0 || t.Transactions == 0:
			what = fmt.Sprintf("%d durable acknowledgements, %d transactions checked: both must be above 0", t.Durable, t.Transactions)
		case t.Kind == string(kindKilled) && c.MinKills > 0 && float64(t.UnderLoad) < c.MinKills*float64(t.Kills):
			what = fmt.Sprintf("%d of %d kills came under load, at least %.2f of them must (--min-under-load)", t.UnderLoad, t.Kills, c.MinKills)
		case t.Kind == string(kindLimited) && t.Poisoned == 0:
			what = "no child reached the file size limit"
		case t.Kind == string(kindFull) && t.Resumed == 0:
			what = "no child filled the disk and went on"
		}
		if what != "" {
			return fmt.Errorf("%w: %s on %s: %s", ErrTooLittle, t.Kind, t.Dir, what)
		}
	}
	return nil
}
