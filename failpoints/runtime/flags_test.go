package runtime

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheUsersFlagsAreMergedWithTheRuntimes(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, folder := range []string{"archive/tar", "runtime", "testdata", "vendor"} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, "src", folder), 0o755))
	}
	b := Build{
		Package: "./a", Output: "a.test", Race: true, Unraced: "driver/...", Flags: []string{"-gcflags=all=-N -l", "-tags=slow", "-mod=vendor", "-short", "-args=x"},
		Toolchain: Toolchain{Root: root, Flags: "-tags=fromenv -buildvcs=false '-gcflags=all=-l -B'"},
	}
	args, err := b.arguments("overlay.json")
	require.NoError(t, err)
	require.Equal(t, []string{
		"test", "-c", "-vet=off", "-pgo=off", "-o", "a.test", "-overlay=overlay.json", "-gcflags=all=-d=ssa/intrinsics/off", "-gcflags=archive/...=", "-gcflags=runtime/...=", "-gcflags=vendor/...=", "-gcflags=sync/atomic=-d=ssa/intrinsics/off",
		"-gcflags=all=-l -B -d=ssa/intrinsics/off", "-gcflags=all=-N -l -d=ssa/intrinsics/off", "-mod=vendor", "-race",
		"-gcflags=driver/...=-race=false", "-tags=netgo,osusergo,fromenv,slow", "./a",
	}, args, "atomic operations stay points, whatever the user's flags are; GOFLAGS' other flags the go command reads itself")
}

func TestFlagsThatCannotBeHadAreRefusedByName(t *testing.T) {
	t.Parallel()
	none, tool := 0, installed(t)
	for name, f := range goFlags {
		if f.use != refused {
			continue
		}
		none++
		require.NotEmpty(t, f.why, name)
		require.NotEmpty(t, f.remedy, name)
		_, err := Build{Toolchain: tool, Flags: []string{"-" + name + "=x"}}.arguments("overlay.json")
		var refusal *FlagError
		require.ErrorAs(t, err, &refusal, name)
		require.ErrorContains(t, err, "-"+name+" cannot be used with racewindow's runtime: ")
		require.ErrorContains(t, err, f.remedy)
		_, err = TestArguments("", []string{"-" + name + "=x"})
		require.ErrorAs(t, err, &refusal, "the test binary gets it neither")
		_, err = Build{Toolchain: Toolchain{Root: tool.Root, Flags: "-" + name + "=x"}}.arguments("overlay.json")
		if f.only != "" {
			require.NoError(t, err, "GOFLAGS are for go test, and %s does no harm there", name)
			_, err = Build{Toolchain: tool, Flags: []string{"-" + name + "=" + f.only}}.arguments("overlay.json")
			require.NoError(t, err, "%s=%s is what an exploration is like anyway", name, f.only)
			continue
		}
		require.ErrorAs(t, err, &refusal, "in GOFLAGS too")
		require.ErrorContains(t, err, "GOFLAGS has -"+name+", which cannot be used")
	}
	require.Greater(t, none, 40)
	_, err := Build{Toolchain: tool, Flags: []string{"-trimpath=false"}}.arguments("overlay.json")
	require.NoError(t, err)
	_, err = Build{Toolchain: tool, Flags: []string{"-update"}}.arguments("overlay.json")
	require.ErrorContains(t, err, "-update cannot be used with racewindow's runtime: go test has no such flag; flags of the test itself come after -args")
}

func TestTheTestBinaryGetsItsFlagsAndItsArguments(t *testing.T) {
	t.Parallel()
	args, err := TestArguments("-short -count=3 -v", []string{"-args=one", "-tags=slow", "-skip=TestSlow", "-args=-two=3", "-v"})
	require.NoError(t, err)
	require.Equal(t, []string{"-test.parallel=8", "-test.short=true", "-test.skip=^(Fuzz|Example)|TestSlow", "one", "-two=3"}, args)
}

func TestBuildFlagsAreThoseOfAnyBuild(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"-tags=slow", "-mod=vendor"}, BuildFlags([]string{"-tags=slow", "-short", "-mod=vendor", "-args=x"}))
}

func TestGOFLAGSIsSplitAsTheGoCommandDoes(t *testing.T) {
	t.Parallel()
	for text, words := range map[string][]string{
		"": nil, " -a  -b=c ": {"-a", "-b=c"}, `'-gcflags=all=-N -l' -v`: {"-gcflags=all=-N -l", "-v"}, `"-ldflags=-X 'a=b'"`: {"-ldflags=-X 'a=b'"}, "'-open": {"'-open"},
	} {
		require.Equal(t, words, splitQuoted(text), text)
	}
}

func TestArgumentsOfTheTestComeLast(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"-short", "-tags=x", "./a", "./b", "-args", "one", "-two"}, GoTest([]string{"-short", "-args=one", "-tags=x", "-args=-two"}, []string{"./a", "./b"}))
}

func TestATestThatTheUserSkipsIsNotMissed(t *testing.T) {
	t.Parallel()
	skip, err := Skipped("-skip=TestA", []string{"-skip=Slow$"})
	require.NoError(t, err)
	require.True(t, skip("TestSlow"))
	require.False(t, skip("TestA"), "of two flags the later one counts")
	skip, err = Skipped("", []string{"-skip=TestA/part"})
	require.NoError(t, err)
	require.False(t, skip("TestA"), "a part of it is skipped, and not the whole")
	_, err = Skipped("", []string{"-skip=("})
	require.ErrorContains(t, err, "-skip cannot be used with racewindow's runtime: error parsing regexp")
}

func TestSettingsOfGoflagsAreOverruledByFlags(t *testing.T) {
	t.Parallel()
	tool := Toolchain{Flags: "-tags=fromenv -mod=vendor '-gcflags=all=-l -B'"}
	require.Equal(t, []string{"-tags=fromenv"}, tool.SettingsOf([]string{"-short"}, "tags"))
	require.Empty(t, tool.SettingsOf([]string{"--tags=own"}, "tags"), "those of the command line count")
	require.Equal(t, []string{"-tags=fromenv", "-gcflags=all=-l -B"}, tool.SettingsOf(nil, "tags", "gcflags"))
}
