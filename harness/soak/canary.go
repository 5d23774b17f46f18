package soak

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// canaryRounds is how many rounds of a kind may search for a canary, the nth for n times the count. It is a number and not a
// time, so that a busy machine searches as long as an idle one.
const canaryRounds = 12

// RoundCanary is a preparation: rounds of a kind must find a failure in a variant that is known to be bad. The failure must be
// of one of the classes, or of any class if none is named. count is the count of the first round, and limit a last resort.
func RoundCanary(kind Kind, variant string, count uint64, limit time.Duration, classes ...string) Preparation {
	return Preparation{CheckCanary, kind.Name() + "/" + variant, func(ctx context.Context, seed uint64) (Check, error) {
		until, reason := time.Now().Add(limit), ""
		n := uint64(0)
		for ; n < canaryRounds && (n == 0 || time.Now().Before(until)) && ctx.Err() == nil; n++ {
			spec := RoundSpec{Kind: kind.Name(), Variant: variant, Seed: SeedOf(seed, n), Number: n, For: max(time.Until(until), time.Second), Count: (n + 1) * count, First: true, Progress: hearer(ctx)}
			bounded, cancel := context.WithTimeout(ctx, spec.limit())
			r, err := kind.Run(bounded, spec)
			cancel()
			if err != nil {
				return Check{}, err
			}
			if r.Inconclusive != "" {
				reason = "; the last one has no verdict: " + Clip(r.Inconclusive, 700)
			}
			for _, f := range r.Found {
				if len(classes) == 0 || slices.ContainsFunc(classes, func(c string) bool { return strings.HasPrefix(f.Class, c) }) {
					return Check{Passed: true, Detail: fmt.Sprintf("%s in run %d", f.Class, n+1)}, nil
				}
			}
		}
		return Check{Detail: fmt.Sprintf("nothing was found in %d rounds%s%s", n, lastResort(n < canaryRounds, limit), reason)}, ctx.Err()
	}}
}

// lastResort is the part of a message that says that time ended a check before it had done its count.
func lastResort(hit bool, limit time.Duration) string {
	if !hit {
		return ""
	}
	return fmt.Sprintf(", and then the last resort ended it, %v (--canary-within): the machine is slow, or busy", limit)
}

// hearKey is the key of the function in a context that a check reports its progress to.
type hearKey struct{}

func withHearer(ctx context.Context, hear func(Counts)) context.Context {
	return context.WithValue(ctx, hearKey{}, hear)
}

func hearer(ctx context.Context) func(Counts) {
	hear, _ := ctx.Value(hearKey{}).(func(Counts))
	return hear
}

// What a leak canary leaks before each sample: leakedEach times, leakedBytes each time if it is memory. It takes leakedSample
// samples.
const (
	leakedBytes  = 768 << 10
	leakedEach   = 2
	leakedSample = 2*minTrendSamples + 20
)

// LeakCanaries are preparations: this process leaks on purpose, its own samples must show that, and then the leak is freed.
func LeakCanaries() (all []Preparation) {
	for _, c := range []struct {
		what string
		leak func() (back func(), err error)
	}{{"goroutines", leakGoroutine}, {"open files", leakFile}, {"heap", leakMemory}} {
		all = append(all, Preparation{CheckCanary, "leak/" + strings.ReplaceAll(c.what, " ", "-"), func(ctx context.Context, _ uint64) (Check, error) {
			return leakCanary(ctx, c.what, c.leak)
		}})
	}
	return all
}

// leakCanary leaks a little before each sample. The times of the samples are made up, one second apart; the figures are
// measured.
func leakCanary(ctx context.Context, what string, leak func() (func(), error)) (Check, error) {
	var samples []Sample
	for i := range leakedSample {
		for range leakedEach {
			back, err := leak()
			if err != nil {
				return Check{}, fmt.Errorf("leak on purpose: %w", err)
			}
			defer back()
		}
		s := measure()
		s.Start, s.Elapsed = 1, time.Duration(i)*time.Second
		if samples = append(samples, s); ctx.Err() != nil {
			return Check{}, ctx.Err()
		}
	}
	if what == "open files" && samples[0].Files == 0 {
		return Check{Skipped: true, Detail: "not tried: this system does not say how many files are open"}, nil
	}
	for _, t := range Trends(samples) {
		if t.What == what {
			return Check{Passed: t.Leak, Detail: t.String()}, nil
		}
	}
	return Check{Detail: what + " is not watched"}, nil
}

func leakGoroutine() (func(), error) {
	stop := make(chan struct{})
	go func() { <-stop }()
	return func() { close(stop) }, nil
}

func leakFile() (func(), error) {
	f, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	return func() { _ = f.Close() }, nil
}

func leakMemory() (func(), error) {
	held := make([]byte, leakedBytes)
	return func() { clear(held) }, nil
}
