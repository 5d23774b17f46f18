package soak

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ReadState folds the journal in a campaign's folder. It changes nothing there, and ignores a torn last line.
func ReadState(folder string) (*State, error) {
	file, err := os.Open(filepath.Join(folder, journalName))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	s := NewState()
	if _, err := readEntries(file, s.Fold); err != nil {
		return nil, fmt.Errorf("%s: %w", folder, err)
	}
	if s.Version == 0 {
		return nil, fmt.Errorf("%s: %w: it does not say what the campaign is", folder, ErrJournal)
	}
	return s, nil
}

// HasCorpus reports whether the campaign in a folder tried the cases of a corpus. It assumes so of one that cannot be read.
func HasCorpus(folder string) bool {
	s, err := ReadState(folder)
	if err != nil {
		return true
	}
	_, all := s.passed(CheckCorpus)
	return all > 0
}

// Merge merges the shards of campaigns: findings by fingerprint, counts and coverage. It writes a summary and the findings'
// files to out. A shard that is missing, cannot be read or did not come to its end is listed in Missed, and the others are
// merged. Folders whose rounds would count twice are an error. So is a folder that is out itself, because its summary would be
// overwritten.
func Merge(folders []string, out string, minimums Minimums) (*Summary, error) {
	if len(folders) == 0 {
		return nil, fmt.Errorf("%w: no folder to merge", ErrConfig)
	}
	if err := apart(folders, out); err != nil {
		return nil, err
	}
	g := &merger{all: NewState(), from: map[string]source{}, seen: map[string]string{}, parts: map[uint64]Shard{}}
	for _, folder := range folders {
		if err := g.take(folder); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(filepath.Join(out, findingsFolder), 0o777); err != nil {
		return nil, fmt.Errorf("merge: %w", err)
	}
	g.missed = append(g.missed, copyFindings(g.all, g.from, out)...)
	g.missed = append(g.missed, lackingShards(g.seen)...)
	m := g.all.summary(minimums, false)
	m.Shards, m.Trends = g.shards, g.trends
	least := m.Missed
	m.Missed = []string{}
	m.miss(append(g.missed, least...)...)
	m.judge(true)
	var err error
	if len(m.Missed) > 0 {
		err = fmt.Errorf("%w: %s", ErrTooLittle, m.Missed[0])
	}
	return m, errors.Join(err, m.Write(out))
}

// apart is an error if out is one of the folders, by whatever name.
func apart(folders []string, out string) error {
	target, err := filepath.Abs(out)
	if err != nil {
		return fmt.Errorf("merge: %w", err)
	}
	there, _ := os.Stat(target) // out need not exist
	for _, folder := range folders {
		name, err := filepath.Abs(folder)
		if err != nil {
			return fmt.Errorf("merge: %w", err)
		}
		info, _ := os.Stat(name)
		if name == target || there != nil && info != nil && os.SameFile(there, info) {
			return fmt.Errorf("%w: %s is merged and also the folder for the merged summary, which would overwrite its own: name another folder", ErrConfig, folder)
		}
	}
	return nil
}

// A merger collects the folders.
type merger struct {
	all    *State
	from   map[string]source // by fingerprint: where the files of the smallest case are
	seen   map[string]string // by seed and shard: the folder
	parts  map[uint64]Shard  // by seed: one of its shards
	shards []string
	trends []Trend
	missed []string
}

// take merges one folder. An error refuses the merge.
func (g *merger) take(folder string) error {
	s, err := ReadState(folder)
	if err != nil {
		g.missed = append(g.missed, fmt.Sprintf("%s cannot be merged: %v", folder, err))
		return nil
	}
	key := fmt.Sprintf("seed %d shard %v", s.Seed, s.Shard)
	if before, twice := g.seen[key]; twice {
		return fmt.Errorf("%w: %s and %s are both %s", ErrConfig, before, folder, key)
	}
	if other, known := g.parts[s.Seed]; known && other.Count != s.Shard.Count {
		before := fmt.Sprintf("seed %d shard %v", s.Seed, other)
		return fmt.Errorf("%w: %s is %s and %s is %s: they share rounds, which would count twice", ErrConfig, g.seen[before], before, folder, key)
	}
	g.seen[key], g.parts[s.Seed] = folder, s.Shard
	g.shards = append(g.shards, key)
	for _, missed := range s.shortfalls() {
		g.missed = append(g.missed, folder+": "+missed)
	}
	for _, t := range Trends(s.Samples) {
		t.What = filepath.Base(folder) + ": " + t.What
		g.trends = append(g.trends, t)
	}
	g.all.merge(s, folder, g.from)
	return nil
}

// maxLacking is how many missing shards are named.
const maxLacking = 20

// lackingShards names the shards that are missing. A campaign does not pass if a machine never reported.
func lackingShards(seen map[string]string) (lacking []string) {
	more, done := 0, map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(seen)) {
		campaign, shard, _ := strings.Cut(key, " shard ")
		_, count, _ := strings.Cut(shard, "/")
		if done[campaign] { // all its shards have one count
			continue
		}
		done[campaign] = true
		n, _ := strconv.Atoi(count) // by Shard.String
		for i := range n {
			other := fmt.Sprintf("%s shard %d/%d", campaign, i, n)
			switch {
			case seen[other] != "":
			case len(lacking) < maxLacking:
				lacking = append(lacking, other+" is missing")
			default:
				more++
			}
		}
	}
	if more > 0 {
		lacking = append(lacking, fmt.Sprintf("%d more shards are missing", more))
	}
	return lacking
}

