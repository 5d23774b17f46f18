package report

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/subjects/log"
)

func TestPorcupineDrawsTheHistory(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	var page bytes.Buffer
	r := &Report{Case: "v1 scenario=log handover=stale; w0: append 1, flush; r0: read - end; @ w0@op#1>r0, r0@read/metadata-loaded#1>w0"}
	require.ErrorIs(t, writePorcupine(&page, r), ErrNoCase, "whose it is nobody has said")
	r.About(log.Subject)
	require.NoError(t, writePorcupine(&page, r))
	require.Contains(t, page.String(), "<html")
	require.Contains(t, page.String(), "yields 0")
	require.ErrorContains(t, writePorcupine(&page, &Report{Case: "a@test>b"}), "subjects that have a model")
	r.Case = "v1 scenario=log handover=stale; w0: append 1, flushh"
	require.ErrorContains(t, writePorcupine(&page, r), "flushh")
}
