package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFlagsMayBeWrittenAsTheGoCommandWritesThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ given, want []string }{
		{[]string{"explore", "-run", "TestX", "-race", "./..."}, []string{"explore", "--run", "TestX", "--race", "./..."}},
		{[]string{"explore", "-race=false", "--run", "-race"}, []string{"explore", "--race=false", "--run", "-race"}},
		{[]string{"explore", "--seed", "1", "--", "-run"}, []string{"explore", "--seed", "1", "--", "-run"}},
		{[]string{"report", "-o", "-out", "-format=html", "x"}, []string{"report", "-o", "-out", "--format=html", "x"}},
		{[]string{"replay", "-times", "3", "x"}, []string{"replay", "--times", "3", "x"}},
		{[]string{"stress", "-handover", "-", "-nothing"}, []string{"stress", "--handover", "-", "-nothing"}},
		{[]string{"test", "-run", "X", "-count=1"}, []string{"test", "-run", "X", "-count=1"}},
		{[]string{"nothing", "-run"}, []string{"nothing", "-run"}},
		{nil, nil},
	} {
		require.Equal(t, c.want, goDashes(rootCommand(), c.given))
	}
}
