package log

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/spelling"
)

// Parse reads a case about the log. What it returns is well formed (Check). An error wraps ErrCase.
func Parse(text string) (Case, error) { return own(cases.Parse(text, cases.Only(Subject))) }

// ParseFile reads the one case in the text of a file (cases.ParseFile).
func ParseFile(text string) (Case, error) { return own(cases.ParseFile(text, cases.Only(Subject))) }

func own(g cases.Case, err error) (Case, error) {
	if g.Subject == nil || g.Settings == nil {
		return Case{}, err
	}
	return Of(g), err
}

// optionNames are the words before the "=" of an option.
var optionNames = []string{"scenario", "handover", "arena", "chunk", "segment", "flush", "tail", "cache", "value", "interval", "sync", "values", "seed"}

func (o *Options) set(name, value string) (err error) {
	var n int64
	switch name {
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
	case "tail":
		o.Tail, err = parseBytes(name, value)
	case "cache":
		o.Cache, err = parseBytes(name, value)
	case "value":
		n, err = parseBytes(name, value)
		o.Value = int(n)
	case "sync":
		if o.NoSync = true; value != "no" {
			err = fmt.Errorf("sync=%s: write no, or leave it out", value)
		}
	case "values":
		if o.Frames = true; value != "frames" {
			err = fmt.Errorf("values=%s: write frames, or leave it out", value)
		}
	case "interval":
		o.Interval, err = cases.ParseDuration(value)
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
	case o.Kind == AppendAt && len(arguments) > 1:
		o.Place = arguments[0]
		return o.parseTransaction(arguments[1:])
	case o.Kind == AppendAt:
		return o, fmt.Errorf("appendat takes a place and records, such as 'appendat %s 2 of 8'", PlaceNext)
	case o.Kind.transacts():
		return o.parseTransaction(arguments)
	case o.Kind == Cancel && len(arguments) == 1:
		o.Thread = arguments[0]
		return o, nil
	case o.Kind == Cancel:
		return o, errors.New("cancel takes the name of a thread, such as 'cancel w0'")
	case o.Kind == Read && len(arguments) == 2:
		if o.After, err = parseBound(arguments[0]); err == nil {
			o.UpTo, err = parseBound(arguments[1])
		}
		return o, err
	case o.Kind == Read:
		return o, errors.New("read takes two bounds, such as 'read - end'")
	case o.Kind == Advance && len(arguments) == 1:
		o.By, err = cases.ParseDuration(arguments[0])
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

// orList joins words as "a, b or c".
func orList(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
