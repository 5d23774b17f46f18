package sched

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

func TestAScheduleIsItsText(t *testing.T) {
	t.Parallel()
	s, err := ParseSchedule(" start>b ,b@op#2>a,a/task#2@flush/written#31 > b, a@end>b ")
	require.NoError(t, err)
	require.Equal(t, Schedule{
		{Place{"", StartPoint, 0}, "b"}, {Place{"b", OpPoint, 2}, "a"}, {Place{"a/task#2", "flush/written", 31}, "b"}, {Place{"a", EndPoint, 0}, "b"},
	}, s)
	require.Equal(t, "start>b, b@op#2>a, a/task#2@flush/written#31>b, a@end>b", s.String())
	s, err = ParseSchedule("a@x#1>b,( b@op#*>a ,a@x#* > b )* ")
	require.NoError(t, err)
	require.Equal(t, Schedule{{Place{"a", "x", 1}, "b"}, {Place{"b", OpPoint, EachHit}, "a"}, {Place{"a", "x", EachHit}, "b"}}, s)
	require.Equal(t, "a@x#1>b, (b@op#*>a, a@x#*>b)*", s.String())
	s, err = ParseSchedule("  ")
	require.NoError(t, err)
	require.Empty(t, s)
	require.Empty(t, s.String())
}

func TestEveryErrorOfAScheduleSaysWhatToWrite(t *testing.T) {
	t.Parallel()
	const (
		aSwitch = "write THREAD@POINT#N>THREAD, THREAD@end>THREAD or start>THREAD"
		aPlace  = "is no place: write THREAD@POINT#N with N from 1, THREAD@end or start"
	)
	for text, want := range map[string]string{
		",":                               aSwitch,
		"a@x#1":                           aSwitch,
		"a@x#1>":                          aSwitch,
		"a@x#1>b c":                       aSwitch,
		"a@x#1>b>c":                       aSwitch,
		"a@x#1>b,":                        aSwitch,
		">b":                              aPlace,
		"a>b":                             aPlace,
		"@x#1>b":                          aPlace,
		"a b@x#1>b":                       aPlace,
		"a@x>b":                           aPlace,
		"a@#1>b":                          aPlace,
		"a@x#>b":                          aPlace,
		"a@x#0>b":                         aPlace,
		"a@x#01>b":                        aPlace,
		"a@x#-1>b":                        aPlace,
		"a@x#99999999999>b":               aPlace,
		"a@x y#1>b":                       aPlace,
		"a@end#1>b":                       aPlace,
		"a@start#1>b":                     aPlace,
		"a@x'#1>b":                        aPlace,
		"a@x#*>b":                         "#* stands in a cycle only",
		"(a@x#*>b":                        "ends with )*",
		"(a@x#*>b)*, a@y#1>b":             "a cycle is the last of a schedule",
		"(a@x#*>b), a@y#1>b)*":            "a switch in a cycle is THREAD@POINT#*>THREAD",
		"(a@x#1>b)*":                      "a switch in a cycle is THREAD@POINT#*>THREAD",
		"(a@end#*>b)*":                    "a switch in a cycle is THREAD@POINT#*>THREAD",
		"(start>b)*":                      "a switch in a cycle is THREAD@POINT#*>THREAD",
		"((a@x#*>b)*)*":                   "a switch in a cycle is THREAD@POINT#*>THREAD",
		"()*":                             "write (THREAD@POINT#*>THREAD, ...)* for a cycle",
		"(a@x#*)*":                        "write (THREAD@POINT#*>THREAD, ...)* for a cycle",
		strings.Repeat("s>", 200):         aSwitch,
		strings.Repeat("start>b,", 1<<17): "more than 65536 switches",
	} {
		_, err := ParseSchedule(text)
		require.ErrorIs(t, err, ErrSchedule, "%.50q", text)
		require.ErrorContains(t, err, want, "%.50q", text)
		require.Less(t, len(err.Error()), 250)
	}
	var s Schedule
	require.ErrorIs(t, s.UnmarshalText([]byte("a")), ErrSchedule)
}

func TestPointsOfOneNameAreCountedTogether(t *testing.T) {
	t.Parallel()
	one, two := failpoints.Lookup("example.com/one", "same/name"), failpoints.Lookup("example.com/two", "same/name")
	s := passing([]*failpoints.Point{one, two, one}, []*failpoints.Point{two})
	for _, text := range []string{"a@same/name#2>b", "a@same/name#3>b"} {
		schedule, err := ParseSchedule(text)
		require.NoError(t, err)
		out := NewRunner(s, Options{}).Replay(schedule, false)
		require.Nil(t, out.Failure)
		require.Equal(t, text, out.Schedule.String())
	}
}

// FuzzParseSchedule holds that what is read is printed, and that what is printed is read as the same.
func FuzzParseSchedule(f *testing.F) {
	for _, text := range []string{"", "start>b", "a@end>b", "a@x/y#1>b, b@op#2>a", "a#2@x#10>b", "a@x#1>b,,", "a@x#1>b>c", "a@x#1>b, (b@y#*>a, a@op#*>b)*", "(a@x#*>b)*", "(a@x#*>b(1)*)*", "\xff@\x00#1>a"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSchedule(text)
		if err != nil {
			require.ErrorIs(t, err, ErrSchedule)
			return
		}
		printed := s.String()
		again, err := ParseSchedule(printed)
		require.NoError(t, err, printed)
		require.Equal(t, s, again)
		require.Equal(t, printed, again.String())
	})
}
