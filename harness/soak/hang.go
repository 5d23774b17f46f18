package soak

import (
	"fmt"
	"strings"
	"time"
)

// hung journals that a thread hangs, just before the process ends because of it. The next start then goes on after the
// round, and the summary shows the finding. Nothing else changes the state meanwhile, because the round or check that
// hangs has not returned.
func (s *Soak) hung(report string) {
	s.mu.Lock()
	spec, since, inRound := s.current, s.since, s.state.InProgress != ""
	s.mu.Unlock()
	if !inRound { // a canary, or a case of the corpus
		spec = RoundSpec{Kind: "soak", Variant: "checks", For: time.Second}
	}
	what, _, _ := strings.Cut(report, "\n")
	f := Found{Class: "hang", Shape: spec.arm(), Detail: what, Text: Clip(report, 1<<20), Count: 1}
	ended := Entry{Type: entryEnd, Ended: "a thread hung"}
	var err error
	if inRound {
		err = s.conclude(spec, RoundResult{Found: []Found{f}, Inconclusive: ended.Ended}, s.config.Now().Sub(since))
	} else {
		ended.Findings, err = s.keepAll([]Found{f}, spec)
	}
	if err == nil {
		err = s.append(ended)
	}
	if err == nil {
		err = s.Summary().Write(s.config.Out)
	}
	if err != nil {
		s.config.Say(fmt.Sprintf("the hang could not be written to the journal: %v", err))
	}
}