// A source is the folder of a campaign, and the fingerprint of a finding there.
type source struct{ folder, print string }

// merge adds another campaign.
func (s *State) merge(other *State, folder string, from map[string]source) {
	if s.Version == 0 {
		s.Campaign, s.Began = other.Campaign, other.Began
	}
	if !strings.Contains(s.Of, other.Of) {
		s.Of = strings.TrimPrefix(s.Of+" and "+other.Of, " and ")
	}
	if other.Began.Before(s.Began) {
		s.Began = other.Began
	}
	s.Elapsed += other.Elapsed
	s.Leg += other.Leg
	s.Starts += other.Starts
	s.StartRounds += other.StartRounds
	s.Rounds += other.Rounds
	s.Lost += other.Lost
	s.Counts.Add(other.Counts)
	s.Points.Add(other.Points)
	s.Faults.Add(other.Faults)
	s.LegDone.Rounds += other.LegDone.Rounds
	s.LegDone.Counts.Add(other.LegDone.Counts)
	for _, t := range []struct{ to, from map[string]*Tally }{
		{s.Kinds, other.Kinds}, {s.LegDone.Kinds, other.LegDone.Kinds}, {s.Handovers, other.Handovers}, {s.Engines, other.Engines},
	} {
		for name, n := range t.from {
			tally(t.to, name).join(n)
		}
	}
	s.Declared = slices.Compact(slices.Sorted(slices.Values(slices.Concat(s.Declared, other.Declared))))
	for name, number := range other.Behaviour {
		if known, found := s.Behaviour[name]; !found || number < known {
			s.Behaviour[name] = number
		}
	}
	for _, c := range other.Checks {
		c.Name = filepath.Base(folder) + ": " + c.Name
		s.Checks = append(s.Checks, c)
	}
	for _, n := range other.NotRun {
		n.What = filepath.Base(folder) + ": " + n.What
		s.NotRun = append(s.NotRun, n)
	}
	for _, print := range slices.Sorted(maps.Keys(other.Findings)) { // in a fixed order, because it decides which findings are joined
		f := *other.Findings[print]
		known := s.Findings[print]
		if !f.Gone {
			known = s.sighting(&f, nil)
		}
		if known == nil || f.smaller(known) {
			from[f.Fingerprint] = source{folder, print}
		}
		s.addFindings([]Finding{f})
	}
}

func (t *Tally) join(other *Tally) {
	t.Rounds += other.Rounds
	t.Inconclusive += other.Inconclusive
	t.Took += other.Took
	t.New += other.New
	t.Counts.Add(other.Counts)
	if other.Reason != "" {
		t.Reason = other.Reason
	}
}

// copyFindings copies the files that the findings name, and no others. A file that cannot be copied is returned as missed, and
// its finding no longer names it.
func copyFindings(s *State, from map[string]source, out string) (missed []string) {
	for _, print := range slices.Sorted(maps.Keys(from)) {
		f, of := s.Findings[print], from[print]
		var copied []string
		for _, name := range f.Files {
			if err := copyOne(of, name, filepath.Join(out, findingsFolder), print); err != nil {
				missed = append(missed, fmt.Sprintf("%s: the file %q of finding %s: %v", of.folder, name, of.print, err))
				continue
			}
			copied = append(copied, name)
		}
		f.Files = copied
	}
	return missed
}

func copyOne(of source, name, out, print string) error {
	if !filepath.IsLocal(of.print) || !filepath.IsLocal(print) || !filepath.IsLocal(name) || filepath.Base(name) != name {
		return fmt.Errorf("%q is no file of a finding", name)
	}
	content, err := readBelow(filepath.Join(of.folder, findingsFolder), filepath.Join(of.print, name))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(out, print), 0o777); err != nil {
		return err
	}
	return writeWhole(filepath.Join(out, print, name), content)
}
