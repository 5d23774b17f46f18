package analysis

import (
	"strings"

	"github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
)

// WithoutExecution is report.WithoutExecution with the promise that the class names, if it begins with the name of a promise of the log.
func WithoutExecution(class, detail, replay, text string) *report.Report {
	name, _, _ := strings.Cut(class, "/")
	for _, p := range append(check.Promises(), check.Durability, check.RecoveryIdempotence, check.StickyPoison, check.AppendAfterRecovery, check.DamageReported) {
		if p.Name == name {
			return report.WithoutExecution(class, p.Name, p.Sentence, detail, replay, text)
		}
	}
	return report.WithoutExecution(class, "", "", detail, replay, text)
}
