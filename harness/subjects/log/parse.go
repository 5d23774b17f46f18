package log

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spelling"
)

// Parse reads a case. What it returns is well formed (Check). An error wraps ErrCase, quotes the clause and says what to
// write instead. Clauses are counted as they are read: the options first, then clause 1. A line break counts as a blank, so
// that a case which a report has wrapped can be pasted.
func Parse(text string) (Case, error) {
	if len(text) > MaxTextBytes {
		return Case{}, fmt.Errorf("%w: %d bytes of text: at most %d", ErrCase, len(text), MaxTextBytes)
	}
	var c Case
	number, rank := 0, byte(0)
	for clause := range strings.SplitSeq(text, ";") {
		clause = strings.Join(strings.Fields(clause), " ")
		if number > MaxThreads+3 {
			return Case{}, fmt.Errorf("%w: more than %d clauses", ErrCase, MaxThreads+3)
		}
		if number == 0 {
			if err := c.Options.parse(clause); err != nil {
				return Case{}, fmt.Errorf("%w: options %.80q: %w", ErrCase, clause, err)
			}
		} else if err := c.parseClause(clause, &rank); err != nil {
			return Case{}, fmt.Errorf("%w: clause %d %.80q: %w", ErrCase, number, clause, err)
		}
		number++
	}
	return c, c.Check()
}

// IsText says whether something looks like the text of a case and not like the name of a file: it begins with a version, holds
// options, or has several lines.
func IsText(text string) bool {
	text = strings.TrimSpace(text)
	first, _, more := strings.Cut(text, " ")
	return strings.Contains(text, "scenario=") || strings.ContainsAny(text, "\n\r") || more && isVersion(strings.TrimRight(first, ";"))
}

// isVersion says whether a word is v and a number.
func isVersion(word string) bool {
	number, ok := strings.CutPrefix(word, "v")
	return ok && number != "" && strings.Trim(number, "0123456789") == ""
}

// Clauses after the threads, in their order: each at most once.
const (
	rankThread byte = iota
	rankOrder       // delays or switches
	rankFaults
	rankCrash
)

// parseClause reads one clause; rank says which came last.
func (c *Case) parseClause(clause string, rank *byte) error {
	word, rest, _ := strings.Cut(clause, " ")
	if clause == "" {
		return errors.New("empty: remove a ';'")
	}
	next := rankThread
	switch {
	case clause[0] == '~' || clause[0] == '@':
		next = rankOrder
	case clause[0] == '!':
		next = rankFaults
	case word == "crash":
		next = rankCrash
	}
	if next < *rank || next == *rank && next != rankThread {
		return errors.New("out of order: after the threads come the delays (~) or the switches (@), then the faults (!), then the crash, each at most once; a case has the one or the other of the first two")
	}
	*rank = next
	switch {
	case clause[0] == '@':
		return c.parseSwitches(clause[1:])
	case clause[0] == '~':
		return c.parseDelays(clause[1:])
	case next == rankFaults:
		return c.parseFaults(clause[1:])
	case next == rankCrash:
		crash, err := parseCrash(rest)
		c.Crash = &crash
		return err
	}
	return c.parseThread(clause)
}

func (c *Case) parseFaults(text string) error {
	for word := range strings.SplitSeq(text, ",") {
		f, err := parseFault(strings.TrimSpace(word))
		if err != nil {
			return err
		}
		if c.Faults = append(c.Faults, f); len(c.Faults) > MaxFaults {
			return fmt.Errorf("more than %d faults", MaxFaults)
		}
	}
	return nil
}

func (c *Case) parseThread(clause string) error {
	name, program, ok := strings.Cut(clause, ":")
	if !ok {
		return errors.New("unknown clause: write NAME: OPERATION, ... for a thread, @ and the switches, ~ and the delays, ! and the faults, or crash and a place")
	}
	t := Thread{Name: strings.TrimSpace(name)}
	if strings.TrimSpace(program) != "" {
		for text := range strings.SplitSeq(program, ",") {
			o, err := parseOperation(strings.TrimSpace(text))
			if err != nil {
				return err
			}
			t.Operations = append(t.Operations, o)
			if len(t.Operations) > MaxOperations {
				return fmt.Errorf("more than %d operations", MaxOperations)
			}
		}
	}
	c.Threads = append(c.Threads, t)
	return nil
}

