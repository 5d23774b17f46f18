package spelling

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheNearestKnownWordIsMeant(t *testing.T) {
	t.Parallel()
	commands := []string{"explore", "verify", "stress", "kill", "soak", "replay", "report"}
	for wrong, want := range map[string]string{
		"sterss": "stress", "stres": "stress", "Explore": "explore", "explor": "explore", "exp": "explore", "sokk": "soak", "reprot": "report",
		"repaly": "replay", "kil": "kill", "soak-merge": "soak", "verfiy": "verify",
	} {
		got, ok := Nearest(wrong, commands)
		require.True(t, ok, wrong)
		require.Equal(t, want, got, wrong)
	}
	for _, wrong := range []string{"", "x", "help", "measure", "ex", strings.Repeat("stress", 100), "so", "窓", "\xff\x00"} {
		require.Empty(t, Meant(wrong, commands), "%.40q", wrong)
	}
	require.Equal(t, ` (did you mean "pct"?)`, Meant("ptc", []string{"pos", "pct"}))
	require.Equal(t, ` (did you mean "窓口"?)`, Meant("窓", []string{"窓口"}))
	require.Empty(t, Meant("stress", nil))
	require.Empty(t, Meant("stress", []string{"", strings.Repeat("s", 1000)}))
}

func TestASlipCountsOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "abxc", 1}, {"abc", "axc", 1}, {"ca", "abc", 3}} {
		require.Equal(t, c.want, distance([]rune(c.a), []rune(c.b)), "%q %q", c.a, c.b)
		require.Equal(t, c.want, distance([]rune(c.b), []rune(c.a)), "%q %q", c.b, c.a)
	}
}
