package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// A bound is what a flag with a number accepts, if it is given.
type bound struct {
	flag        string
	least, most float64 // a duration's are in nanoseconds; most may be unbounded
}

// unbounded is no upper bound.
var unbounded = math.Inf(1)

// shortest is the least duration that is one.
const shortest = float64(time.Nanosecond)

// checkNumbers refuses the first number that was given and lies outside of its bounds.
func checkNumbers(flags *pflag.FlagSet, bounds ...bound) error {
	for _, b := range bounds {
		flag := flags.Lookup(b.flag)
		if !flag.Changed {
			continue
		}
		value, err := strconv.ParseFloat(flag.Value.String(), 64)
		duration := flag.Value.Type() == "duration"
		if duration {
			var d time.Duration
			d, err = time.ParseDuration(flag.Value.String())
			value = float64(d)
		}
		if err != nil {
			return fmt.Errorf("--%s %v: %w", b.flag, flag.Value, err)
		}
		if !(value >= b.least && value <= b.most) { // what is not a number lies outside too
			return fmt.Errorf("--%s %v: must %s; leave it out for the default", b.flag, flag.Value, b.words(duration))
		}
	}
	return nil
}

func (b bound) words(duration bool) string {
	number := func(n float64) string {
		if duration {
			return time.Duration(n).String()
		}
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	switch {
	case duration && b.least == shortest && math.IsInf(b.most, 1):
		return "be longer than 0s"
	case math.IsInf(b.most, 1):
		return "be at least " + number(b.least)
	}
	return fmt.Sprintf("lie between %s and %s", number(b.least), number(b.most))
}

// checkTexts refuses the first of these flags that was given and is empty: most often a variable of a script that is not set.
func checkTexts(flags *pflag.FlagSet, names ...string) error {
	for _, name := range names {
		if flag := flags.Lookup(name); flag.Changed && flag.Value.String() == "" {
			return fmt.Errorf("--%s is empty: give it a value, or leave it out", name)
		}
	}
	return nil
}

// stepLimitAbout is what the flag --step-limit says.
const stepLimitAbout = "a schedule that has not ended after `N` choices is a livelock, or unknown if it is not known to be one"

// inFlags says the names of settings as the flags that set them.
func inFlags(message string) string {
	return strings.ReplaceAll(message, "Options.StepLimit", "--step-limit")
}
