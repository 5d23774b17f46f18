package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// A bound is the range of numbers that a flag accepts.
type bound struct {
	flag        string
	least, most float64 // in nanoseconds for a duration; most may be unbounded
}

// unbounded is no upper bound.
var unbounded = math.Inf(1)

// shortest is the least bound of a duration that must not be zero.
const shortest = float64(time.Nanosecond)

// checkNumbers refuses the first given flag whose number is out of bounds.
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
		if !(value >= b.least && value <= b.most) { // written so that NaN is refused
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

// checkTexts refuses the first of these flags that was given and is empty, most often from a script's variable that is not set.
func checkTexts(flags *pflag.FlagSet, names ...string) error {
	for _, name := range names {
		if flag := flags.Lookup(name); flag.Changed && flag.Value.String() == "" {
			return fmt.Errorf("--%s is empty: give it a value, or leave it out", name)
		}
	}
	return nil
}

// stepLimitAbout is the usage of --step-limit.
const stepLimitAbout = "stop a schedule after `N` choices: it is a livelock if that can be shown, and otherwise unknown"

// inFlags replaces names of settings in a message by the flags that set them.
func inFlags(message string) string {
	return strings.ReplaceAll(message, "Options.StepLimit", "--step-limit")
}
