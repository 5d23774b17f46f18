package plain

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/sched"
)

func TestATokenIsReadAsItIsPrinted(t *testing.T) {
	t.Parallel()
	schedule, err := sched.ParseSchedule("main/serve#1@(*Cache).Get.RLock#2>main, main@Serve.select.case#1>case/1")
	require.NoError(t, err)
	for text, token := range map[string]Token{
		"v1 test=TestX": {Test: "TestX"},
		"v1 test=TestEvict/full; @ main/serve#1@(*Cache).Get.RLock#2>main, main@Serve.select.case#1>case/1": {"TestEvict/full", false, schedule},
		"v1 test=TestX/a%3Bb%40%25": {Test: "TestX/a;b@%"},
		"v1 test=TestX; alone":      {Test: "TestX", Alone: true},
		"v1 test=TestX; alone; @ main/serve#1@(*Cache).Get.RLock#2>main, main@Serve.select.case#1>case/1": {"TestX", true, schedule},
	} {
		require.Equal(t, text, token.String())
		read, err := ParseToken(text)
		require.NoError(t, err)
		require.Equal(t, token, read)
	}
	read, err := ParseToken("v1 test=TestX;\n  @ main@F.Lock#1>main/g#1,\n  main@F.Lock#2>main/g#2")
	require.NoError(t, err)
	require.Len(t, read.Schedule, 2, "line breaks are blanks")
}

func TestWhatIsNoTokenSaysWhatOneIs(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"":                               "begins with 'v1 test=NAME'",
		"v1 scenario=log":                "begins with 'v1 test=NAME'",
		"v1 test=":                       "is not the name of a test",
		"v1 test=; @ a@b#1>c":            "is not the name of a test",
		"v1 test=T%zz":                   "is not the name of a test",
		"v1 test=TestCache; c0: put(1)":  "belongs to a harness.Check, or is misspelt",
		"v1 test=TestX; @ main@F.Lock>b": "is no place",
		"v1 test=TestX; @ main@F.Lock#1>b; alone":     "write THREAD@POINT#N>THREAD",
		"v1 test=TestX; lonely":                       "belongs to a harness.Check, or is misspelt",
		"v1 test=TestX; @ main@F.Lock#1>b; crash any": "write THREAD@POINT#N>THREAD",
	} {
		_, err := ParseToken(text)
		require.ErrorIs(t, err, ErrToken, text)
		require.ErrorContains(t, err, says, text)
	}
}
