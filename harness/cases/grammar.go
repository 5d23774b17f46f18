package cases

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spelling"
)

// A Find returns the subject with a head word, such as "scenario=log" or "test=TestCache".
type Find func(head string) (Subject, error)

// Only returns a Find that knows one subject.
func Only(s Subject) Find {
	return func(head string) (Subject, error) {
		if head != s.Head() {
			return nil, fmt.Errorf("the case is about %.80s%s, but this is %s", head, spelling.Meant(head, []string{s.Head()}), s.Head())
		}
		return s, nil
	}
}

// version is the version of the grammar.
const version = "v1"

// IsText says whether text looks like the text of a case, and not like the name of a file: it begins with a version, names a
// subject, or has several lines.
func IsText(text string) bool {
	text = strings.TrimSpace(text)
	first, _, more := strings.Cut(text, " ")
	return strings.Contains(text, "scenario=") || strings.Contains(text, "test=") || strings.ContainsAny(text, "\n\r") ||
		more && isVersion(strings.TrimRight(first, ";"))
}

// isVersion says whether a word is a v with a number.
func isVersion(word string) bool {
	number, ok := strings.CutPrefix(word, "v")
	return ok && number != "" && strings.Trim(number, "0123456789") == ""
}

const headRemedy = "a case begins with 'v1 scenario=NAME' or 'v1 test=NAME'"

// Parse reads a case. The case that it returns is well formed (Check). An error wraps ErrCase, quotes the clause, and says
// what to write instead.
func Parse(text string, find Find) (Case, error) {
	if len(text) > MaxTextBytes {
		return Case{}, fmt.Errorf("%w: %d bytes of text: at most %d", ErrCase, len(text), MaxTextBytes)
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && !unicode.IsSpace(r) }) {
		return Case{}, fmt.Errorf("%w: it holds bytes that are no UTF-8 text, or control characters: is it a file of another kind?", ErrCase)
	}
	text = strings.Map(blank, text) // so that a case can be pasted although a report or a page has wrapped it
	clauses, err := Split(text, ';')
	if err != nil {
		return Case{}, fmt.Errorf("%w: %w", ErrCase, err)
	}
	if len(clauses) > MaxThreads+4 {
		return Case{}, fmt.Errorf("%w: %d clauses: at most %d", ErrCase, len(clauses), MaxThreads+4)
	}
	var c Case
	if err := c.parseHead(clauses[0], find); err != nil {
		return Case{}, fmt.Errorf("%w: options %.80q: %w", ErrCase, clauses[0], err)
	}
	rank := rankThread
	for i, clause := range clauses[1:] {
		if err := c.parseClause(clause, &rank); err != nil {
			return Case{}, fmt.Errorf("%w: clause %d %.80q: %w", ErrCase, i+1, strings.Join(strings.Fields(clause), " "), err)
		}
	}
	return c, c.Check()
}

// blank replaces every kind of blank, and the end of a line, by a space.
func blank(letter rune) rune {
	if unicode.IsSpace(letter) {
		return ' '
	}
	return letter
}

// HeadOf returns the head in the text of a case, such as "test=TestCache", even if the subject is unknown and the rest is
// wrong. It returns "" for a text that does not begin like a case.
func HeadOf(text string) (head string) {
	_, _ = ParseFile(text, func(named string) (Subject, error) {
		head = named
		return nil, ErrCase
	})
	return head
}

