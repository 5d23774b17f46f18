package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/racewindow/racewindow/harness/soak"
	"github.com/racewindow/racewindow/harness/subjects/log"
	"github.com/racewindow/racewindow/harness/subjects/log/rounds"
	"github.com/racewindow/racewindow/storage"
)

// prepare settles a campaign of the log: kinds of rounds, counts, corpus, minimums, canaries.
func (f *soakFlags) prepare() error {
	c := &f.config
	var err error
	if f.handovers, err = knownHandovers(f.handovers); err != nil {
		return usageError{fmt.Errorf("--handovers: %w", err)}
	}
	if c.Kinds, c.NotRun, err = f.allKinds(); err != nil {
		return usageError{err}
	}
	if len(c.Kinds) == 0 {
		return usageError{fmt.Errorf("--kinds: none can be run here: %s", notRunText(c.NotRun, f.kinds))}
	}
	if err := f.parseCounts(soakKinds()); err != nil {
		return err
	}
	c.Subjects = soak.Subjects{Find: subjectOf, Promise: rounds.Promise, Points: pointsOfLog()}
	if c.Checks, err = soak.Corpus(f.corpus, subjectOf); err != nil {
		return usageError{fmt.Errorf("--corpus: %w", err)}
	}
	c.Minimums = f.leastOf(c.Kinds)
	if err := soak.ParseMinimums(c.Minimums, f.minimums, minimumNames()); err != nil {
		return usageError{fmt.Errorf("--minimum: %w", err)}
	}
	f.addCanaries()
	return nil
}

// knownHandovers checks names of hand-overs, and returns them as the engine writes them.
func knownHandovers(asked []string) (names []string, err error) {
	for _, name := range asked {
		h, err := handoverByName(name)
		if err != nil {
			return nil, err
		}
		names = append(names, h.Name())
	}
	return names, nil
}

// notRunText says why the kinds that were asked for, or all if none was, cannot be run.
func notRunText(all []soak.NotRun, asked []string) string {
	var words []string
	for _, n := range all {
		if len(asked) == 0 || slices.Contains(asked, n.What) {
			words = append(words, n.What+": "+n.Because)
		}
	}
	return strings.Join(words, "; ")
}

// schedulesPerSecond is the fewest schedules for each second of a campaign, averaged over all its kinds. A round of explore
// executes thousands a second, and explore gets at least a sixteenth of the time if there are eight kinds. So a campaign with
// fewer than ten a second is broken; a slow machine does not explain it.
const schedulesPerSecond = 10

// leastOf are the default minimums of a campaign. A kind that --kinds names is among them even if it cannot run here, so that
// the campaign does not pass without it.
func (f *soakFlags) leastOf(kinds []soak.Kind) soak.Minimums {
	least := soak.Minimums{"rounds": 1, "corpus": 1, "canaries": 1}
	for _, name := range f.kinds {
		least[name] = 1
	}
	if f.config.Rounds > 0 { // --rounds says how much is enough
		least["rounds"] = f.config.Rounds
		return least
	}
	for _, k := range kinds {
		least[k.Name()] = 1
		switch k.Name() {
		case "explore":
			least["schedules"] = max(1000, schedulesPerSecond*uint64(f.config.For/time.Second))
			least["failpoints"], least["pairs"] = 20, 20
		case "stress":
			least["operations"] = 1000
		case "crash":
			least["crashes"] = 1000
		case "crashstress":
			least["recoveries"] = 100
		case "kill":
			least["kills"] = 5
		}
	}
	return least
}

// addCanaries adds the bugs that must be found before the first round.
func (f *soakFlags) addCanaries() {
	c := &f.config
	if f.canary == 0 {
		c.NotRun = append(c.NotRun, soak.NotRun{What: "canaries", Because: "--canary-within 0"})
		return
	}
	c.Checks = append(c.Checks, soak.LeakCanaries()...)
	bad := rounds.Bad()
	for _, k := range c.Kinds {
		for _, b := range bad[k.Name()] {
			c.Checks = append(c.Checks, soak.RoundCanary(k, b.Variant, b.Count, f.canary, b.Classes...))
		}
		switch k := k.(type) {
		case *soak.Properties:
			c.Checks = append(c.Checks, soak.PropertiesCanary(k, f.canary)...)
		case *soak.Fuzz:
			c.Checks = append(c.Checks, soak.FuzzingCanary(k, f.canary)...)
		}
	}
}

// pointsOfLog are the failpoints that a campaign of the log may pass.
func pointsOfLog() (names []string) {
	for _, d := range append(storage.Points(), log.Points()...) {
		names = append(names, d.Name)
	}
	return names
}
