package stress

import (
	"fmt"

	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
)

// Promises are the promises that a run judges, in the order in which reports show them.
func Promises() []check.Promise {
	return append(check.Promises(), check.Durability, check.ReadErrors)
}

// notJudged is the verdict on a promise that this run cannot test.
const notJudged = "not judged"

// judge sets the verdict on each promise. A promise that was never tested is unknown, and the reason is kept.
func (s *Summary) judge() {
	s.Reasons, s.NotJudged = nil, nil
	for _, p := range Promises() {
		verdict, why := check.Satisfied, ""
		switch {
		case s.Violation != nil && s.Violation.Promise == p.Name:
			verdict = check.Violated
		case s.Violation != nil: // the run ended early; nothing else was shown
			verdict = check.Unknown
		default:
			if why = s.byDesign(p); why != "" {
				keep(&s.NotJudged, p, why)
				s.Verdicts[p.Name] = notJudged
				continue
			}
			if why = s.untested(p); why != "" {
				keep(&s.Reasons, p, why)
				verdict = check.Unknown
			}
		}
		s.Verdicts[p.Name] = verdict.String()
	}
	s.Passed = s.Violation == nil && s.Failure == "" && s.DataRaces == 0 && len(s.Reasons) == 0
}

func keep(reasons *map[string]string, p check.Promise, why string) {
	if *reasons == nil {
		*reasons = map[string]string{}
	}
	(*reasons)[p.Name] = why
}

// byDesign says why such a run cannot judge a promise, "" if it can.
func (s *Summary) byDesign(p check.Promise) string {
	switch {
	case s.config.NotJudged[p.Name] != "":
		return s.config.NotJudged[p.Name]
	case p == check.TransactionAtomicity && s.config.MaxRecords == 1:
		return "each transaction has one record, as the settings say"
	case p == check.NoCorruption && s.config.MaxValueBytes == 0:
		return "each value is empty, as the settings say"
	case p == check.Durability && s.config.Crash == nil && s.proof.marks > 0 && s.proof.flushes == 0:
		return noNeedToFlush
	case p == check.Durability && s.config.Crash == nil && s.proof.flushes > 0:
		return "each flush covered what it had to, according to the engine itself; no power was lost here (stress --crash, or Config.Crash)"
	}
	return ""
}

// untested says why a promise was not tested, "" if it was.
func (s *Summary) untested(p check.Promise) string {
	if s.RecordsChecked == 0 {
		return "no read returned a record"
	}
	switch p {
	case check.CleanRecovery:
		if s.RecordsScanned == 0 {
			return "no round reached its scan"
		}
	case check.TransactionAtomicity:
		if s.shared == 0 {
			return "no record of a transaction with several records was read: give it more operations"
		}
	case check.NoCorruption:
		if s.filled == 0 {
			return "no record with a value was read: give it more operations"
		}
	case check.Progress:
		return s.untestedProgress()
	case check.Durability:
		if s.proof.crashes == 0 {
			return "nothing said what a flush had made durable: implement harness.Watermarked in the engine, set Config.Crash, or say why not in Config.NotJudged"
		}
	case check.ReadErrors:
		if s.proof.readFaults == 0 {
			return "no read could be made to fail: declare a failpoint of kind fault where the engine reads its disk, set Config.FailReads, or say why not in Config.NotJudged"
		}
	}
	return ""
}

// untestedProgress says why Progress was not tested, "" if it was: there must be an operation of each kind, and the engine must
// have worked after the last failure.
func (s *Summary) untestedProgress() string {
	switch {
	case s.hung:
		return "operations hang"
	case s.proof.worksAgain < s.proof.sawFailures:
		return "nothing succeeded after the last failure"
	}
	for _, kind := range []harness.OperationKind{harness.OpAppend, harness.OpFlush, harness.OpRead} {
		if s.ByKind[kind.String()] == 0 {
			return fmt.Sprintf("no %v was made: give it more operations", kind)
		}
	}
	return ""
}
