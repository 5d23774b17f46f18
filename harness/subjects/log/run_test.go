package log

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
)

// requireInstrumented skips a test that needs failpoints to fire, or fails it where the environment says that they must.
func requireInstrumented(t *testing.T) {
	t.Helper()
	if failpoints.Instrumented() {
		return
	}
	const message = "needs the instrumented build: go run ./harness/cmd/racewindow test ./..."
	if os.Getenv("RACEWINDOW_REQUIRE_INSTRUMENTED") == "1" {
		t.Fatal(message)
	}
	t.Skip(message)
}

func parse(t *testing.T, text string) Case {
	t.Helper()
	c, err := Parse(text)
	require.NoError(t, err, text)
	return c
}

// busy is the patience for what comes true, or is known never to: a busy machine may make the other thread wait.
const busy = 10 * time.Minute

func TestACaseShowsTheSameEachTime(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for text, want := range map[string]string{
		"v1 scenario=log handover=stale; w0: append 1, read - end; f0: flush; ~ w0@read/metadata-loaded#1=while:f0#1":                                                            "ReadAfterWrite/empty",
		"v1 scenario=log handover=stale; w0: append 2, read - end; f0: flush; ~ w0@read/between-tail-records#1=while:f0#1":                                                       "ReadAfterWrite/partial",
		"v1 scenario=log handover=stale; w0: append 1, flush; r0: read - end; ~ r0@op#0=until:w0@op#1, r0@read/before-tail#1=until:w0@op#2, w0@op#1=until:r0@read/before-tail#1": "ReadAfterWrite/empty",
		"v1 scenario=log handover=stale; w0: append 1, read - end; f0: flush; ~ w0@read/before-metadata#1=while:f0#1":                                                            "",
		"v1 scenario=log handover=recheck; w0: append 1, read - end; f0: flush; ~ w0@read/metadata-loaded#1=while:f0#1":                                                          "",
		"v1 scenario=log handover=recheck; w0: append 1, read - end; f0: flush; ~ w0@read/rechecked#1=while:f0#1":                                                                "ReadAfterWrite/empty",
		"v1 scenario=log handover=recheckliteral; w0: append 1, read - end":                                                                                                      "ReadAfterWrite/empty",
		"v1 scenario=log handover=fallback; w0: append 1, append 1, read - 1.+":                                                                                                  "ReadAfterWrite/empty",
		"v1 scenario=log handover=snapshot; w0: append 1, read - end; f0: flush; ~ w0@read/metadata-loaded#1=while:f0#1":                                                         "",
		"v1 scenario=log handover=retain; w0: append 1, read - end; f0: flush; ~ w0@read/metadata-loaded#1=while:f0#1":                                                           "",
		"v1 scenario=log handover=snapshot interval=1s; w0: append 3, advance 2s; r0: read - end; ~ r0@op#0=until:flusher@flush/trimmed#1":                                       "",
		"v1 scenario=log handover=snapshot arena=64 chunk=64 segment=128; w0: fragments 1+3 of 100, abort 2, reopen, read - acked, read 1.1 1.2, read last end":                  "",
	} {
		c := parse(t, text)
		for range 5 {
			o, err := Runner{Patience: busy}.Run(context.Background(), c)
			require.NoError(t, err, text)
			if want == "" {
				require.Nil(t, o.Violation, text)
				require.Positive(t, o.Records, text)
			} else {
				require.NotNil(t, o.Violation, text)
				require.Equal(t, want, o.Violation.Fingerprint(), text)
			}
		}
	}
}

