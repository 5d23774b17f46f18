package script

import (
	"os/exec"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Children that other goroutines start must not keep a program open for writing.
func TestAProgramCanBeExecutedAtOnce(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	var others sync.WaitGroup
	for range 4 {
		others.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					if exec.Command("/bin/sh", "-c", ":").Run() != nil {
						return
					}
				}
			}
		})
	}
	defer others.Wait()
	defer close(done)
	for range 100 {
		output, err := exec.Command(New(t, "echo text\n")).CombinedOutput()
		require.NoError(t, err)
		require.Equal(t, "text\n", string(output))
	}
}
