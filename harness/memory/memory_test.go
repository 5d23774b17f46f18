package memory

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// machine writes the files of a system.
func machine(t *testing.T, files map[string]string) string {
	root := t.TempDir()
	for name, content := range files {
		file := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o777))
		require.NoError(t, os.WriteFile(file, []byte(content), 0o666))
	}
	return root
}

func TestTheTightestLimitIsWhatIsAvailable(t *testing.T) {
	t.Parallel()
	const meminfo = "MemTotal:  99 kB\nMemAvailable:    1000 kB\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  uint64
	}{
		"the machine alone":         {map[string]string{"proc/meminfo": meminfo}, 1000 << 10},
		"a group":                   {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "5000\n", "sys/fs/cgroup/a/memory.current": "2000\n"}, 3000},
		"a group above":             {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/memory.max": "5000\n", "sys/fs/cgroup/a/memory.current": "6000\n"}, 0},
		"a group without a limit":   {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "max\n", "sys/fs/cgroup/a/memory.current": "6000\n"}, 1000 << 10},
		"a group of the older sort": {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "4:cpu:/x\n3:memory:/a\n", "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "700\n", "sys/fs/cgroup/memory/a/memory.usage_in_bytes": "200\n"}, 500},
	} {
		got, known := available(machine(t, c.files))
		require.True(t, known, name)
		require.Equal(t, c.want, got, name)
	}
	_, known := available(t.TempDir())
	require.False(t, known, "a system that says nothing")
}

func TestARunThatNeedsMoreThanThereIsIsRefusedWithTheEstimate(t *testing.T) {
	t.Parallel()
	has := func(n uint64) func() (uint64, bool) { return func() (uint64, bool) { return n, true } }
	parts := []Part{{"goroutines", 1000, 20 << 10}, {"values", 10, 100}}
	require.NoError(t, room(has(1<<30), "lower it", parts))
	err := room(has(20<<20), "lower --goroutines", parts)
	require.EqualError(t, err, "about 19 MiB of memory would be needed (1000 goroutines of about 20 KiB each, 10 values of about 100 bytes each), and 20 MiB are available: lower --goroutines")
	require.Error(t, room(has(math.MaxUint64/2), "lower it", []Part{{"goroutines", math.MaxUint64, 2}, {"more", math.MaxUint64, 2}}), "no overflow")
	require.NoError(t, room(func() (uint64, bool) { return 0, false }, "", parts), "who does not know does not refuse")
}
