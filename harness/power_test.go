package harness_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness"
)

func TestWithoutTheRuntimeWithHooksPowerIsNotLost(t *testing.T) {
	called := false
	t.Run("test", func(t *testing.T) {
		durable := harness.LosePower(t, "nowhere", func(string, []string) error { called = true; return errors.New("called") })
		durable("a")
	})
	require.False(t, called)
}
