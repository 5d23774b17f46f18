package stress

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
)

// A panickyLog panics in one of its methods.
type panickyLog struct {
	harness.Engine
	in string
}

func (l panickyLog) Append(ctx context.Context, records []harness.Record) (harness.Offset, error) {
	if l.in == "Append" {
		panic("an append too many")
	}
	return l.Engine.Append(ctx, records)
}

func (l panickyLog) Close(ctx context.Context) error {
	if l.in == "Close" {
		panic("not while I am working")
	}
	return l.Engine.Close(ctx)
}

func TestAPanicOfTheEngineBreaksAPromise(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for in, detail := range map[string]string{
		"Append": `^panic: an append too many; stress\.panickyLog\.Append \(panicked_test\.go:\d+\), called by `,
		"Close":  `^panic: not while I am working; stress\.panickyLog\.Close \(panicked_test\.go:\d+\), called by `,
	} {
		config := smallRun(changed(func(_ harness.Opened, e harness.Engine) harness.Engine { return panickyLog{e, in} }))
		config.Each = 5
		s, err := Run(context.Background(), config)
		require.NoError(t, err, in)
		require.NotNil(t, s.Violation, in)
		require.Equal(t, "Progress", s.Violation.Promise)
		require.Regexp(t, detail, s.Violation.Detail)
	}
}
