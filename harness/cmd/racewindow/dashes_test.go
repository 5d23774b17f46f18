package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFlagsMayBeWrittenAsTheGoCommandWritesThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ given, want []string }{
		{[]string{"explore", "-run", "TestX", "-race", "./..."}, []string{"explore", "--run", "TestX", "--race", "./..."}},
		{[]string{"explore", "-json", "./..."}, []string{"explore", "--test2json", "./..."}},
		{[]string{"explore", "-run", "-json", "-json"}, []string{"explore", "--run", "-json", "--test2json"}},
		{[]string{"explore", "-json", "out.json"}, []string{"explore", "--json", "out.json"}},
		{[]string{"explore", "--json", "-"}, []string{"explore", "--json", "-"}},
		{[]string{"failpoints", "-json", "./x"}, []string{"failpoints", "--json", "./x"}},
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

func TestFlagsThatOnlyGoTestHasAreForItsBuild(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ given, want []string }{
		{[]string{"explore", "-tags", "slow,x", "-run", "-v", "./a"}, []string{"explore", "--build=-tags=slow,x", "--run", "-v", "./a"}},
		{[]string{"explore", "-v", "--short", "-trimpath", "./..."}, []string{"explore", "--build=-v", "--build=-short", "--build=-trimpath", "./..."}},
		{[]string{"explore", "--build", "-tags=x", "-count=1", "--", "-tags"}, []string{"explore", "--build", "-tags=x", "--build=-count=1", "--", "-tags"}},
		{[]string{"replay", "v1 test=TestX", ".", "-args", "-tags", "--"}, []string{"replay", "v1 test=TestX", ".", "--build=-args=-tags", "--build=-args=--"}},
		{[]string{"explore", "-gcflags=all=-N -l", "-tags"}, []string{"explore", "--build=-gcflags=all=-N -l", "--build=-tags"}},
		{[]string{"stress", "-tags", "x"}, []string{"stress", "-tags", "x"}},
		{[]string{"explore", "-nosuch", "-h", "-"}, []string{"explore", "-nosuch", "-h", "-"}},
	} {
		require.Equal(t, c.want, goDashes(rootCommand(), c.given))
	}
}