// version is the version of the grammar.
const version = "v1"

// optionNames are the words before the "=" of an option.
var optionNames = []string{"scenario", "handover", "arena", "chunk", "segment", "flush", "interval", "seed"}

const headerRemedy = "a case begins with 'v1 scenario=log handover=NAME'"

func (o *Options) parse(clause string) error {
	words := strings.Fields(clause)
	if len(words) > 0 && words[0] != version && isVersion(words[0]) {
		return fmt.Errorf("version %.20s is not known: this racewindow reads %s; use the racewindow that wrote the case, or write it as %s", words[0], version, version)
	}
	if len(words) == 0 || words[0] != version {
		return errors.New(headerRemedy)
	}
	seen := map[string]bool{}
	for _, word := range words[1:] {
		name, value, ok := strings.Cut(word, "=")
		if !ok || seen[name] {
			return fmt.Errorf("%q: options are WORD=VALUE, each at most once", word)
		}
		seen[name] = true
		if err := o.set(name, value); err != nil {
			return err
		}
	}
	if !seen["scenario"] {
		return errors.New(headerRemedy)
	}
	return nil
}

func (o *Options) set(name, value string) (err error) {
	var n int64
	switch name {
	case "scenario":
		if value != "log" {
			return fmt.Errorf("unknown scenario %.80q%s: this version knows log", value, spelling.Meant(value, []string{"log"}))
		}
	case "handover":
		o.Handover = value
	case "arena":
		n, err = parseBytes(name, value)
		o.Arena = int(n)
	case "chunk":
		o.Chunk, err = parseBytes(name, value)
	case "segment":
		o.Segment, err = parseBytes(name, value)
	case "flush":
		o.Flush, err = parseBytes(name, value)
	case "interval":
		o.Interval, err = parseDuration(value)
	case "seed":
		o.Seed, err = parseNumber(value)
		if err != nil {
			err = fmt.Errorf("seed=%s: write a number below 2^64", value)
		}
	default:
		return fmt.Errorf("unknown option %.80q%s: use %s", name, spelling.Meant(name, optionNames), orList(optionNames))
	}
	return err
}

func parseBytes(name, value string) (int64, error) {
	n, err := parseNumber(value)
	if err != nil || n == 0 || n > maxOption {
		return 0, fmt.Errorf("%s=%s: write a number of bytes, 1 to %d", name, value, maxOption)
	}
	return int64(n), nil
}

func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q: write a duration above zero, such as 2ms or 1s", text)
	}
	return d, nil
}

func parseOperation(text string) (Operation, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return Operation{}, errors.New("an empty operation: remove a ','")
	}
	kind := -1
	for k, name := range kindNames {
		if words[0] == name {
			kind = k
		}
	}
	o, arguments := Operation{Kind: Kind(max(kind, 0))}, words[1:]
	var err error
	switch {
	case kind < 0:
		return o, fmt.Errorf("unknown operation %.80q%s: use %s", words[0], spelling.Meant(words[0], kindNames), orList(kindNames))
	case o.Kind <= Abort:
		return o.parseTransaction(arguments)
	case o.Kind == Read && len(arguments) == 2:
		if o.After, err = parseBound(arguments[0]); err == nil {
			o.UpTo, err = parseBound(arguments[1])
		}
		return o, err
	case o.Kind == Read:
		return o, errors.New("read takes two bounds, such as 'read - end'")
	case o.Kind == Advance && len(arguments) == 1:
		o.By, err = parseDuration(arguments[0])
		return o, err
	case o.Kind == Advance:
		return o, errors.New("advance takes one duration, such as 'advance 1s'")
	case len(arguments) > 0:
		return o, fmt.Errorf("%v takes nothing, not %q", o.Kind, arguments)
	}
	return o, nil
}

