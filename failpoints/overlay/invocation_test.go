// Command lines, taken apart as the go command takes them apart.

package overlay

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInvocationsAreTakenApartAsByTheGoCommand(t *testing.T) {
	for _, c := range []struct{ verb, line, before, packages, after string }{
		{"test", "", "", "", ""},
		{"test", "-race ./...", "-race", "./...", ""},
		{"test", "-run X -count=1 ./a ./b -v -timeout 3s", "-run X -count=1", "./a ./b", "-v -timeout 3s"},
		{"test", "./a -v ./b", "", "./a", "-v ./b"},
		{"test", "-custom ./a", "-custom", "", "./a"},
		{"test", "./a -custom value", "", "./a", "-custom value"},
		{"test", "./a -args ./b -overlay=x", "", "./a", "-args ./b -overlay=x"},
		{"test", "-test.run X ./a", "-test.run X", "./a", ""},
		{"test", "-overlay x -C dir ./a", "", "./a", ""},
		{"test", "--race --tags=x ./a", "--race --tags=x", "./a", ""},
		{"build", "-o bin/ -ldflags -s ./a ./b", "-o bin/ -ldflags -s", "./a ./b", ""},
		{"build", "a.go b.go", "", "a.go b.go", ""},
		{"run", "-race ./cmd -overlay x", "-race", "./cmd", "-overlay x"},
		{"run", "a.go b.go c d.go", "", "a.go b.go", "c d.go"},
		{"run", "./cmd x.go", "", "./cmd", "x.go"},
		{"run", "-exec env ./cmd", "-exec env", "./cmd", ""},
	} {
		inv, err := parseInvocation(c.verb, strings.Fields(c.line))
		require.NoError(t, err, c.line)
		require.Equal(t, strings.Fields(c.before), append([]string{}, inv.before...), "%s %s: before", c.verb, c.line)
		require.Equal(t, strings.Fields(c.packages), append([]string{}, inv.packages...), "%s %s: packages", c.verb, c.line)
		require.Equal(t, strings.Fields(c.after), append([]string{}, inv.after...), "%s %s: after", c.verb, c.line)
	}
}

func TestInvocationsThatCannotBeInstrumentedAreRefused(t *testing.T) {
	for verb, line := range map[string]string{"run": "example.com/tool@latest", "vet": "./...", "test": "./... -timeout"} {
		_, err := parseInvocation(verb, strings.Fields(line))
		var asked *UsageError
		require.ErrorAs(t, err, &asked, "%s %s", verb, line)
	}
}

func TestFlagsOfTheEnvironmentCountWhereTheCommandLineSaysNothing(t *testing.T) {
	inv, err := parseInvocation("test", []string{"-tags=line"})
	require.NoError(t, err)
	inv.adopt(`-tags=environment -cover '-ldflags=-s -w' "-mod=mod"`)
	require.Equal(t, map[string]string{"tags": "line", "cover": "true", "ldflags": "-s -w", "mod": "mod"}, inv.flags)
	require.True(t, inv.covers())
}

func TestOwnFlagsAreTakenFromAmongThoseOfTheGoCommand(t *testing.T) {
	for _, c := range []struct {
		verb, line, include, args string
		strip                     bool
	}{
		{"test", "--include a -race --include=b,c ./...", "a b c", "-race ./...", false},
		{"build", "-o --strip --strip ./x", "", "-o --strip ./x", true},
		{"run", "-tags x --strip ./cmd --strip --include y", "", "-tags x ./cmd --strip --include y", true},
		{"test", "./a -args --strip", "", "./a -args --strip", false},
	} {
		got, help, err := Parse(c.verb, strings.Fields(c.line))
		require.NoError(t, err)
		require.False(t, help)
		require.Equal(t, Command{Verb: c.verb, Strip: c.strip, Include: got.Include, Args: strings.Fields(c.args)}, got, c.line)
		require.Equal(t, strings.Fields(c.include), append([]string{}, got.Include...))
	}
	got, _, err := Parse("run", strings.Fields("--plant a.patch -race --plant=b,c.patch ./x --plant d.patch"))
	require.NoError(t, err)
	require.Equal(t, []string{"a.patch", "b,c.patch"}, got.Plant)
	require.Equal(t, strings.Fields("-race ./x --plant d.patch"), got.Args)
	for _, bad := range []string{"--plant", "--plant=", "--plant -race", "--include", "--include=", "--include -race", "--strip=maybe"} {
		_, _, err := Parse("test", strings.Fields(bad))
		require.Error(t, err, bad)
	}
	_, help, err := Parse("test", []string{"-race", "--help"})
	require.NoError(t, err)
	require.True(t, help)
}
