package stress

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	reports "github.com/racewindow/racewindow/harness/report"
)

// A finding as a stress run of ten thousand goroutines leaves it.
func findingOfTwo() *Finding {
	return &Finding{
		Promise: "ReadAfterWrite", Sentence: "a read that starts after an append returned yields its records", Detail: "transaction 7 missing",
		Fingerprint: "ReadAfterWrite/empty", Thread: "client 12", Found: time.Second, Operations: 4000,
		Moments: []Moment{
			{At: 100, Thread: "client 3", Text: "append of 1"},
			{At: 250, Thread: "client 3", Text: "acknowledged 7.0"},
			{At: 300, Thread: "client 12", Text: "read (-, end]"},
			{At: 400, Thread: "client 12", Text: "* read/metadata-loaded", Point: "read/metadata-loaded", Source: "tail_metadata.go:45"},
			{At: 500, Thread: "flusher", Text: "* flush/trimmed", Point: "flush/trimmed", Source: "flush.go:152"},
			{At: 600, Thread: "client 12", Text: "* read/before-tail", Point: "read/before-tail", Source: "shared_tail.go:56"},
			{At: 700, Thread: "client 12", Text: "returns 0 records"},
		},
		Window: &Window{From: "read/metadata-loaded", To: "read/before-tail", Other: "flusher", Passed: []string{"flush/trimmed"}},
	}
}

func TestAStressFindingIsAReportLikeAnyOther(t *testing.T) {
	t.Parallel()
	r, err := findingOfTwo().Report("racewindow stress --seed 1 (it may take another try)")
	require.NoError(t, err)
	require.Equal(t, "racewindow stress --seed 1", r.Replay)
	require.Contains(t, r.Size, "it may take another try")
	require.Equal(t, []string{"client 3", "client 12", "flusher"}, r.Run.Threads)
	require.Equal(t, []reports.Interval{
		{Thread: 0, Text: "append of 1", Outcome: "acknowledged 7.0", From: 1, To: 2},
		{Thread: 1, Text: "read (-, end]", Outcome: "returns 0 records", From: 3, To: 7, Bad: true},
	}, r.Run.History)
	require.Equal(t, []reports.Window{{
		Thread: "client 12", From: "read/metadata-loaded", To: "read/before-tail", FromSource: "tail_metadata.go:45", ToSource: "shared_tail.go:56", Other: "flusher",
	}}, r.Windows)
	for _, f := range reports.Formats {
		var b bytes.Buffer
		if err := f.Write(&b, r); f.Name == "gotest" || f.Name == "porcupine" {
			require.ErrorIs(t, err, reports.ErrNoCase)
			continue
		} else {
			require.NoError(t, err, f.Name)
		}
		require.Contains(t, b.String(), "flush/trimmed", f.Name)
	}
}

func TestAFindingOfTheScanHasNoTimeline(t *testing.T) {
	t.Parallel()
	f := findingOfTwo()
	f.Thread, f.Moments, f.Window = "", nil, nil
	r, err := f.Report("again")
	require.NoError(t, err)
	require.Empty(t, r.Run.Rows)
	var b bytes.Buffer
	require.NoError(t, r.WriteText(&b, 100, reports.Palette{}))
	require.Contains(t, b.String(), "transaction 7 missing")
}
