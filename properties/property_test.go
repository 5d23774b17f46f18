package properties

import (
	"fmt"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"
	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/storage"
)

// Properties without a case: a script says what one client does to logs, one number for each step.

// hangAfter is how long one script may take. What takes longer does not end.
const hangAfter = time.Minute

// requireProperty checks a property and reports what gopter shrank, if it does not hold. words prints a value.
func requireProperty(t *testing.T, sentence string, p *gopter.TestParameters, property gopter.Prop, words func(value any) string) {
	t.Helper()
	result := property.Check(p)
	if result.Status == gopter.TestPassed {
		require.GreaterOrEqual(t, result.Succeeded, p.MinSuccessfulTests)
		say(t, "%d times held: %s", result.Succeeded, sentence)
		return
	}
	violated(t, *seedFlag, reportOf(t.Name(), sentence, again(t), result, words))
}

func reportOf(name, sentence, again string, result *gopter.TestResult, words func(value any) string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "FAIL %s  %q\n     %v\n", name, sentence, result.Error)
	for _, a := range result.Args {
		fmt.Fprintf(&text, "     shrunk in %d steps to: %s\n     drawn as: %s\n", a.Shrinks, words(a.Arg), words(a.OrigArg))
	}
	fmt.Fprintf(&text, "found after %d that held; gopter seed %d\nsearch again: %s\n%s", result.Succeeded, *seedFlag, again, result.ErrorStack)
	return text.String()
}

// checkScripts holds a property of scripts for each hand-over that must hold. words says what a step does.
func checkScripts(t *testing.T, sentence string, words func(n uint8) string, holds func(h storage.Handover, s []uint8) error) {
	t.Helper()
	for _, name := range holding() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, err := storage.HandoverByName(name)
			require.NoError(t, err)
			p := gopter.DefaultTestParametersWithSeed(*seedFlag)
			p.MinSuccessfulTests = *casesFlag
			p.MaxSize = 60
			requireProperty(t, sentence, p, scriptProperty(hangAfter, func(s []uint8) error { return holds(h, s) }), func(value any) string {
				return scriptWords(value.([]uint8), words)
			})
		})
	}
}

func scriptWords(s []uint8, words func(n uint8) string) string {
	text := make([]string, len(s))
	for i, n := range s {
		text[i] = words(n)
	}
	return fmt.Sprintf("%s  %v", strings.Join(text, ", "), s)
}

// scriptProperty turns a condition on scripts into a property. A panic is a violation that gopter shrinks. A script that
// does not end is a violation too, and is not shrunk, because each try would take as long.
func scriptProperty(hangAfter time.Duration, holds func(s []uint8) error) gopter.Prop {
	hung := false
	return prop.ForAll(func(s []uint8) (bool, error) {
		if hung {
			return true, nil
		}
		ended := make(chan error, 1)
		go func() {
			defer func() {
				if r := recover(); r != nil {
					ended <- fmt.Errorf("panic: %v\n%s", r, debug.Stack())
				}
			}()
			ended <- holds(s)
		}()
		watchdog := time.NewTimer(hangAfter)
		defer watchdog.Stop()
		select {
		case err := <-ended:
			return err == nil, err
		case <-watchdog.C:
			hung = true
			return false, fmt.Errorf("it has not ended after %v:\n%s", hangAfter, stacksOf("storage"))
		}
	}, gen.SliceOf(gen.UInt8()))
}
