package soak

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ReadState folds the journal of a campaign's folder, of which nothing is changed: a torn end is left out.
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
		return nil, fmt.Errorf("%s: %w: it says nothing of a campaign", folder, ErrJournal)
	}
	return s, nil
}

// Merge puts the shards of campaigns together: findings by fingerprint, counts and coverage. It writes a summary and the
// findings' files to out. The same shard of the same seed twice is an error, for its rounds would be counted twice.
func Merge(folders []string, out string, minimums Minimums) (*Summary, error) {
	if len(folders) == 0 {
		return nil, fmt.Errorf("%w: no folder to merge", ErrConfig)
	}
	all := NewState()
	from := map[string]string{} // by fingerprint: the folder whose files are the smallest case's
	seen := map[string]string{}
	var shards []string
	var refused error
	for _, folder := range folders {
		s, err := ReadState(folder)
		if err != nil {
			return nil, err
		}
		key := fmt.Sprintf("seed %d shard %v", s.Seed, s.Shard)
		if before, twice := seen[key]; twice {
			return nil, fmt.Errorf("%w: %s and %s are both %s", ErrConfig, before, folder, key)
		}
		seen[key] = folder
		shards = append(shards, key)
		if s.Ended == "" {
			refused = errors.Join(refused, fmt.Errorf("%w: %s did not come to its end", ErrTooLittle, folder))
		}
		all.merge(s, folder, from)
	}
	if err := copyFindings(all, from, out); err != nil {
		return nil, err
	}
	m := all.summary(minimums, true)
	m.Shards = shards
	m.Missed = append(m.Missed, lackingShards(seen)...)
	if refused != nil {
		m.Missed = append(m.Missed, strings.Split(refused.Error(), "\n")...)
	}
	m.Passed = false
	m.judge(true)
	var err error
	if len(m.Missed) > 0 {
		err = fmt.Errorf("%w: %s", ErrTooLittle, m.Missed[0])
	}
	return m, errors.Join(err, m.Write(out))
}

// lackingShards says which parts of a campaign are not there: a machine that never reported is no pass.
func lackingShards(seen map[string]string) (lacking []string) {
	for _, key := range slices.Sorted(maps.Keys(seen)) {
		campaign, shard, _ := strings.Cut(key, " shard ")
		_, count, _ := strings.Cut(shard, "/")
		n, _ := strconv.Atoi(count) // by Shard.String
		for i := range n {
			other := fmt.Sprintf("%s shard %d/%d", campaign, i, n)
			if missed := other + " is missing"; seen[other] == "" && !slices.Contains(lacking, missed) && len(lacking) < 20 {
				lacking = append(lacking, missed)
			}
		}
	}
	return lacking
}

// merge adds another campaign.
func (s *State) merge(other *State, folder string, from map[string]string) {
	if s.Version == 0 {
		s.Campaign, s.Began = other.Campaign, other.Began
	}
	if other.Began.Before(s.Began) {
		s.Began = other.Began
	}
	s.Elapsed += other.Elapsed
	s.Starts += other.Starts
	s.Rounds += other.Rounds
	s.Lost += other.Lost
	s.Counts.add(other.Counts)
	s.Points.add(other.Points)
	s.Faults.add(other.Faults)
	for _, t := range []struct{ to, from map[string]*Tally }{{s.Kinds, other.Kinds}, {s.Handovers, other.Handovers}, {s.Engines, other.Engines}} {
		for name, n := range t.from {
			tally(t.to, name).join(n)
		}
	}
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
	for print, f := range other.Findings {
		known := s.Findings[print]
		if known == nil || f.smaller(known) {
			from[print] = folder
		}
		copied := *f
		s.addFindings([]Finding{copied})
	}
}

func (t *Tally) join(other *Tally) {
	t.Rounds += other.Rounds
	t.Inconclusive += other.Inconclusive
	t.Took += other.Took
	t.New += other.New
	t.Counts.add(other.Counts)
	if other.Reason != "" {
		t.Reason = other.Reason
	}
}

// copyFindings copies the files that the findings name, and no others.
func copyFindings(s *State, from map[string]string, out string) error {
	if err := os.MkdirAll(filepath.Join(out, findingsFolder), 0o777); err != nil {
		return fmt.Errorf("merge: %w", err)
	}
	for print, folder := range from {
		root, err := os.OpenRoot(filepath.Join(folder, findingsFolder))
		if err != nil {
			return fmt.Errorf("merge: %w", err)
		}
		for _, name := range s.Findings[print].Files {
			if err == nil {
				err = copyOne(root, print, name, out)
			}
		}
		if err = errors.Join(err, root.Close()); err != nil {
			return fmt.Errorf("merge the files of %s: %w", print, err)
		}
	}
	return nil
}

func copyOne(root *os.Root, print, name, out string) error {
	if !filepath.IsLocal(print) || !filepath.IsLocal(name) || filepath.Base(name) != name {
		return fmt.Errorf("%q is no file of a finding", name)
	}
	file, err := root.Open(filepath.Join(print, name))
	if err != nil {
		return err
	}
	defer file.Close()
	content, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(out, findingsFolder, print), 0o777); err != nil {
		return err
	}
	return writeWhole(filepath.Join(out, findingsFolder, print, name), content)
}