func (o Operation) parseTransaction(arguments []string) (Operation, error) {
	remedy := fmt.Errorf("%v takes records and, if need be, sizes, such as '%v 2 of 0/100'", o.Kind, o.Kind)
	if len(arguments) != 1 && (len(arguments) != 3 || arguments[1] != "of") {
		return o, remedy
	}
	var err error
	if o.Fragments, err = parseNumbers(arguments[0], "+"); err != nil {
		return o, fmt.Errorf("%w: %w", remedy, err)
	}
	if len(arguments) == 3 {
		if o.Sizes, err = parseNumbers(arguments[2], "/"); err != nil {
			return o, fmt.Errorf("%w: %w", remedy, err)
		}
	}
	return o, nil
}

func parseNumbers(text, separator string) (numbers []int, err error) {
	for word := range strings.SplitSeq(text, separator) {
		n, err := parseNumber(word)
		if err != nil || n > math.MaxInt32 {
			return nil, fmt.Errorf("%.20q of %.40q is not a number that can stand here", word, text)
		}
		numbers = append(numbers, int(n))
		if len(numbers) > MaxRecords {
			return nil, fmt.Errorf("more than %d numbers", MaxRecords)
		}
	}
	return numbers, nil
}

func (c *Case) parseSwitches(text string) (err error) {
	if strings.TrimSpace(text) == "" {
		return errors.New("no switch after @: write PLACE>THREAD, or leave the clause out")
	}
	c.Switches, err = sched.ParseSchedule(text)
	return err
}

func (c *Case) parseDelays(text string) error {
	for word := range strings.SplitSeq(text, ",") {
		d, err := parseDelay(strings.TrimSpace(word))
		if err != nil {
			return err
		}
		c.Delays = append(c.Delays, d)
		if len(c.Delays) > MaxDelays {
			return fmt.Errorf("more than %d delays", MaxDelays)
		}
	}
	return nil
}

const delayRemedy = "write THREAD@POINT#N=DURATION, =until:THREAD@POINT#N or =while:THREAD#N"

func parseDelay(text string) (d Delay, err error) {
	at, what, ok := strings.Cut(text, "=")
	if !ok {
		return d, fmt.Errorf("delay %.80q: %s", text, delayRemedy)
	}
	if d.At, err = parsePlace(at); err != nil {
		return d, err
	}
	if place, ok := strings.CutPrefix(what, "until:"); ok {
		until, err := parsePlace(place)
		d.Until = &until
		return d, err
	}
	if turn, ok := strings.CutPrefix(what, "while:"); ok {
		thread, number, ok := strings.Cut(turn, "#")
		n, err := strconv.Atoi(number)
		if !ok || err != nil {
			return d, fmt.Errorf("delay %.80q: %s", text, delayRemedy)
		}
		d.While = &Turn{thread, n}
		return d, nil
	}
	d.For, err = parseDuration(what)
	return d, err
}

func parsePlace(text string) (p Place, err error) {
	thread, rest, ok := strings.Cut(text, "@")
	point, hit, counted := strings.Cut(rest, "#")
	n, err := strconv.Atoi(hit)
	if !ok || !counted || err != nil {
		return p, fmt.Errorf("place %.80q: write THREAD@POINT#N", text)
	}
	return Place{Thread: thread, Point: point, Hit: n}, nil
}

// ParseFile reads the one case in the text of a file, in which lines that begin with # are comments. A case may go on in the
// lines after its first; one that begins with a version begins another case.
func ParseFile(text string) (Case, error) {
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
		return Case{}, fmt.Errorf("%w: there is nothing but comments and empty lines: %s", ErrCase, headerRemedy)
	}
	return Parse(strings.Join(lines, " "))
}

// orList is "a, b or c".
func orList(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