func TestADelayThatCannotComeTrueIsNoVerdict(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for text, want := range map[string]string{
		"v1 scenario=log handover=stale; w0: append 1; r0: read - end; ~ r0@op#0=until:w0@flush/trimmed#1":                 "the other thread ended without that",
		"v1 scenario=log handover=snapshot; w0: append 1; r0: flush; ~ r0@read/before-tail#1=while:w0#1":                   "the other thread ended without that",
		"v1 scenario=log handover=stale; w0: append 1; f0: append 1; ~ w0@append/buffered#1=while:f0#1":                    "perhaps the two threads wait for each other",
		"v1 scenario=log handover=snapshot; w0: append 1; ~ w0@op#1=until:flusher@flush/trimmed#1":                         "perhaps the two threads wait",
		"v1 scenario=log handover=snapshot interval=2s; w0: append 1, advance 1s; ~ w0@op#2=until:flusher@flush/trimmed#1": "perhaps the two threads wait",
	} {
		patience := busy
		if strings.HasPrefix(want, "perhaps") {
			patience = 100 * time.Millisecond
		}
		o, err := Runner{Patience: patience}.Run(context.Background(), parse(t, text))
		require.ErrorIs(t, err, ErrUnmet, text)
		require.ErrorContains(t, err, want)
		require.Equal(t, strings.HasPrefix(want, "perhaps"), errors.Is(err, ErrPatience), "whether more patience might have helped")
		require.Nil(t, o.Violation)
	}
}

func TestAProgramThatHangsEndsTheRunAndSaysWhereItStands(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	c := parse(t, "v1 scenario=log handover=snapshot; w0: append 1; f0: append 2; ~ w0@append/buffered#1=while:f0#1")
	_, err := Runner{Patience: 24 * time.Hour, Hang: 100 * time.Millisecond}.Run(context.Background(), c)
	require.ErrorIs(t, err, ErrHang)
	require.ErrorContains(t, err, "w0: append 1; f0: append 2")
}

func TestRelativeBoundsMeanWhatTheThreadKnows(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for bounds, want := range map[string]string{
		"- end": "1.0 2.0 2.1 2.2 3.0", "- acked": "1.0 2.0 2.1 2.2 3.0", "- acked-1": "1.0 2.0 2.1 2.2", "- acked-1.0": "1.0 2.0",
		"acked-1.0 end": "2.1 2.2 3.0", "acked-1.+ end": "3.0", "acked-9 end": "1.0 2.0 2.1 2.2 3.0", "acked+1 end": "", "2.7 end": "3.0",
		"acked end": "", "last end": "1.0 2.0 2.1 2.2 3.0", "2.1 3.+": "2.2 3.0", "end end": "", "acked -": "",
	} {
		c := parse(t, "v1 scenario=log handover=snapshot; w0: append 1, append 3, flush, fragments 1, read "+bounds)
		o, err := Runner{Reads: true}.Run(context.Background(), c)
		require.NoError(t, err)
		require.Nil(t, o.Violation)
		var words []string
		for _, at := range o.Reads[[2]int{0, 4}] {
			words = append(words, at.String())
		}
		require.Equal(t, want, strings.Join(words, " "), bounds)
	}
}

func TestLastIsWhereTheThreadsNewestReadEnded(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	c := parse(t, "v1 scenario=log handover=retain; w0: append 3, read - 1.1, flush, reopen, read last end")
	o, err := Runner{Reads: true, Events: true}.Run(context.Background(), c)
	require.NoError(t, err)
	require.Nil(t, o.Violation)
	require.Equal(t, []harness.Offset{{Tx: 1, Op: 2}}, o.Reads[[2]int{0, 4}])
	require.Contains(t, o.Timeline(1000, false), "* flush/trimmed")
}

func TestACaseNeedsAnInstrumentedBinary(t *testing.T) {
	t.Parallel()
	if failpoints.Instrumented() {
		t.Skip("this one is")
	}
	_, err := Runner{}.Run(context.Background(), parse(t, examples[0]))
	require.ErrorIs(t, err, failpoints.ErrNotInstrumented)
}

func TestGoroutinesOfTheirOwnHaveNoFaults(t *testing.T) {
	t.Parallel()
	requireInstrumented(t)
	for _, clause := range []string{"! disk sync * #1 = EIO", "crash any"} {
		c, err := Parse("v1 scenario=log handover=snapshot; w0: append 1, flush; " + clause)
		require.NoError(t, err)
		_, err = Runner{}.Run(context.Background(), c)
		require.ErrorContains(t, err, "need the scheduler")
	}
}