// ParseFile reads the text of a file that holds one case. Lines that begin with # are comments. The case may continue on
// further lines; a line that begins with a version begins another case, which is an error.
func ParseFile(text string, find Find) (Case, error) {
	var lines []string
	for line := range strings.SplitSeq(strings.TrimPrefix(text, "\uFEFF"), "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		first, _, _ := strings.Cut(line, " ")
		if len(lines) > 0 && isVersion(first) {
			return Case{}, fmt.Errorf("%w: a second case begins with %.80q: a file holds one case", ErrCase, line)
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		return Case{}, fmt.Errorf("%w: there is nothing but comments and empty lines: %s", ErrCase, headRemedy)
	}
	return Parse(strings.Join(lines, " "), find)
}

func (c *Case) parseHead(clause string, find Find) error {
	words := strings.Fields(clause)
	switch {
	case len(words) > 0 && words[0] != version && isVersion(words[0]):
		return fmt.Errorf("version %.20s is not known: this racewindow reads %s; use the racewindow that wrote the case, or write it as %s", words[0], version, version)
	case len(words) == 0 || words[0] != version:
		return errors.New(headRemedy)
	}
	head, settings := "", []Setting(nil)
	seen := map[string]bool{}
	for _, word := range words[1:] {
		name, value, ok := strings.Cut(word, "=")
		if !ok || seen[name] {
			return fmt.Errorf("%.80q: options are WORD=VALUE, each at most once", word)
		}
		seen[name] = true
		if name == "scenario" || name == "test" {
			if head != "" {
				return errors.New("it names two subjects: leave out scenario= or test=")
			}
			head = word
			continue
		}
		settings = append(settings, Setting{name, value})
	}
	if head == "" {
		return errors.New(headRemedy)
	}
	var err error
	if c.Subject, err = find(head); err != nil {
		return err
	}
	c.Settings, err = c.Subject.ParseSettings(settings)
	return err
}

// The ranks of the clauses, in their order. Those after the threads may come once.
const (
	rankThread byte = iota
	rankOrder       // the delays or the switches
	rankFaults
	rankCrash
)

// parseClause reads one clause after the head; rank is the rank of the clause before it.
func (c *Case) parseClause(clause string, rank *byte) error {
	if clause == "" {
		return errors.New("empty: remove a ';'")
	}
	word, rest, _ := strings.Cut(clause, " ")
	next := rankThread
	switch {
	case clause[0] == '~' || clause[0] == '@':
		next = rankOrder
	case clause[0] == '!':
		next = rankFaults
	case word == crashWord:
		next = rankCrash
	}
	if next < *rank || next == *rank && next != rankThread {
		return errors.New("out of order: after the threads come the delays (~) or the switches (@), then the faults (!), then the crash, each at most once; a case has either delays or switches")
	}
	*rank = next
	switch {
	case clause[0] == '@':
		return c.parseSwitches(clause[1:])
	case clause[0] == '~':
		return list(clause[1:], MaxDelays, "delays", func(word string) error {
			d, err := parseDelay(word)
			c.Delays = append(c.Delays, d)
			return err
		})
	case next == rankFaults:
		return list(clause[1:], MaxFaults, "faults", func(word string) error {
			f, err := parseFault(word)
			c.Faults = append(c.Faults, f)
			return err
		})
	case next == rankCrash:
		crash, err := parseCrash(rest)
		c.Crash = &crash
		return err
	}
	return c.parseThread(clause)
}

// list reads words separated by commas, and refuses more than most.
func list(text string, most int, what string, read func(word string) error) error {
	n := 0
	for word := range strings.SplitSeq(text, ",") {
		if n++; n > most {
			return fmt.Errorf("more than %d %s", most, what)
		}
		if err := read(strings.TrimSpace(word)); err != nil {
			return err
		}
	}
	return nil
}

func (c *Case) parseSwitches(text string) (err error) {
	if strings.TrimSpace(text) == "" {
		return errors.New("no switch after @: write PLACE>THREAD, or leave the clause out")
	}
	c.Switches, err = sched.ParseSchedule(text)
	return err
}

func (c *Case) parseThread(clause string) error {
	name, program, ok := strings.Cut(clause, ":")
	if !ok {
		return errors.New("unknown clause: write NAME: OPERATION, ... for a thread, @ and the switches, ~ and the delays, ! and the faults, or crash and a place")
	}
	t := Thread{Name: strings.TrimSpace(name)}
	if strings.TrimSpace(program) != "" {
		words, err := Split(program, ',')
		if err != nil {
			return err
		}
		if len(words) > MaxOperations {
			return fmt.Errorf("%d operations: at most %d", len(words), MaxOperations)
		}
		for _, word := range words {
			if word == "" {
				return errors.New("an empty operation: remove a ','")
			}
			o, err := c.Subject.ParseOperation(word)
			if err != nil {
				return err
			}
			t.Operations = append(t.Operations, o)
		}
	}
	c.Threads = append(c.Threads, t)
	return nil
}

// String prints the case in its canonical form. Parse of it returns an equal case.
func (c Case) String() string {
	head := version + " " + c.Subject.Head()
	if c.Settings != nil && c.Settings.String() != "" {
		head += " " + c.Settings.String()
	}
	clauses := []string{head}
	for _, t := range c.Threads {
		clauses = append(clauses, strings.TrimSpace(t.Name+": "+join(t.Operations)))
	}
	if len(c.Delays) > 0 {
		clauses = append(clauses, "~ "+join(c.Delays))
	}
	if len(c.Switches) > 0 {
		clauses = append(clauses, "@ "+c.Switches.String())
	}
	if len(c.Faults) > 0 {
		clauses = append(clauses, "! "+join(c.Faults))
	}
	if c.Crash != nil {
		clauses = append(clauses, c.Crash.String())
	}
	return strings.Join(clauses, "; ")
}

func join[T fmt.Stringer](all []T) string {
	words := make([]string, len(all))
	for i, one := range all {
		words[i] = one.String()
	}
	return strings.Join(words, ", ")
}
